/**
 * The series of an instrument as they were at one moment, for a reader that goes through them in steps while the fold
 * continues. Nothing is copied until they change.
 */
import type { Bygone, SeriesShown } from "../../metric/definition/bygone.ts"
import type * as Metric from "../../metric/definition/metric.ts"
import { kindOf } from "../../metric/instruments/kinds.ts"
import { labelsOf } from "../../metric/instruments/series.ts"
import { cutShown, isCut, StepSeries, viewSteps } from "../../metric/instruments/view.ts"
import { type ZeroSeries, zeroSeries } from "../../metric/instruments/zeroSeries.ts"
import { asItIs } from "../../util/copyPlain.ts"
import { allSteps, type Steps } from "../../util/steps.ts"
import type { Kernel } from "./kernel.ts"

/** A copy that may have several readers, and what to do when the last of them has released it. */
export class SharedCopy {
  readonly kernel: Kernel
  readonly #original: Kernel
  #readers = 0

  constructor(original: Kernel) {
    this.kernel = original.copy()
    this.#original = original
  }

  read(): Kernel {
    this.#readers++
    return this.kernel
  }

  release(): void {
    if (--this.#readers === 0) this.#original.points.releaseCopy?.()
  }
}

export class SeriesCut {
  #kernel: Kernel
  #copy: SharedCopy | undefined
  #isReleased = false
  readonly #onRelease: (cut: SeriesCut) => void

  constructor(kernel: Kernel, onRelease: (cut: SeriesCut) => void = () => {}) {
    this.#kernel = kernel
    this.#onRelease = onRelease
  }

  /** It may differ after each step: then it is the copy of the previous one. */
  get kernel(): Kernel {
    return this.#kernel
  }

