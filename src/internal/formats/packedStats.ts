/**
 * The accounting of many recorders as consecutive numbers. It crosses to the fold with each scrape, and ten thousand
 * objects would cost the application thread more than everything else in it.
 */
import { addEventCounts, type EventCounts, type Stats } from "../model/stats.ts"

/** What exporters show of a recorder's accounting. */
export type Accounting = EventCounts & { readonly failed: boolean }

export const accountingOf = ({ state, ...rest }: Stats): Accounting => ({ ...rest, failed: state === "Failed" })

/** The number of numbers per recorder. */
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

/** The combined numbers of ended recorders. Events that were accepted and not folded are lost, and count as evicted. */
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

/** The numbers of a range of recorders, as far as they exist. */
export const unpackStats = (packed: Float64Array, from = 0, to = Number.POSITIVE_INFINITY): ReadonlyArray<Accounting> =>
  Array.from({ length: Math.min(to, packed.length / Width) - from }, (_, i) => {
    const [capacity, accepted, applied, ignored, evicted, pending, overflow, invalid, notRunning, failed] = Array.from(
      packed.subarray((from + i) * Width, (from + i + 1) * Width)
    ) as [number, number, number, number, number, number, number, number, number, number]
    const refusedBy = { overflow, invalid, notRunning }
    return { capacity, accepted, applied, ignored, evicted, pending, refusedBy, failed: failed === 1 }
  })

/** The combined accounting of several recorders. */
export const addStats = (left: Accounting, right: Accounting): Accounting => ({
  ...addEventCounts(left, right),
  failed: left.failed || right.failed
})
