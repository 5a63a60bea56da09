/**
 * What each kind of instrument is: how it measures, where its points lie, and what they show.
 */

import type { Instrument, KindName } from "../definition/instrument.ts"
import { averageForm, averageMeasure, showAverage } from "./average.ts"
import { counterMeasure, SumPoints, showSum, upDownMeasure } from "./counter.ts"
import { DistinctPoints, distinctMeasure, showDistinct } from "./distinct.ts"
import { exponentialMeasure } from "./exponential.ts"
import { ExponentialPoints } from "./exponentialPoints.ts"
import { showExponential } from "./exponentialView.ts"
import { FrequencyPoints, frequencyMeasure, showFrequency } from "./frequency.ts"
import { LastPoints, lastMeasure, levelForm, levelMeasure, showGauge } from "./gauge.ts"
import { HistogramPoints, histogramMeasure, showHistogram } from "./histogram.ts"
import type { Measure } from "./measure.ts"
import { minMaxForm, minMaxMeasure, showMinMax } from "./minMax.ts"
import { ObjectPoints } from "./objectPoints.ts"
import type { Form } from "./packing.ts"
import type { Points } from "./points.ts"
import { ratioForm, ratioMeasure, showRatio } from "./ratio.ts"
import type { WindowSettings } from "./slidingWindow.ts"
import { showSummary, summaryMeasure } from "./summary.ts"
import { SummaryPoints } from "./summaryPoints.ts"
import { showRate, showWindow, type WindowPoint, windowForm, windowMeasure } from "./window.ts"

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
  points: () => Points,
  { adds = true, frame = {} }: Partial<Pick<Kind, "adds" | "frame">> = {}
): Kind => ({ measure, points, show, adds, frame }) as Kind

/** `takesNumbers`: see {@link ObjectPoints}. */
const objects =
  <Point, Value>(measure: Measure<Point, Value>, form: Form<Point>, takesNumbers = true) =>
  (): Points =>
    new ObjectPoints(measure, form, takesNumbers)

/** By what its definition has to say. */
// biome-ignore lint/suspicious/noExplicitAny: each kind knows its own settings, which its constructor has checked.
const kinds: { readonly [K in KindName]: (settings: any, instrument: Instrument) => Kind } = {
  average: () => kind(averageMeasure, showAverage, objects(averageMeasure, averageForm)),
  counter: (_, { value }) => kind(counterMeasure, showSum, () => new SumPoints(0, value === undefined)),
  distinct: (settings) => kind(distinctMeasure(settings), showDistinct, () => new DistinctPoints(settings)),
  exponentialHistogram: (settings) =>
    kind(exponentialMeasure(settings), showExponential, () => new ExponentialPoints(settings)),
  frequency: ({ maxValues, maxLabelLength }) =>
    kind(
      frequencyMeasure(maxValues, maxLabelLength),
      showFrequency,
      () => new FrequencyPoints(maxValues, maxLabelLength)
    ),
  gauge: ({ mode }) =>
    mode === "add"
      ? kind(levelMeasure, showGauge, objects(levelMeasure, levelForm), { adds: false })
      : kind(lastMeasure, showGauge, () => new LastPoints(), { adds: false }),
  histogram: ({ boundaries }) =>
    kind(histogramMeasure(boundaries), showHistogram(boundaries.length + 1), () => new HistogramPoints(boundaries), {
      frame: { boundaries }
    }),
  minMax: () => kind(minMaxMeasure, showMinMax, objects(minMaxMeasure, minMaxForm)),
  rate: (settings) => windowKind(settings, showRate(settings)),
  ratio: () => kind(ratioMeasure, showRatio, objects(ratioMeasure, ratioForm, false)),
  summary: (settings) => kind(summaryMeasure(settings), showSummary(settings), () => new SummaryPoints(settings)),
  upDownCounter: () => kind(upDownMeasure, showSum, () => new SumPoints(-Number.MAX_VALUE, false)),
  window: (settings) => windowKind(settings, showWindow(settings))
}

const windowKind = (settings: WindowSettings, show: (point: WindowPoint | null, now: number) => object): Kind => {
  const measure = windowMeasure(settings)
  return kind(measure, show, objects(measure, windowForm))
}

const known = new WeakMap<Instrument, Kind>()

/** Made once for a definition. */
export const kindOf = (instrument: Instrument): Kind => {
  let made = known.get(instrument)
  if (made === undefined) {
    made = kinds[instrument.kind](instrument.settings, instrument)
    known.set(instrument, made)
  }
  return made
}
