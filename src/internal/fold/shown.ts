import type { Duplicates } from "../formats/duplicates.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Quarantine } from "../metric/definition/snapshot.ts"
import type { SeriesCut } from "./kernels/seriesCut.ts"
import type { SeriesTexts } from "./seriesTexts.ts"

/** What a metric shows at a moment, for a reader that does not keep it. */
export interface Shown {
  readonly metric: Metric.Any
  /** For a metric without labels. `undefined` if it cannot be viewed. */
  readonly dimensions: unknown
  /** For a metric with labels, until the reader releases it. For any built-in metric if recorders are added up. */
  readonly series: SeriesCut | undefined
  readonly texts: SeriesTexts
  /** What its recorder does not show any more, if recorders are added up. */
  readonly earlier?: SeriesCut | undefined
  /** What is added up for a metric without series that can be viewed. */
  readonly state: { readonly of: unknown } | undefined
  /** Whether another definition has its name now. */
  readonly isFormer: boolean
  readonly epoch: number
  readonly createdAt: number
  readonly isContinued: boolean
  readonly quarantine: Quarantine | undefined
  readonly duplicates: Duplicates
}

/** Releases all series that the reader holds. */
export const releaseAll = (all: ReadonlyArray<Shown>): void => {
  for (const { earlier, series } of all) {
    series?.release()
    earlier?.release()
  }
}
