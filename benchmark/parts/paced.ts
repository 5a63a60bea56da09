/** 200 000 events per second: what they cost net of the same program without them, and what they do to the event loop. */
import type { Contender } from "../contender.ts"
import { prometheus } from "../contenders/prometheus.ts"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { inTurn, median, quantile, ratio, type Series } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import { pace, perSecond, warmUp } from "../pace.ts"
import type { Run } from "../part.ts"
import { costTable, number, table, title } from "../report.ts"

const empty: Contender = { name: "empty program", work: () => {} }

/** Contenders take turns this often: what else the machine does changes slower, and hits them alike. */
const sliceSeconds = 0.1

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 13, warmUps: 1 } : { rounds: 90, warmUps: 10 }
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const usual = await prometheus("prom-client")
  const successor = await prometheus("@prometheus-io/client")
  const ours = recorderContender("hand-off, three metrics", recorder, outstanding)
  const contenders = [empty, ours, usual.inc, successor.inc]
  for (const contender of contenders) await warmUp(contender)
  await pace(ours.work, sliceSeconds, () => outstanding.look(recorder))
  const all = await inTurn(contenders, { ...rounds, seconds: Number.MAX_SAFE_INTEGER }, async ({ settle, work }) => {
    const paced = await pace(work, sliceSeconds)
    await settle?.()
    return paced
  })

  const [floor] = all.map(({ results }) => results.map(({ cpuNanos }) => cpuNanos))
  const net: ReadonlyArray<Series> = all.map(({ name, results }) => ({
    name,
    values: results.map(({ cpuNanos, events }, round) => (cpuNanos - floor![round]!) / events)
  }))
  title(`${perSecond} events per second, ${rounds.rounds} rounds of ${sliceSeconds} s, net of the empty program`)
  costTable(net, usual.inc.name)
  console.log(`  the empty program: ${number(median(floor!) / 1000 / sliceSeconds)} microseconds per second`)
  title("Event-loop delay in that load, in milliseconds, with the millisecond of the timer itself")
  const delays = all.map(({ name, results }) => {
    const gaps = results.flatMap((paced) => paced.gaps)
    return { name, p50: quantile(gaps, 0.5), p99: quantile(gaps, 0.99) }
  })
  table(
    ["", "p50", "p99"],
    delays.map(({ name, p50, p99 }) => [name, number(p50), number(p99)])
  )
  console.log(`  refused: ${refusedBy(recorder)}`)
  const p99Of = (contender: Contender): number => delays.find(({ name }) => name === contender.name)!.p99
  return {
    ...outstanding.figures,
    pacedVsInc: ratio(net, ours.name, usual.inc.name),
    pacedVsIncPrometheusIo: ratio(net, ours.name, successor.inc.name),
    pacedP99OverFloor: p99Of(ours) / p99Of(empty)
  }
}
