/** The kinds of instruments: how each measures, stores its points, and shows them. */

import { oncePer } from "../../util/oncePer.ts"
import type { Instrument, KindName } from "../definition/instrument.ts"
import { AverageTable, averageMeasure, showAverage } from "./average.ts"
import { BlockPoints, type PointTable } from "./blockPoints.ts"
import { counterMeasure, SumPoints, showSum, upDownMeasure } from "./counter.ts"
import { distinctMeasure, showDistinct } from "./distinct.ts"
import { DistinctTable } from "./distinctTable.ts"
import { exponentialMeasure } from "./exponential.ts"
import { ExponentialTable } from "./exponentialTable.ts"
import { showExponential } from "./exponentialView.ts"
import { frequencyMeasure, showFrequency } from "./frequency.ts"
import { FrequencyTable } from "./frequencyTable.ts"
import { LastPoints, LevelTable, lastMeasure, levelMeasure, showGauge } from "./gauge.ts"
import { HistogramPoints, histogramMeasure, showHistogram } from "./histogram.ts"
import type { Measure } from "./measure.ts"
import { MinMaxTable, minMaxMeasure, showMinMax } from "./minMax.ts"
import type { Points } from "./points.ts"
import { RatioTable, ratioMeasure, showRatio } from "./ratio.ts"
import { SlidingPoints, type SlidingTable } from "./slidingPoints.ts"
import { SlidingWindow, type WindowSettings } from "./slidingWindow.ts"
import { showSummary, summaryMeasure, windowOf } from "./summary.ts"
import { SummaryTable } from "./summaryTable.ts"
import { showRate, showWindow, type WindowPoint, windowMeasure } from "./window.ts"
import { WindowTable } from "./windowTable.ts"

export interface Kind<Point = unknown, Value = unknown> {
  readonly measure: Measure<Point, Value>
  /** The points of one fold, in place. */
  readonly points: () => Points
  /** What a point shows, or the absence of one. `now`: milliseconds since the Unix epoch. */
  readonly show: (point: Point | null, now: number) => object
  /** Whether adding up the points of several series is meaningful. */
  readonly adds: boolean
  /** What all points share is shown once. */
  readonly frame: object
}

const kind = <Point, Value>(
  measure: Measure<Point, Value>,
  show: (point: Point | null, now: number) => object,
  points: () => Points,
  { adds = true, frame = {} }: Partial<Pick<Kind, "adds" | "frame">> = {}
): Kind => ({ measure, points, show, adds, frame }) as Kind

/** Series in blocks. `Table`: made with what is given behind it. */
const numbers =
  <Point, Given extends ReadonlyArray<unknown>>(
    Table: new (...given: Given) => PointTable<Point, number>,
    ...given: Given
  ) =>
  (): Points =>
    new BlockPoints<Point, number>(() => new Table(...given), true)

/** The same of values that are not numbers. */
const others =
  <Point, Value, Given extends ReadonlyArray<unknown>>(
    Table: new (...given: Given) => PointTable<Point, Value>,
    ...given: Given
  ) =>
  (): Points =>
    new BlockPoints<Point, Value>(() => new Table(...given), false)

const sliding =
  <Point>(window: SlidingWindow, Table: new (window: SlidingWindow) => SlidingTable<Point>) =>
  (): Points =>
    new SlidingPoints(window, () => new Table(window))

/** By what its definition has to say. */
// biome-ignore lint/suspicious/noExplicitAny: each kind knows its own settings, which its constructor has checked.
const kinds: { readonly [K in KindName]: (settings: any, instrument: Instrument) => Kind } = {
  average: () => kind(averageMeasure, showAverage, numbers(AverageTable)),
  counter: (_, { value }) => kind(counterMeasure, showSum, () => new SumPoints(0, value === undefined)),
  distinct: (settings) => kind(distinctMeasure(settings), showDistinct, others(DistinctTable, settings)),
  exponentialHistogram: (settings) =>
    kind(exponentialMeasure(settings), showExponential, numbers(ExponentialTable, settings)),
  frequency: ({ maxValues, maxLabelLength }) =>
    kind(frequencyMeasure(maxValues, maxLabelLength), showFrequency, others(FrequencyTable, maxValues, maxLabelLength)),
  gauge: ({ mode }) =>
    mode === "add"
      ? kind(levelMeasure, showGauge, numbers(LevelTable), { adds: false })
      : kind(lastMeasure, showGauge, () => new LastPoints(), { adds: false }),
  histogram: ({ boundaries }) =>
    kind(histogramMeasure(boundaries), showHistogram(boundaries.length + 1), () => new HistogramPoints(boundaries), {
      frame: { boundaries }
    }),
  minMax: () => kind(minMaxMeasure, showMinMax, numbers(MinMaxTable)),
  rate: (settings) => windowKind(settings, showRate(settings)),
  ratio: () => kind(ratioMeasure, showRatio, others(RatioTable)),
  summary: (settings) =>
    kind(summaryMeasure(settings), showSummary(settings), sliding(windowOf(settings), SummaryTable)),
  upDownCounter: () => kind(upDownMeasure, showSum, () => new SumPoints(-Number.MAX_VALUE, false)),
  window: (settings) => windowKind(settings, showWindow(settings))
}

const windowKind = (settings: WindowSettings, show: (point: WindowPoint | null, now: number) => object): Kind =>
  kind(windowMeasure(settings), show, sliding(new SlidingWindow(settings), WindowTable))

/** Made once for a definition. */
export const kindOf = oncePer((instrument: Instrument): Kind => kinds[instrument.kind](instrument.settings, instrument))
