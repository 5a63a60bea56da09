/**
 * Streams as in OpenTelemetry: each series since it began to count, or what was added since the last export. The last
 * export is a base, which is read, and written again for the next one.
 */
import type { Temporality } from "../../model/otlp.ts"
import type { Steps } from "../../util/steps.ts"
import type { DataOrigin, Dated } from "../datedData.ts"
import { type Attributes, type HistogramDataPoint, type Life, type MetricData, shapeKey } from "../metricData.ts"
import { Bases, type Exported, type Section } from "./baseReader.ts"
import { type Allocate, type Base, BaseWriter, ownMemory, type SectionHead, type SectionWriter } from "./baseWriter.ts"
import { type Adding, addingOf, amountOf, hasFallen, minus } from "./differences.ts"
import { type Interval, type Nanos, nanosOf, type Streamed } from "./streamed.ts"

/** The origin of data, and the time of its last read, if that is not the time of the export. */
export type Origin = DataOrigin & { readonly until?: Nanos }

export type Timed = Dated & Origin

type Point = { readonly attributes: Attributes; readonly life?: Life | undefined }

export interface StreamOptions {
  readonly temporality: Temporality
  /** When the exporter started. */
  readonly begun: Nanos
  readonly now: Nanos
  /** The last exports. If a series is in several, the first one counts. */
  readonly bases: ReadonlyArray<Base>
  /**
   * Whether everything continued counts as exported before if nothing is known of it. Otherwise it is not exported yet.
   */
  readonly adopts?: boolean
  /** Takes some points of a metric. */
  readonly take: (metric: Streamed) => void
}

/** The number of points processed in one step. */
export const StepPoints = 128

/** One export. */
export class Streams {
  readonly #options: StreamOptions
  readonly #exported = new Bases()
  readonly #base = new BaseWriter()

  constructor(options: StreamOptions) {
    this.#options = options
  }

  /** Must run before the first metric is exported. */
  readBases(): Steps<void> {
    return this.#exported.read(this.#options.bases)
  }

