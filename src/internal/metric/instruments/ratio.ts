import type { Measure } from "./measure.ts"
import { aNumber, record } from "./packing.ts"

/**
 * How often something was asked, and how often the answer was yes.
 *
 * @category models
 * @since 0.2.0
 */
export interface RatioPoint {
  readonly hits: number
  readonly total: number
}

export const ratioMeasure: Measure<RatioPoint, boolean> = {
  accepts: (value) => typeof value === "boolean",
  first: (hit) => ({ hits: hit ? 1 : 0, total: 1 }),
  next: ({ hits, total }, hit) => ({ hits: hits + (hit ? 1 : 0), total: total + 1 }),
  merge: (left, right) => ({ hits: left.hits + right.hits, total: left.total + right.total }),
  minus: (later, earlier) => ({ hits: later.hits - earlier.hits, total: later.total - earlier.total })
}

export const ratioForm = record<RatioPoint>({ hits: aNumber, total: aNumber })

export const showRatio = (point: RatioPoint | null) => {
  const { hits, total } = point ?? { hits: 0, total: 0 }
  return { ratio: total === 0 ? null : hits / total, hits, total }
}
