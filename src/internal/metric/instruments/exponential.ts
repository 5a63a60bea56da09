/**
 * Exponential histograms: buckets whose width grows with the values, as fine as their maximum number allows. The scale
 * depends only on the set of values, not on their order, so parts can be merged without loss.
 */

import { type ExactSum, less, plus } from "./exactSum.ts"
import {
  type Buckets,
  type BucketsDraft,
  coarser,
  copyOfBuckets,
  count,
  difference,
  noBuckets,
  shiftForBucket,
  shiftTogether,
  together
} from "./exponentialBuckets.ts"
import { bucketOf, middleOf } from "./exponentialScale.ts"
import { anyNumber, type Measure } from "./measure.ts"

export type { Buckets }

/**
 * `negative` has the values below 0 by their magnitude, at the same scale.
 *
 * @category models
 * @since 0.2.0
 */
export interface ExponentialPoint {
  readonly count: number
  readonly sum: ExactSum
  readonly min: number
  readonly max: number
  readonly scale: number
  readonly zeroCount: number
  readonly positive: Buckets
  readonly negative: Buckets
}

export interface ExponentialSettings {
  /** The maximum number of buckets for positive values, and for negative values; at least two. Default: 160. */
  readonly maxSize?: number
  /**
   * The finest scale, up to 20, which is the default. It is reduced as far as `maxSize` requires, down to -10, or to
   * -11 if two buckets must hold both subnormal values and values above 1.
   */
  readonly maxScale?: number
}

export const DefaultMaxSize = 160
export const DefaultMaxScale = 20

/** A point under construction. */
interface ExponentialDraft {
  count: number
  sum: ExactSum
  min: number
  max: number
  scale: number
  zeroCount: number
  positive: BucketsDraft
  negative: BucketsDraft
}

export const newDraft = ({ maxScale = DefaultMaxScale }: ExponentialSettings): ExponentialDraft => ({
  count: 0,
  sum: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
  scale: maxScale,
  zeroCount: 0,
  positive: copyOfBuckets(noBuckets),
  negative: copyOfBuckets(noBuckets)
})

const draftOf = (point: ExponentialPoint): ExponentialDraft => ({
  ...point,
  positive: copyOfBuckets(point.positive),
  negative: copyOfBuckets(point.negative)
})

/** Adds a value to a draft, at the finest scale that has room for it. */
const take = (draft: ExponentialDraft, of: number, maxSize: number = DefaultMaxSize): void => {
  const value = 0 + of // 0 and -0 are the same.
  draft.count++
  draft.sum = plus(draft.sum, value)
  if (value < draft.min) draft.min = value
  if (value > draft.max) draft.max = value
  if (value === 0) {
    draft.zeroCount++
    return
  }
  const side = value > 0 ? "positive" : "negative"
  const bucket = bucketOf(Math.abs(value), draft.scale)
  const shift = shiftForBucket(draft[side], bucket, maxSize)
  if (shift > 0) {
    draft.scale -= shift
    draft.positive = coarser(draft.positive, shift)
    draft.negative = coarser(draft.negative, shift)
  }
  count(draft[side], bucket >> shift)
}

// --- pure

export const exponentialMeasure = (settings: ExponentialSettings): Measure<ExponentialPoint> => ({
  accepts: anyNumber,
  first: (value) => {
    const draft = newDraft(settings)
    take(draft, value, settings.maxSize)
    return draft
  },
  next: (point, value) => {
    const draft = draftOf(point)
    take(draft, value, settings.maxSize)
    return draft
  },
  merge: (left, right) => mergePoints(left, right, settings.maxSize),
  minus: (later, earlier) => {
    const rest = minusPoints(later, earlier)
    if (rest.count === 0) return rest
    // An extreme that has changed is one of the values since then. Otherwise theirs are estimated, within those of all.
    return {
      ...rest,
      min: later.min < earlier.min ? later.min : estimate(rest, 0),
      max: later.max > earlier.max ? later.max : estimate(rest, rest.count - 1)
    }
  }
})

/** Estimates the value of this rank, from 0 on, within the extremes and with the error {@link relativeError}. */
export const estimate = (point: ExponentialPoint, rank: number): number =>
  0 + Math.min(point.max, Math.max(point.min, middleAt(point, rank)))

const middleAt = ({ negative, positive, scale, zeroCount }: ExponentialPoint, rank: number): number => {
  let rest = rank
  for (let i = negative.counts.length - 1; i >= 0; i--) {
    rest -= negative.counts[i]!
    if (rest < 0) return -middleOf(negative.offset + i, scale)
  }
  rest -= zeroCount
  if (rest < 0) return 0
  const i = positive.counts.findIndex((count) => {
    rest -= count
    return rest < 0
  })
  return middleOf(positive.offset + i, scale)
}

/** The minimum and maximum since then are unknown. Those of all values remain, if the points have them. */
export const minusPoints = <P extends Omit<ExponentialPoint, "min" | "max">>(later: P, earlier: P): P => {
  const shift = earlier.scale - later.scale
  return {
    ...later,
    count: later.count - earlier.count,
    sum: less(later.sum, earlier.sum),
    zeroCount: later.zeroCount - earlier.zeroCount,
    positive: difference(later.positive, coarser(earlier.positive, shift)),
    negative: difference(later.negative, coarser(earlier.negative, shift))
  }
}

/** At the finest scale that has room for both. */
export const mergePoints = (
  left: ExponentialPoint,
  right: ExponentialPoint,
  maxSize: number = DefaultMaxSize
): ExponentialPoint => {
  const [a, b] = [atScale(left, right.scale), atScale(right, left.scale)]
  const shift = Math.max(shiftTogether(a.positive, b.positive, maxSize), shiftTogether(a.negative, b.negative, maxSize))
  const scale = a.scale - shift
  const [c, d] = [atScale(a, scale), atScale(b, scale)]
  return {
    count: left.count + right.count,
    sum: plus(left.sum, right.sum),
    min: Math.min(left.min, right.min),
    max: Math.max(left.max, right.max),
    scale,
    zeroCount: left.zeroCount + right.zeroCount,
    positive: together(c.positive, d.positive),
    negative: together(c.negative, d.negative)
  }
}

/** No finer than `scale`. */
const atScale = (point: ExponentialPoint, scale: number): ExponentialPoint =>
  point.scale <= scale
    ? point
    : {
        ...point,
        scale,
        positive: coarser(point.positive, point.scale - scale),
        negative: coarser(point.negative, point.scale - scale)
      }
