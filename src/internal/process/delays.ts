/**
 * The values in a histogram of Node, which exposes only percentiles: with n values, the k-th is the percentile 100 k /
 * n.
 */
import type { RecordableHistogram } from "node:perf_hooks"
import { bucketOf } from "../metric/instruments/histogram.ts"

/** Also the histograms of `monitorEventLoopDelay`. */
type NodeHistogram = Pick<RecordableHistogram, "count" | "percentile">

const Nanos = 1e9

/**
 * The values in seconds, in order. Each is in its bucket. The values at both ends of a bucket are exact to three
 * digits; those between them are represented by their middle, so that few percentiles must be looked up.
 */
export const delaysOf = (histogram: NodeHistogram, boundaries: ReadonlyArray<number>): ReadonlyArray<number> => {
  const { count } = histogram
  if (count === 0) return []
  const values = new Array<number>(count)
  const read = (index: number): number => {
    values[index] = histogram.percentile((100 * (index + 1)) / count) / Nanos
    return values[index]
  }
  const fill = (from: number, to: number, least: number, most: number): void => {
    if (to - from < 2) return
    if (bucketOf(boundaries, least) === bucketOf(boundaries, most)) {
      values.fill((least + most) / 2, from + 1, to)
      return
    }
    const middle = (from + to) >>> 1
    const value = read(middle)
    fill(from, middle, least, value)
    fill(middle, to, value, most)
  }
  fill(0, count - 1, read(0), read(count - 1))
  return values
}
