/**
 * Renders the series of the usual instruments as text, directly from their numbers and labels. The result equals that
 * of {@link ./renderScrape.ts} for the same series, at a tenth of the cost.
 */
import { emptyData, namesOf } from "../formats/fromMetric.ts"
import type { Source } from "../formats/prometheus/families.ts"
import type { HistogramLine } from "../formats/prometheus/histogramLines.ts"
import type { LabelBytes, SeriesLines } from "../formats/prometheus/seriesLines.ts"
import type { SeriesExposition } from "../formats/prometheus/text.ts"
import { SumPoints } from "../metric/instruments/counter.ts"
import { LastPoints } from "../metric/instruments/gauge.ts"
import { HistogramPoints } from "../metric/instruments/histogram.ts"
import type { Points } from "../metric/instruments/points.ts"
import type { Steps } from "../util/steps.ts"
import { lastPart, type SeriesCut, type ShownSeries } from "./kernels/seriesCut.ts"
import type { Shown } from "./shown.ts"

/** The number of series rendered in one step. */
const StepSeries = 256

/** Returns the series that remain to be rendered, or `undefined` if all of them do. */
export function* renderSeries(
  exposition: SeriesExposition,
  { metric, texts: known }: Pick<Shown, "metric" | "texts">,
  cut: SeriesCut,
  source: Source,
  now: number
): Steps<ShownSeries | undefined> {
  const { instrument, points, size } = cut.kernel
  const isHistogram = points instanceof HistogramPoints
  if (!isHistogram && !(points instanceof SumPoints || points instanceof LastPoints)) return undefined
  if (instrument.expireAfter !== undefined || instrument.settings.exemplar !== undefined) return undefined
  if (size === 0) return undefined
  const [data] = emptyData(metric)
  const lines = exposition.linesFor(data!, source, isHistogram ? ["le"] : [])
  if (lines === undefined) return undefined
  const names = namesOf(instrument)
  const openings = instrument.labels.map(([label]) => lines.opening(names.get(label) ?? label))
  const texts = known.of(metric, openings)
  while (texts.size < size) {
    texts.add(cut.kernel.key(texts.size))
    if (texts.size % StepSeries === 0) yield
  }
  if (!texts.areApart) return undefined
  const besides = texts.besides(size)
  for (let from = 0; from < size; from += StepSeries) {
    yield
    renderSome(lines, texts, cut.kernel.points, from, Math.min(size, from + StepSeries), besides.overflow)
  }
  return lastPart(cut, now, besides)
}

/** Separate from the steps, because a function that is called often is compiled early. */
const renderSome = (
  lines: SeriesLines,
  texts: LabelBytes,
  points: Points,
  from: number,
  to: number,
  without: number | undefined
): void => {
  if (points instanceof HistogramPoints) {
    for (let i = from; i < to; i++) if (i !== without) lines.histogram(texts, i, histogramLine(points, i))
  } else if (points instanceof SumPoints) {
    for (let i = from; i < to; i++) if (i !== without) lines.value(texts, i, points.rounded(i))
  } else {
    for (let i = from; i < to; i++) if (i !== without) lines.value(texts, i, points.a[i]!)
  }
}

const histogramLine = (points: HistogramPoints, index: number): HistogramLine => {
  const { boundaries } = points
  const counts = points.counts(index)
  let count = 0
  for (let i = 0; i < counts.length; i++) count += counts[i]!
  const sumFalls = points.min(index) < 0 || boundaries[0]! < 0
  return { boundaries, count, counts, sum: points.rounded(index), sumFalls }
}
