/**
 * The burst of the hand-off through an emitter. In a process of its own: a loop that calls two functions in turn is
 * compiled for both, and neither is inlined.
 */
import * as Effect from "effect/Effect"
import { Metric } from "mvx-metrics"
import { floor } from "../contenders/floor.ts"
import { prometheus } from "../contenders/prometheus.ts"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { compareBursts, ratio, warmUpBursts } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { costTable, title } from "../report.ts"

export const run: Run = async ({ quick }) => {
  const events = quick ? 200_000 : 1_000_000
  const rounds = quick ? { rounds: 7, warmUps: 0, seconds: 2 } : { rounds: 9, warmUps: 1, seconds: 60 }
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const { emitUnsafe } = await Effect.runPromise(recorder.register(Metric.combine(...three)))
  const outstanding = new Outstanding()
  const { inc } = await prometheus("prom-client")
  const bound = recorderContender("an emitter, three metrics", recorder, outstanding, emitUnsafe)
  const contenders = [floor, bound, inc]
  await warmUpBursts(contenders, events, quick ? 0.15 : 2)
  const all = await compareBursts(contenders, rounds, { events, loops: 1 })

  title(`A burst of ${events} events through an emitter, ${all[0]!.values.length} rounds`)
  costTable(all, inc.name)
  console.log(`  refused: ${refusedBy(recorder)}`)
  return {
    ...outstanding.figures,
    boundEmitVsFloor: ratio(all, bound.name, floor.name),
    boundEmitVsInc: ratio(all, bound.name, inc.name)
  }
}