  /** Called before the series change. `copies`: copies already made for other readers. They never change. */
  detach(copies = new Map<Kernel, SharedCopy>()): void {
    if (this.#copy !== undefined) return
    const copy = copies.get(this.#kernel) ?? new SharedCopy(this.#kernel)
    copies.set(this.#kernel, copy)
    this.#kernel = copy.read()
    this.#copy = copy
  }

  /** Another cut of the same moment. `cut`: makes one if the series have not changed since. */
  again(cut: (kernel: Kernel) => SeriesCut): SeriesCut {
    if (this.#copy === undefined) return cut(this.#kernel)
    const again = new SeriesCut(this.#copy.read())
    again.#copy = this.#copy
    return again
  }

  /** Releases the cut. It is not read any more. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#onRelease(this)
    this.#copy?.release()
  }
}

/** What exporters are shown of the series. It has no total, because exporters add up themselves. */
export interface ShownSeries extends SeriesShown {
  readonly rejected?: number
}

const frameOf = ({ kernel }: SeriesCut): object => kindOf(kernel.instrument).frame

/** In parts, each with some of the series. The last part contains everything special. */
export function* shownParts(
  cut: SeriesCut,
  metric: Metric.Any,
  now: number,
  which: "live" | "idle" = "live",
  own = asItIs
): Generator<ShownSeries, void> {
  /** The series known from the schema that have had no event. */
  const zeros = new Map(which === "live" ? zeroSeries(metric).map((each) => [each.key, each]) : [])
  const { instrument } = cut.kernel
  let series: Array<SeriesShown["series"][number]> = []
  let overflow: number | undefined
  let cutCount = 0
  for (const index of cut.kernel.indexes(now, which)) {
    const { kernel } = cut
    const key = kernel.key(index)
    if (isCut(instrument, key)) cutCount++
    if (zeros.size > 0) zeros.delete(key)
    const labels = labelsOf(instrument, key)
    if (labels === undefined) {
      overflow = index
      continue
    }
    if (series.push({ ...own(shownPoint(cut, index, now)), labels }) === StepSeries) {
      yield { ...frameOf(cut), series }
      series = []
    }
  }
  const besides = { overflow, zeros: zeros.values(), cut: cutCount }
  if (which === "live") yield lastPart(cut, now, besides, series, own)
  else {
    const ofOverflow = overflow !== undefined && { overflow: own(shownPoint(cut, overflow, now)) }
    yield { series, ...ofOverflow, ...cutShown(cutCount) }
  }
}

const shownPoint = ({ kernel }: SeriesCut, index: number, now: number): object => {
  const point = kernel.points.point(index)
  const life = kernel.lifeOf(index)
  return {
    ...kindOf(kernel.instrument).show(point, now),
    ...beside(point, kernel.exemplarsOf(index)),
    ...(life !== undefined && { life })
  }
}

/** What there is to show in addition to the series that have had events. */
export interface SeriesBesides {
  /** The index of the series for everything beyond the limit. */
  readonly overflow: number | undefined
  /** The series known from the schema that have had no event. */
  readonly zeros: Iterable<ZeroSeries>
  /** How many series have a label that was cut. */
  readonly cut: number
}

/** The last part of what is shown. `series`: some that have had events. */
export const lastPart = (
  cut: SeriesCut,
  now: number,
  { cut: cutCount, overflow, zeros }: SeriesBesides,
  series: ShownSeries["series"] = [],
  own = asItIs
): ShownSeries => {
  const { instrument, rejected } = cut.kernel
  const ofZero = kindOf(instrument).show(null, now)
  return {
    ...frameOf(cut),
    // Omitted if the limit was reached by labels that the schema does not have, because an event of such a series would
    // be counted beyond the limit.
    series:
      overflow !== undefined ? series : [...series, ...Array.from(zeros, ({ labels }) => own({ ...ofZero, labels }))],
    ...(overflow !== undefined && { overflow: own(shownPoint(cut, overflow, now)) }),
    ...cutShown(cutCount),
    ...(rejected > 0 && { rejected })
  }
}

/** All of it. `metric`: the metric of the series. */
export function* shownSeries(
  cut: SeriesCut,
  metric: Metric.Any,
  now: number,
  which: "live" | "idle" = "live",
  own = asItIs
): Steps<ShownSeries> {
  const series: Array<SeriesShown["series"][number]> = []
  let last: ShownSeries | undefined
  for (const part of shownParts(cut, metric, now, which, own)) {
    if (last !== undefined) yield
    for (const each of part.series) series.push(each)
    last = part
  }
  return { ...last, series }
}

/** `undefined` if series do not expire, or cannot be added up. */
export function* bygoneSeries(
  cut: SeriesCut,
  metric: Metric.Any,
  now: number,
  own: typeof asItIs
): Steps<Bygone | undefined> {
  if (!hasBygone(cut)) return undefined
  return { idle: yield* shownSeries(cut, metric, now, "idle", own), expired: own(expiredShown(cut, now)) }
}

/** Whether series expire and can be added up. */
export const hasBygone = ({ kernel: { instrument } }: SeriesCut): boolean =>
  kindOf(instrument).adds && instrument.expireAfter !== undefined

/** The series that have expired and were removed, as one series. */
export const expiredShown = ({ kernel: { expired, instrument } }: SeriesCut, now: number): object => ({
  ...kindOf(instrument).show(expired, now),
  ...beside(expired, undefined)
})

/** What its view shows. */
export const viewedSeries = (cut: SeriesCut, now: number, own = asItIs): Steps<object> => {
  const { expired, instrument, rejected } = cut.kernel
  const live = pointsOf(cut, () => cut.kernel.indexes(now, "live"))
  const idle = pointsOf(cut, () => cut.kernel.indexes(now, "idle"))
  return viewSteps(instrument, { live, idle: pointsAlone(idle), expired, rejected }, now, own)
}

/** The same immediately, because few series need not be kept as they are. */
export const viewedNow = (kernel: Kernel, now: number, own = asItIs): object => {
  const { expired, instrument, points, rejected } = kernel
  const live = kernel.indexes(now, "live").map((index) => [kernel.key(index), points.point(index)] as const)
  const idle = kernel.indexes(now, "idle").map((index) => points.point(index))
  return allSteps(viewSteps(instrument, { live, idle, expired, rejected }, now, own))
}

/** What its view shows of the series whose keys match. */
export function* viewedSome(
  cut: SeriesCut,
  now: number,
  fits: (key: string) => boolean,
  own: typeof asItIs
): Steps<object> {
  const indexes: Array<number> = []
  let count = 0
  for (const index of cut.kernel.indexes(now, "live")) {
    if (++count % StepSeries === 0) yield
    if (fits(cut.kernel.key(index))) indexes.push(index)
  }
  const live = pointsOf(cut, () => indexes)
  return yield* viewSteps(cut.kernel.instrument, { live, idle: [], expired: null, rejected: 0 }, now, own)
}

function* pointsOf(
  cut: SeriesCut,
  indexes: () => Iterable<number>
): Generator<readonly [key: string, point: unknown], void> {
  for (const index of indexes()) yield [cut.kernel.key(index), cut.kernel.points.point(index)]
}

function* pointsAlone(all: Iterable<readonly [key: string, point: unknown]>): Generator<unknown, void> {
  for (const [, point] of all) yield point
}

/** What exporters need of a point in addition to what it shows. */
const beside = (point: unknown, exemplars: unknown): object => {
  const { negatives, sum = point } = (point ?? {}) as { readonly negatives?: number; readonly sum?: unknown }
  return {
    ...(exemplars !== undefined && { exemplars }),
    ...(negatives !== undefined && { sumFalls: true }),
    ...((typeof sum === "string" || Array.isArray(sum)) && { exact: sum })
  }
}

/** The same for an instrument without labels. */
export const besideSole = (kernel: Kernel, now: number): object => {
  const [sole] = kernel.indexes(now, "live")
  return sole === undefined ? {} : beside(kernel.points.point(sole), kernel.exemplarsOf(sole))
}
