/** Counts of consecutive buckets of an exponential histogram, pure and in place. */
/** `counts[i]` is the count of bucket `offset + i`. Neither the first nor the last is 0. */
export interface Buckets {
  readonly offset: number
  readonly counts: ReadonlyArray<number>
}

/** Buckets under construction. */
export interface BucketsDraft {
  offset: number
  counts: Array<number>
}

export const noBuckets: Buckets = { offset: 0, counts: [] }

export const copyOfBuckets = ({ counts, offset }: Buckets): BucketsDraft => ({ offset, counts: counts.slice() })

/** By how much the scale must be reduced for the buckets from `low` to `high` to fit `maxSize`. */
export const shiftToFit = (low: number, high: number, maxSize: number): number => {
  let shift = 0
  while ((high >> shift) - (low >> shift) >= maxSize) shift++
  return shift
}

const lastOf = ({ counts, offset }: Buckets): number => offset + counts.length - 1

/** By how much the scale must be reduced to make room for one more bucket. */
export const shiftForBucket = (buckets: Buckets, bucket: number, maxSize: number): number =>
  buckets.counts.length === 0
    ? 0
    : shiftToFit(Math.min(bucket, buckets.offset), Math.max(bucket, lastOf(buckets)), maxSize)

/** By how much the scale must be reduced for both together. */
export const shiftTogether = (left: Buckets, right: Buckets, maxSize: number): number =>
  left.counts.length === 0 || right.counts.length === 0
    ? 0
    : shiftToFit(Math.min(left.offset, right.offset), Math.max(lastOf(left), lastOf(right)), maxSize)

/** The same values at a scale that is lower by `shift`. Each step merges pairs of buckets. */
export const coarser = (buckets: Buckets, shift: number): BucketsDraft => {
  const { counts, offset } = buckets
  if (shift === 0 || counts.length === 0) return copyOfBuckets(buckets)
  const first = offset >> shift
  const sums = new Array<number>((lastOf(buckets) >> shift) - first + 1).fill(0)
  for (let i = 0; i < counts.length; i++) sums[((offset + i) >> shift) - first]! += counts[i]!
  return { offset: first, counts: sums }
}

/** Counts a value whose bucket has room. */
export const count = (buckets: BucketsDraft, bucket: number): void => {
  extend(buckets, bucket)
  buckets.counts[bucket - buckets.offset]! += 1
}

const extend = (buckets: BucketsDraft, bucket: number): void => {
  const { counts, offset } = buckets
  if (counts.length === 0) buckets.offset = bucket
  else if (bucket < offset) {
    buckets.offset = bucket
    counts.unshift(...new Array<number>(offset - bucket).fill(0))
  }
  while (counts.length <= bucket - buckets.offset) counts.push(0)
}

/** At the same scale. */
export const together = (left: Buckets, right: Buckets): Buckets => {
  if (right.counts.length === 0) return left
  const sums = copyOfBuckets(left)
  extend(sums, right.offset)
  extend(sums, lastOf(right))
  for (let i = 0; i < right.counts.length; i++) sums.counts[right.offset - sums.offset + i]! += right.counts[i]!
  return sums
}

/** At the same scale: `earlier` is included in `later`. */
export const difference = ({ counts, offset }: Buckets, earlier: Buckets): Buckets => {
  const rest = counts.map((count, i) => count - (earlier.counts[offset + i - earlier.offset] ?? 0))
  const first = rest.findIndex((count) => count !== 0)
  if (first < 0) return noBuckets
  return { offset: offset + first, counts: rest.slice(first, rest.findLastIndex((count) => count !== 0) + 1) }
}
