import { anyNumber, type Measure } from "./measure.ts"
import { aNumber, record } from "./packing.ts"

/**
 * The state of one series of a minimum and maximum.
 *
 * @category models
 * @since 0.2.0
 */
export interface MinMaxPoint {
  readonly min: number
  readonly max: number
  readonly count: number
}

/** 0 + value: -0 counts as 0, which is what JSON makes of it. There is no `minus`: what is gone may have been the least. */
export const minMaxMeasure: Measure<MinMaxPoint> = {
  accepts: anyNumber,
  first: (value) => ({ min: 0 + value, max: 0 + value, count: 1 }),
  next: ({ count, max, min }, value) => ({
    min: Math.min(min, 0 + value),
    max: Math.max(max, 0 + value),
    count: count + 1
  }),
  merge: (left, right) => ({
    min: Math.min(left.min, right.min),
    max: Math.max(left.max, right.max),
    count: left.count + right.count
  })
}

export const minMaxForm = record<MinMaxPoint>({ min: aNumber, max: aNumber, count: aNumber })

export const showMinMax = (point: MinMaxPoint | null) => point ?? { min: null, max: null, count: 0 }
