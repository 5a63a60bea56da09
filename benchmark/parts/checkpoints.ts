/** What checkpoints cost the worker: their share of its processor time, and the longest part, by the number of series. */
import * as Effect from "effect/Effect"
import { TenantDurations } from "../document.metrics.ts"
import { documentSaveOf } from "../documentSave.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { spreadTable, title } from "../report.ts"
import type { Usage } from "../workerProbe.ts"

const counts = [100, 10_000, 100_000]

interface CheckpointUsage extends Usage {
  readonly checkpointNanos: number
  readonly longestNanos: number
}

export const run: Run = async ({ quick }) => {
  const events = quick ? 300_000 : 4_000_000
  const outstanding = new Outstanding()
  const shares: { [series: string]: number } = {}
  const holds: { [series: string]: number } = {}
  for (const count of counts) {
    await using metrics = await startMetrics(undefined, new URL("../checkpoints.worker.ts", import.meta.url))
    const recorder = await metrics.recorder("documents", [TenantDurations])
    const tenants = Array.from({ length: count }, (_, i) => `tenant-${i}`)
    const usage = async (): Promise<CheckpointUsage> => (await metrics.workerUsage()) as CheckpointUsage
    const emit = async (most: number): Promise<void> => {
      for (let i = 0; i < most; ) {
        for (const end = Math.min(most, i + 20_000); i < end; i++) {
          recorder.emitUnsafe(documentSaveOf(i, tenants[(i * 7919) % count]!))
        }
        outstanding.look(recorder)
        await Effect.runPromise(recorder.flush())
      }
    }
    // Until all series are there.
    await emit(Math.max(100_000, 2 * count))
    const before = await usage()
    await emit(events)
    const after = await usage()
    const { refused } = await Effect.runPromise(recorder.stats)
    if (refused > 0) throw new Error(`${refused} events were refused`)
    shares[count] = (after.checkpointNanos - before.checkpointNanos) / (after.cpuNanos - before.cpuNanos)
    holds[count] = after.longestNanos / 1e6
  }
  title(`Checkpoints while ${events} events are folded as fast as they come, a histogram with 15 boundaries`)
  spreadTable(
    Object.fromEntries(
      counts.flatMap((count) => [
        [`share of the worker's time, ${count} series`, [shares[count]!]],
        [`longest part in milliseconds, ${count} series`, [holds[count]!]]
      ])
    )
  )
  return { ...outstanding.figures, checkpointShare: shares, checkpointHoldMillis: holds }
}
