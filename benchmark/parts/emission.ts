/** Emission alone: bursts that fit in half the capacity, so that nothing waits for the fold and nothing wakes it. */
import { floor } from "../contenders/floor.ts"
import { prometheus } from "../contenders/prometheus.ts"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { compareBursts, ratio } from "../measure.ts"
import { defaultCapacity, startMetrics } from "../metricsUnderTest.ts"
import { Outstanding } from "../outstanding.ts"
import { type Run, withoutCodegen } from "../part.ts"
import { costTable, title } from "../report.ts"

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 4, warmUps: 1, seconds: 0.5 } : { rounds: 15, warmUps: 4, seconds: 30 }
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const usual = await prometheus("prom-client")
  const ours = recorderContender("emission, three metrics", recorder, outstanding)
  const burst = { events: defaultCapacity / 2 - 1, loops: quick ? 3 : 15 }
  const all = await compareBursts([floor, ours, usual.inc], rounds, burst)

  const generates = process.execArgv.includes(withoutCodegen) ? "without" : "with"
  title(
    `Emission alone, ${generates} code generation: bursts of ${burst.events} events, ${all[0]!.values.length} rounds`
  )
  costTable(all, usual.inc.name)
  return { ...outstanding.figures, emissionVsInc: ratio(all, ours.name, usual.inc.name) }
}
