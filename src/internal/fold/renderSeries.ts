/**
 * The series of the usual instruments as text, from their numbers and labels as they lie there. What it gives is what
 * {@link ./renderScrape.ts} gives of the same series, at a tenth of the cost.
 */
import { emptyData, namesOf } from "../formats/fromMetric.ts"
import type { Source } from "../formats/prometheus/families.ts"
import type { SeriesExposition } from "../formats/prometheus/text.ts"
import { SumPoints } from "../metric/instruments/counter.ts"
import { LastPoints } from "../metric/instruments/gauge.ts"
import { HistogramPoints } from "../metric/instruments/histogram.ts"
import { OverflowKey } from "../metric/instruments/series.ts"
import { zeroSeries } from "../metric/instruments/zeroSeries.ts"
import type { Steps } from "../util/steps.ts"
import type { SeriesCut } from "./kernels/seriesCut.ts"
import type { Shown } from "./viewedMetric.ts"

/** Series that are rendered in one step. */
const StepSeries = 256

/** Whether it has rendered the series: all but what is beyond the limit, and those without events. */
export function* renderSeries(
  exposition: SeriesExposition,
  { metric, texts: known }: Pick<Shown, "metric" | "texts">,
  cut: SeriesCut,
  source: Source,
  now: number
): Steps<boolean> {
  const { instrument, points } = cut.kernel
  const isHistogram = points instanceof HistogramPoints
  if (!isHistogram && !(points instanceof SumPoints || points instanceof LastPoints)) return false
  if (instrument.expireAfter !== undefined || instrument.settings.exemplar !== undefined) return false
  const indexes = cut.kernel.indexes(now, "live")
  if (indexes.length === 0) return false
  const [data] = emptyData(metric)
  const section = exposition.sectionFor(data!, source, isHistogram ? ["le"] : [])
  if (section === undefined) return false
  const names = namesOf(instrument)
  const texts = known.of(instrument.labels.map(([label]) => section.opening(names.get(label) ?? label)))
  let overflow = -1
  for (let i = 0; i < indexes.length; i++) {
    if (i % StepSeries === 0) yield
    const key = cut.kernel.key(indexes[i]!)
    if (key === OverflowKey) overflow = indexes[i]!
    else texts.look(indexes[i]!, key)
  }
  for (const { key } of zeroSeries(metric)) texts.beside(key)
  if (!texts.areApart) return false

  for (let from = 0; from < indexes.length; from += StepSeries) {
    const to = Math.min(indexes.length, from + StepSeries)
    const { a, b } = cut.kernel.points
    if (isHistogram) {
      const { boundaries } = points
      for (let i = from; i < to; i++) {
        const index = indexes[i]!
        if (index === overflow) continue
        const at = index * (boundaries.length + 1)
        const sumFalls = b[index * 3 + 1]! < 0 || boundaries[0]! < 0
        section.histogram(
          texts.text(index),
          boundaries,
          a.subarray(at, at + boundaries.length + 1),
          b[index * 3]!,
          sumFalls
        )
      }
    } else {
      for (let i = from; i < to; i++) {
        const index = indexes[i]!
        if (index !== overflow) section.value(texts.text(index), a[index]!)
      }
    }
    section.end()
    yield
  }
  return true
}
