/**
 * The hand-off in a runtime whose events go to a store as well (`stream`): bursts that fit in half the capacity, because the
 * worker has more to do for each. In a process of its own, as that of an emitter is.
 */
import { MetricsStore } from "mvx-metrics/MetricsStore"
import { floor } from "../contenders/floor.ts"
import { prometheus } from "../contenders/prometheus.ts"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { compareBursts, ratio, warmUpBursts } from "../measure.ts"
import { defaultCapacity, startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { costTable, title } from "../report.ts"

export const run: Run = async ({ quick }) => {
  const burst = { events: defaultCapacity / 2 - 1, loops: quick ? 4 : 20 }
  const rounds = quick ? { rounds: 11, warmUps: 0, seconds: 3 } : { rounds: 21, warmUps: 1, seconds: 60 }
  const store = MetricsStore.module(new URL("../discarding.store.ts", import.meta.url))
  await using metrics = await startMetrics({ stream: { store } })
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const { inc } = await prometheus("@prometheus-io/client")
  const streamed = recorderContender("hand-off, three metrics, events to a store", recorder, outstanding)
  const contenders = [floor, streamed, inc]
  await warmUpBursts(contenders, burst.events, quick ? 0.15 : 2)
  const all = await compareBursts(contenders, rounds, burst)

  title(`Bursts of ${burst.events} events that go to a store, ${all[0]!.values.length} rounds`)
  costTable(all, inc.name)
  console.log(`  refused: ${refusedBy(recorder)}`)
  return {
    ...outstanding.figures,
    streamedVsFloor: ratio(all, streamed.name, floor.name),
    streamedVsIncPrometheusIo: ratio(all, streamed.name, inc.name)
  }
}