  /** Starts the data of a metric, of which some points are known. `undefined`: it is not exported. */
  begin(data: MetricData, origin: Origin): Stream | undefined {
    const { isContinued } = origin
    const { key, metric } = sectionKeys(data, origin)
    const section = this.#exported.section(key)
    const adding = addingOf(data)
    const isDelta = this.#options.temporality === "delta" && adding !== undefined
    const isAdopted = isDelta && isContinued === true && section === undefined
    if (isAdopted && this.#options.adopts !== true) return undefined
    if (section !== undefined) section.isTold = true
    const [{ boundaries = [] } = {}] = data.points as ReadonlyArray<Partial<HistogramDataPoint>>
    const writer = this.#base.section({ key, metric, owner: origin.owner, adding, boundaries })
    const last = section === undefined ? this.#exported.endOf(metric) : section.end
    const until = origin.until ?? this.#options.now
    return new Stream(
      { ...this.#options, adding, data, isAdopted, isDelta, last, origin, section, until, writer },
      () => this.#exported.ended(metric, until)
    )
  }

  /** All data of a metric. */
  *tell(timed: Timed): Steps<void> {
    const { bygone, data } = timed
    const stream = this.begin(data, timed)
    if (stream === undefined) return
    yield* stream.add(data.points)
    if (bygone !== undefined) {
      yield* stream.addIdle(bygone.idle.points)
      yield* stream.addExpired(bygone.expired.points)
    }
    stream.end()
  }

  /**
   * What to remember once all of it has arrived. `unread`: recorders that are not part of this export, so that their
   * last export is still valid.
   */
  *finish(unread: ReadonlySet<number>, allocate: Allocate = ownMemory): Steps<Base> {
    let looked = 0
    for (const { bytes, isTold, owner } of unread.size === 0 ? [] : this.#exported.sections()) {
      if (owner !== undefined && unread.has(owner) && !isTold) this.#base.copy(bytes)
      if (++looked % StepPoints === 0) yield
    }
    return yield* this.#base.finish(allocate)
  }
}

interface StreamParts extends StreamOptions {
  readonly data: MetricData
  readonly origin: Origin
  readonly section: Section | undefined
  /** When the last export of the metric ended. */
  readonly last: Nanos | undefined
  readonly adding: Adding | undefined
  readonly isDelta: boolean
  /** Whether all of it was exported before. */
  readonly isAdopted: boolean
  readonly until: Nanos
  readonly writer: SectionWriter
}

const encoder = new TextEncoder()

/** The key of a metric, and that of one life of it. */
export const sectionKeys = (
  data: MetricData,
  { life, since, subject }: Origin
): Pick<SectionHead, "key" | "metric"> => {
  const metric = JSON.stringify([shapeKey(data), subject])
  return { metric, key: JSON.stringify([metric, life ?? since]) }
}

/** Data of one life of a metric. */
export class Stream {
  readonly #parts: StreamParts
  readonly #onEnd: () => void
  /** The last exports of series that have started again since. */
  readonly #over: Array<Exported> = []

  constructor(parts: StreamParts, onEnd: () => void) {
    this.#parts = parts
    this.#onEnd = onEnd
  }

  /** Adds some of its points. */
  *add(points: MetricData["points"], isShown = true): Steps<void> {
    const { isAdopted, isDelta, section, writer } = this.#parts
    for (let from = 0; from < points.length; from += StepPoints) {
      const told: Array<Interval<Point>> = []
      const entries: Array<() => void> = []
      for (const point of points.slice(from, from + StepPoints)) {
        const key = pointKey(point)
        const known = section && (yield* section.take(key))
        const { interval, start } = this.#intervalOf(point, known)
        if (!isDelta || (!isAdopted && amountOf(interval.point) > 0)) told.push(interval)
        entries.push(() => writer.add(key, { life: point.life?.number, start }, point))
      }
      if (isShown) this.#take(told)
      for (const write of entries) write()
      yield
    }
  }

  /** Adds series that are no longer shown, for what remains to be exported of them. */
  addIdle(points: MetricData["points"]): Steps<void> {
    return this.add(points, this.#parts.isDelta)
  }

  /** Adds what series counted after the last export and before they were removed. */
  *addExpired(points: MetricData["points"]): Steps<void> {
    const { adding, isAdopted, isDelta, last, origin, section, until, writer } = this.#parts
    if (!isDelta) return
    for (const point of points) {
      const key = pointKey(point)
      const known = section && (yield* section.take(key))
      const begin = known === undefined ? later(nanosOf(origin.since ?? 0), last) : section!.end
      const start = earlier(begin, until)
      let left: Point = point
      let looked = 0
      for (const each of this.#gone(known)) {
        left = minus(adding!, left, each.point!)
        if (++looked % StepPoints === 0) yield
      }
      const interval = { start, end: until, point: left, hasExtremes: false }
      if (!isAdopted && amountOf(left) > 0) this.#take([interval])
      writer.add(key, { life: undefined, start }, point)
    }
  }

  end(): void {
    this.#parts.writer.end(this.#parts.until)
    this.#onEnd()
  }

  /** The last exports of series that have not continued. */
  *#gone(known: Exported | undefined): Generator<Exported, void> {
    if (known !== undefined) yield known
    yield* this.#over
    yield* this.#parts.section?.left() ?? []
  }

  #intervalOf(point: Point, known: Exported | undefined): { interval: Interval<Point>; start: Nanos } {
    const { adding, begun, isDelta, last, origin, section, until: end } = this.#parts
    const goesOn =
      known !== undefined &&
      known.life === point.life?.number &&
      (adding === undefined || !hasFallen(adding, point, known.point!))
    if (known !== undefined && !goesOn) this.#over.push(known)
    // Nothing was exported of a series that is new in a life, whatever was exported of the life.
    const lastOfIt = known === undefined && section !== undefined ? undefined : last
    // The time of an event may be that of the beginning of its turn, before its metric was registered.
    const since = point.life === undefined ? origin.since : Math.max(point.life.since, origin.since ?? 0)
    const begin = since === undefined ? (lastOfIt ?? begun) : nanosOf(since)
    // Clocks may be set back, but intervals must not overlap.
    const start = earlier(goesOn ? known.start : later(begin, lastOfIt), end)
    const interval =
      isDelta && goesOn
        ? { start: earlier(section!.end, end), end, point: minus(adding!, point, known.point!), hasExtremes: false }
        : { start, end, point, hasExtremes: true }
    return { interval, start }
  }

  #take(points: ReadonlyArray<Interval<Point>>): void {
    const { data, isDelta, take } = this.#parts
    take({ ...data, isDelta, points } as unknown as Streamed)
  }
}

/** The key of a series among those of a metric. */
export const pointKey = ({ attributes }: Point): Uint8Array =>
  encoder.encode(JSON.stringify(Object.entries(attributes).sort(byName)))

const earlier = (left: Nanos, right: Nanos): Nanos => (left < right ? left : right)

const later = (left: Nanos, right: Nanos | undefined): Nanos => (right === undefined || left > right ? left : right)

const byName = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : left > right ? 1 : 0
