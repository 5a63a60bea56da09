/**
 * The series of an instrument as they were at a moment, for one who reads them in steps while the fold goes on. Nothing is
 * copied until they change.
 */
import type { Bygone, SeriesShown } from "../../metric/definition/bygone.ts"
import type * as Metric from "../../metric/definition/metric.ts"
import { kindOf } from "../../metric/instruments/kinds.ts"
import { labelsOf, OverflowKey } from "../../metric/instruments/series.ts"
import { CutSeries, StepSeries, viewSteps } from "../../metric/instruments/view.ts"
import { zeroSeries } from "../../metric/instruments/zeroSeries.ts"
import { asItIs } from "../../util/copyPlain.ts"
import type { Steps } from "../../util/steps.ts"
import type { Kernel } from "./kernel.ts"

export class SeriesCut {
  #kernel: Kernel
  #isShared = true
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
  detach(copies = new Map<Kernel, Kernel>()): void {
    if (!this.#isShared) return
    const copy = copies.get(this.#kernel) ?? this.#kernel.copy()
    copies.set(this.#kernel, copy)
    this.#kernel = copy
    this.#isShared = false
  }

  /** Nobody reads it any more. */
  release(): void {
    this.#onRelease(this)
  }
}

/** What exporters are shown of the series, who add up themselves: not what they come to together. */
export interface ShownSeries extends SeriesShown {
  readonly rejected?: number
}

/** Series that are passed in one step. */
const StepPassed = 4096

const frameOf = ({ kernel }: SeriesCut): object => kindOf(kernel.instrument).frame

/**
 * In parts, each with some of the series. "rest": without those that have had events. What is remarkable is in the last one.
 */
export function* shownParts(
  cut: SeriesCut,
  metric: Metric.Any,
  now: number,
  which: "live" | "idle" | "rest" = "live",
  own = asItIs
): Generator<ShownSeries, void> {
  /** Of those that the schema knows, those that are not there. */
  const zeros = new Map(which !== "idle" ? zeroSeries(metric).map(({ key, labels }) => [key, labels]) : [])
  const { instrument } = cut.kernel
  const { show } = kindOf(instrument)
  const cutSeries = new CutSeries(instrument)
  let series: Array<SeriesShown["series"][number]> = []
  let overflow: object | undefined
  let passed = 0
  for (const index of cut.kernel.indexes(now, which === "idle" ? "idle" : "live")) {
    const { kernel } = cut
    const key = kernel.key(index)
    cutSeries.look(key)
    if (zeros.size > 0) zeros.delete(key)
    if (which === "rest" && key !== OverflowKey) {
      if (++passed % StepPassed === 0) yield { ...frameOf(cut), series: [] }
      continue
    }
    const labels = labelsOf(instrument, key)
    const life = kernel.lifeOf(index)
    const point = kernel.points.point(index)
    const shown = own({
      ...show(point, now),
      ...beside(point, kernel.exemplarsOf(index)),
      ...(life !== undefined && { life })
    })
    if (labels === undefined) overflow = shown
    else if (series.push({ ...shown, labels }) === StepSeries) {
      yield { ...frameOf(cut), series }
      series = []
    }
  }
  const { rejected } = cut.kernel
  // An event of one would be counted beyond the limit, where it was reached by labels that the schema does not have.
  if (overflow === undefined) for (const labels of zeros.values()) series.push(own({ ...show(null, now), labels }))
  yield {
    ...(which !== "idle" && frameOf(cut)),
    series,
    ...(overflow !== undefined && { overflow }),
    ...cutSeries.shown,
    ...(which !== "idle" && rejected > 0 && { rejected })
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
  const { adds, show } = kindOf(cut.kernel.instrument)
  if (!adds || cut.kernel.instrument.expireAfter === undefined) return undefined
  const { expired } = cut.kernel
  return {
    idle: yield* shownSeries(cut, metric, now, "idle", own),
    expired: own({ ...show(expired, now), ...beside(expired, undefined) })
  }
}

/** What its view shows. */
export const viewedSeries = (cut: SeriesCut, now: number, own = asItIs): Steps<object> => {
  const { expired, instrument, rejected } = cut.kernel
  const live = pointsOf(cut, () => cut.kernel.indexes(now, "live"))
  const idle = pointsOf(cut, () => cut.kernel.indexes(now, "idle"))
  return viewSteps(instrument, { live, idle: pointsAlone(idle), expired, rejected }, now, own)
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
const beside = (point: unknown, exemplars: unknown): object => ({
  ...(exemplars !== undefined && { exemplars }),
  ...((point as { readonly negatives?: number } | null)?.negatives !== undefined && { sumFalls: true })
})

/** The same for an instrument without labels. */
export const besideSole = (kernel: Kernel, now: number): object => {
  const [sole] = kernel.indexes(now, "live")
  return sole === undefined ? {} : beside(kernel.points.point(sole), kernel.exemplarsOf(sole))
}
