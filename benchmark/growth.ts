/** What each further one of many takes in memory, on both threads. Needs the collector exposed. */
import * as Effect from "effect/Effect"
import type { RecorderService } from "mvx-metrics"
import { memory } from "./measure.ts"
import type { MetricsUnderTest } from "./metricsUnderTest.ts"
import { number, table } from "./report.ts"

/** `grow` goes on to a count, and gives a recorder whose snapshot is a barrier for all. */
export const growth = async (
  what: string,
  { from, to }: { readonly from: number; readonly to: number },
  metrics: MetricsUnderTest,
  grow: (count: number) => Promise<RecorderService>
): Promise<number> => {
  const at = async (count: number) => {
    const { snapshots } = await grow(count)
    await Effect.runPromise(snapshots)
    const worker = await metrics.workerUsage()
    return { worker, main: memory(), rss: process.memoryUsage.rss() }
  }
  const before = await at(from)
  const after = await at(to)
  const each = (bytesOf: (at: typeof before) => number): number => (bytesOf(after) - bytesOf(before)) / (to - from)
  const parts = {
    "heap of the application thread": each(({ main }) => main.heapUsed),
    "outside it": each(({ main }) => main.external),
    "shared memory": each(({ main }) => main.buffers),
    "heap of the worker": each(({ worker }) => worker.heapUsed),
    "outside that": each(({ worker }) => worker.external)
  }
  const total = Object.values(parts).reduce((a, b) => a + b, 0)
  table(
    [`a further ${what}, from ${from} to ${to}`, "bytes"],
    Object.entries({ ...parts, total, "resident memory (RSS), for comparison": each(({ rss }) => rss) }).map(
      ([name, bytes]) => [name, number(bytes)]
    )
  )
  return total
}
