/**
 * The accounting of many recorders as numbers in a row: it crosses to the fold with each scrape, and ten thousand
 * objects would cost the application thread more than all the rest of it.
 */
import { addEventCounts, type EventCounts, type Stats } from "../model/stats.ts"

/** What exporters tell of a recorder's accounting. */
export type Accounting = EventCounts & { readonly failed: boolean }

export const accountingOf = ({ state, ...rest }: Stats): Accounting => ({ ...rest, failed: state === "Failed" })

/** Numbers of one recorder. */
export const Width = 10

export const packStats = (all: ReadonlyArray<Stats>): Float64Array => {
  const packed = new Float64Array(all.length * Width)
  for (const [i, { accepted, applied, capacity, evicted, ignored, pending, refusedBy, state }] of all.entries()) {
    const { invalid, notRunning, overflow } = refusedBy
    const failed = state === "Failed" ? 1 : 0
    const numbers = [capacity, accepted, applied, ignored, evicted, pending, overflow, invalid, notRunning, failed]
    packed.set(numbers, i * Width)
  }
  return packed
}

/** The numbers of recorders that have ended, together: what they had accepted and not folded is lost, as what is evicted. */
export const addEndedRow = (left: Float64Array | undefined, right: Float64Array): Float64Array => {
  const sum = right.map((number, i) => number + (left?.[i] ?? 0))
  sum[EvictedAt]! += sum[PendingAt]!
  sum[CapacityAt] = sum[PendingAt] = 0
  sum[FailedAt] = Math.min(1, sum[FailedAt]!)
  return sum
}

const CapacityAt = 0
const EvictedAt = 4
const PendingAt = 5
const FailedAt = 9

/** Those of the recorders from one up to another one, as far as they are there. */
export const unpackStats = (packed: Float64Array, from = 0, to = Number.POSITIVE_INFINITY): ReadonlyArray<Accounting> =>
  Array.from({ length: Math.min(to, packed.length / Width) - from }, (_, i) => {
    const [capacity, accepted, applied, ignored, evicted, pending, overflow, invalid, notRunning, failed] = Array.from(
      packed.subarray((from + i) * Width, (from + i + 1) * Width)
    ) as [number, number, number, number, number, number, number, number, number, number]
    const refusedBy = { overflow, invalid, notRunning }
    return { capacity, accepted, applied, ignored, evicted, pending, refusedBy, failed: failed === 1 }
  })

/** The accounting of several recorders together. */
export const addStats = (left: Accounting, right: Accounting): Accounting => ({
  ...addEventCounts(left, right),
  failed: left.failed || right.failed
})
