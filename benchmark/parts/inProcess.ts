/** Folding on the application thread: the hand-off and the fold together, against a client that does the same three metrics. */
import { prometheus } from "../contenders/prometheus.ts"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { cpuNanos, inTurn, ratio, type Series } from "../measure.ts"
import { startInProcess } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { costTable, title } from "../report.ts"

export const run: Run = async ({ quick }) => {
  const events = quick ? 100_000 : 500_000
  const rounds = quick ? { rounds: 5, warmUps: 3, seconds: 2 } : { rounds: 21, warmUps: 5, seconds: 60 }
  await using metrics = await startInProcess()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const usual = await prometheus("prom-client")
  const successor = await prometheus("@prometheus-io/client")
  const ours = recorderContender("in process, three metrics", recorder, outstanding)
  const results = await inTurn([ours, usual.three, successor.three], rounds, async ({ settle, work }) => {
    const before = cpuNanos()
    work(events)
    // What is left is folded here, on the same thread: it counts.
    await settle?.()
    return (cpuNanos() - before) / events
  })
  const all = results.map(({ name, results: values }): Series => ({ name, values }))

  title(`A burst of ${events} events folded in process, ${all[0]!.values.length} rounds`)
  costTable(all, usual.three.name)
  console.log(`  refused: ${refusedBy(recorder)}`)
  return {
    ...outstanding.figures,
    inProcessVsThree: ratio(all, ours.name, usual.three.name),
    inProcessVsThreePrometheusIo: ratio(all, ours.name, successor.three.name)
  }
}
