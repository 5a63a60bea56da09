/** The first burst of a process: nothing is compiled, and the worker has just started. */
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"

export const run: Run = async () => {
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const { settle, work } = recorderContender("burst", recorder, outstanding)
  work(1_000_000)
  const firstBurstLost = refusedBy(recorder)
  await settle!()
  return { ...outstanding.figures, firstBurstLost }
}
