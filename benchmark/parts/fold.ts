/** How many events the worker folds in a second of its processor time: with kernels, and with reducers by hand. */
import * as Effect from "effect/Effect"
import type { Metric } from "mvx-metrics"
import { recorderContender } from "../contenders/recorder.ts"
import { handWritten, three } from "../document.metrics.ts"
import { inTurn, median } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { spreadTable, title } from "../report.ts"

const events = 500_000

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 4, warmUps: 2, seconds: 3 } : { rounds: 21, warmUps: 3, seconds: 60 }
  // Everything fits in, so that the fold always has something to do, and nothing is lost.
  await using metrics = await startMetrics({ memoryLimit: 64 * 1024 * 1024 })
  const outstanding = new Outstanding()
  const foldOf = async (name: string, definitions: ReadonlyArray<Metric.Any>) => {
    const recorder = await metrics.recorder(name, definitions, 2 * events)
    return { ...recorderContender(name, recorder, outstanding), recorder }
  }
  const contenders = [await foldOf("kernels", three), await foldOf("reducers by hand", handWritten)]
  const all = await inTurn(contenders, rounds, async ({ recorder, settle, work }) => {
    const { cpuNanos } = await metrics.workerUsage()
    const start = performance.now()
    work(events)
    await settle!()
    const seconds = (performance.now() - start) / 1000
    const used = (await metrics.workerUsage()).cpuNanos - cpuNanos
    const { refused } = await Effect.runPromise(recorder.stats)
    if (refused > 0) throw new Error(`${refused} events were refused`)
    return { perCpuSecond: events / (used / 1e9), perSecond: events / seconds }
  })

  title(`The fold of ${events} events, ${all[0]!.results.length} rounds: events per second`)
  const rates = all.map(({ results }) => results.map(({ perCpuSecond }) => perCpuSecond))
  spreadTable({
    "kernels, of the worker's CPU": rates[0]!,
    "kernels, from emit to snapshot": all[0]!.results.map(({ perSecond }) => perSecond),
    "reducers by hand, of the worker's CPU": rates[1]!,
    "reducers by hand, from emit to snapshot": all[1]!.results.map(({ perSecond }) => perSecond)
  })
  return {
    ...outstanding.figures,
    kernelFoldPerSecond: median(rates[0]!),
    pureFoldPerSecond: median(rates[1]!)
  }
}
