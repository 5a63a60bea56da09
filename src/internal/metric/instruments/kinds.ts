/**
 * What each kind of instrument is: how it measures, where its points lie, and what they show.
 */

import type { Instrument, KindName } from "../definition/instrument.ts"
import { averageMeasure, showAverage } from "./average.ts"
import { counterMeasure, SumPoints, upDownMeasure } from "./counter.ts"
import { DistinctPoints, distinctMeasure, showDistinct } from "./distinct.ts"
import { ExponentialPoints, exponentialMeasure, showExponential } from "./exponential.ts"
import { FrequencyPoints, frequencyMeasure, showFrequency } from "./frequency.ts"
import { LastPoints, lastMeasure, levelMeasure, showGauge } from "./gauge.ts"
import { HistogramPoints, histogramMeasure, showHistogram } from "./histogram.ts"
import type { Measure } from "./measure.ts"
import { minMaxMeasure, showMinMax } from "./minMax.ts"
import { ObjectPoints } from "./objectPoints.ts"
import type { Points } from "./points.ts"
import { ratioMeasure, showRatio } from "./ratio.ts"
import { SummaryPoints, showSummary, summaryMeasure } from "./summary.ts"
import { showRate, showWindow, windowMeasure } from "./window.ts"

export interface Kind<Point = unknown, Value = unknown> {
  readonly measure: Measure<Point, Value>
  /** The points of one fold, in place. */
  readonly points: () => Points
  /** What a point shows, or none at all. `now`: milliseconds since the Unix epoch. */
  readonly show: (point: Point | null, now: number) => object
  /** Whether the points of several series together mean something. */
  readonly adds: boolean
  /** What all points have in common is shown once. */
  readonly frame: object
}

const kind = <Point, Value>(
  measure: Measure<Point, Value>,
  show: (point: Point | null, now: number) => object,
  options: Partial<Omit<Kind, "measure" | "show">> & { readonly numbers?: boolean } = {}
): Kind => {
  const { adds = true, frame = {}, numbers = false, points = () => new ObjectPoints(measure, numbers) } = options
  return { measure, points, show, adds, frame } as Kind
}

/** By what its definition has to say. */
// biome-ignore lint/suspicious/noExplicitAny: each kind knows its own settings, which its constructor has checked.
const kinds: { readonly [K in KindName]: (settings: any) => Kind } = {
  average: () => kind(averageMeasure, showAverage, { numbers: true }),
  counter: () => kind(counterMeasure, showSum, { points: () => new SumPoints(0) }),
  distinct: (settings) => kind(distinctMeasure(settings), showDistinct, { points: () => new DistinctPoints(settings) }),
  exponentialHistogram: (settings) =>
    kind(exponentialMeasure(settings), showExponential, { points: () => new ExponentialPoints(settings) }),
  frequency: ({ maxValues, maxLabelLength }) =>
    kind(frequencyMeasure(maxValues, maxLabelLength), showFrequency, {
      points: () => new FrequencyPoints(maxValues, maxLabelLength)
    }),
  gauge: ({ mode }) =>
    mode === "add"
      ? kind(levelMeasure, showGauge, { numbers: true, adds: false })
      : kind(lastMeasure, showGauge, { points: () => new LastPoints(), adds: false }),
  histogram: ({ boundaries }) =>
    kind(histogramMeasure(boundaries), showHistogram(boundaries.length + 1), {
      points: () => new HistogramPoints(boundaries),
      frame: { boundaries }
    }),
  minMax: () => kind(minMaxMeasure, showMinMax, { numbers: true }),
  rate: (settings) => kind(windowMeasure(settings), showRate(settings), { numbers: true }),
  ratio: () => kind(ratioMeasure, showRatio),
  summary: (settings) =>
    kind(summaryMeasure(settings), showSummary(settings), { points: () => new SummaryPoints(settings) }),
  upDownCounter: () => kind(upDownMeasure, showSum, { points: () => new SumPoints(-Number.MAX_VALUE) }),
  window: (settings) => kind(windowMeasure(settings), showWindow(settings), { numbers: true })
}

const showSum = (point: unknown) => ({ value: (point ?? 0) as number })

const known = new WeakMap<Instrument, Kind>()

/** Made once for a definition. */
export const kindOf = (instrument: Instrument): Kind => {
  let made = known.get(instrument)
  if (made === undefined) {
    made = kinds[instrument.kind](instrument.settings)
    known.set(instrument, made)
  }
  return made
}
