/** Events with a short array, which no row of fixed width can hold: bursts that fit in half the capacity, as in `emission`. */
import { prometheus } from "../contenders/prometheus.ts"
import { irregularContender } from "../contenders/recorder.ts"
import { threeIrregular } from "../document.metrics.ts"
import { compareBursts, ratio } from "../measure.ts"
import { defaultCapacity, startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { costTable, title } from "../report.ts"

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 5, warmUps: 2, seconds: 2 } : { rounds: 15, warmUps: 4, seconds: 30 }
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", threeIrregular)
  const outstanding = new Outstanding()
  const { inc } = await prometheus("prom-client")
  const ours = irregularContender("an array, three metrics", recorder, outstanding)
  const burst = { events: defaultCapacity / 2 - 1, loops: quick ? 1 : 5 }
  const all = await compareBursts([ours, inc], rounds, burst)

  title(`Events with a short array: bursts of ${burst.events} events, ${all[0]!.values.length} rounds`)
  costTable(all, inc.name)
  console.log(`  refused: ${refusedBy(recorder)}`)
  return { ...outstanding.figures, irregularVsInc: ratio(all, ours.name, inc.name) }
}
