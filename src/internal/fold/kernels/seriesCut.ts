/**
 * The series of an instrument as they were at a moment, for one who reads them in steps while the fold goes on. Nothing is
 * copied until they change.
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

/** A copy that several may read, and what lets go of it when the last of them has done so. */
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

  /** It may be another one after each step: the copy of the one before. */
  get kernel(): Kernel {
    return this.#kernel
  }

  /** The series are about to change. `copies`: those that were made for others who read them, which nobody changes. */
  detach(copies = new Map<Kernel, SharedCopy>()): void {
    if (this.#copy !== undefined) return
    const copy = copies.get(this.#kernel) ?? new SharedCopy(this.#kernel)
    copies.set(this.#kernel, copy)
    this.#kernel = copy.read()
    this.#copy = copy
  }

  /** Another one of the same moment. `cut`: makes one of series that have not changed since. */
  again(cut: (kernel: Kernel) => SeriesCut): SeriesCut {
    if (this.#copy === undefined) return cut(this.#kernel)
    const again = new SeriesCut(this.#copy.read())
    again.#copy = this.#copy
    return again
  }

  /** Nobody reads it any more. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#onRelease(this)
    this.#copy?.release()
  }
}

/** What exporters are shown of the series, who add up themselves: not what they come to together. */
export interface ShownSeries extends SeriesShown {
  readonly rejected?: number
}

const frameOf = ({ kernel }: SeriesCut): object => kindOf(kernel.instrument).frame

/** In parts, each with some of the series. What is remarkable is in the last one. */
export function* shownParts(
  cut: SeriesCut,
  metric: Metric.Any,
  now: number,
  which: "live" | "idle" = "live",
  own = asItIs
): Generator<ShownSeries, void> {
  /** Of those that the schema knows, those that are not there. */
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

/** What there is to tell beside the series that have had events. */
export interface SeriesBesides {
  /** The index of everything beyond the limit. */
  readonly overflow: number | undefined
  /** Of those that the schema knows, those that are not there. */
  readonly zeros: Iterable<ZeroSeries>
  /** How many have a label that was cut. */
  readonly cut: number
}

/** The last part of those that are shown. `series`: some that have had events. */
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
    // An event of one would be counted beyond the limit, where it was reached by labels that the schema does not have.
    series:
      overflow !== undefined ? series : [...series, ...Array.from(zeros, ({ labels }) => own({ ...ofZero, labels }))],
    ...(overflow !== undefined && { overflow: own(shownPoint(cut, overflow, now)) }),
    ...cutShown(cutCount),
    ...(rejected > 0 && { rejected })
  }
}

/** All of it. `metric`: that of the series. */
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

/** `undefined` where series do not expire, or do not add up. */
export function* bygoneSeries(
  cut: SeriesCut,
  metric: Metric.Any,
  now: number,
  own: typeof asItIs
): Steps<Bygone | undefined> {
  if (!hasBygone(cut)) return undefined
  return { idle: yield* shownSeries(cut, metric, now, "idle", own), expired: own(expiredShown(cut, now)) }
}

/** Whether series expire, and add up. */
export const hasBygone = ({ kernel: { instrument } }: SeriesCut): boolean =>
  kindOf(instrument).adds && instrument.expireAfter !== undefined

/** What has expired and is there no more, as one series. */
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

/** The same at once: nobody has to keep few series as they are now. */
export const viewedNow = (kernel: Kernel, now: number, own = asItIs): object => {
  const { expired, instrument, points, rejected } = kernel
  const live = kernel.indexes(now, "live").map((index) => [kernel.key(index), points.point(index)] as const)
  const idle = kernel.indexes(now, "idle").map((index) => points.point(index))
  return allSteps(viewSteps(instrument, { live, idle, expired, rejected }, now, own))
}

/** What its view shows of the series whose keys fit. */
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

/** What exporters need of a point beside what it shows. */
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
