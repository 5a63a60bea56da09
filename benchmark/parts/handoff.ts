/** A burst in one synchronous loop, warm: the hand-off against the others on the same work. */
import type { Contender } from "../contender.ts"
import { effectMetric } from "../contenders/effectMetric.ts"
import { floor } from "../contenders/floor.ts"
import { openTelemetry } from "../contenders/openTelemetry.ts"
import { prometheus } from "../contenders/prometheus.ts"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { startLineTransfers } from "../lineTransfer.ts"
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
  const outstanding = new Outstanding()
  const usual = await prometheus("prom-client")
  const successor = await prometheus("@prometheus-io/client")
  const otel = openTelemetry()
  const effect = effectMetric()
  const ours = recorderContender("hand-off, three metrics", recorder, outstanding)
  const contenders = [floor, ours, usual.inc, usual.three, successor.inc, successor.three, effect, otel]
  await warmUpBursts(contenders, events, quick ? 0.15 : 2)
  const before = await books(contenders)
  await using transfers = await startLineTransfers()
  const lines = [transfers.nanos()]
  const all = await compareBursts(contenders, rounds, { events, loops: 1 })
  lines.push(transfers.nanos())

  title(`A burst of ${events} events, ${all[0]!.values.length} rounds`)
  costTable(all, usual.inc.name)
  check(before, await books(contenders), (all[0]!.values.length + rounds.warmUps) * events)
  console.log(`  refused: ${refusedBy(recorder)}`)
  console.log(`  a word to another processor and back, before and after: ${lines.map(Math.round).join(" and ")} ns`)
  return {
    ...outstanding.figures,
    lineTransferNanos: Math.max(...lines),
    handoffVsFloor: ratio(all, ours.name, floor.name),
    handoffVsInc: ratio(all, ours.name, usual.inc.name),
    handoffVsThree: ratio(all, ours.name, usual.three.name),
    handoffVsIncPrometheusIo: ratio(all, ours.name, successor.inc.name),
    handoffVsThreePrometheusIo: ratio(all, ours.name, successor.three.name),
    handoffVsOtel: ratio(all, ours.name, otel.name),
    handoffVsEffectMetric: ratio(all, ours.name, effect.name)
  }
}

type Books = ReadonlyMap<string, number>

/** How many events each contender has counted that can tell. */
const books = async (contenders: ReadonlyArray<Contender>): Promise<Books> => {
  const all = new Map<string, number>()
  for (const { counted, name } of contenders) if (counted !== undefined) all.set(name, await counted())
  return all
}

/** A contender that does not count has not done the work. */
const check = (before: Books, after: Books, events: number): void => {
  for (const [name, count] of after) {
    const own = count - before.get(name)!
    if (own !== events) throw new Error(`${name} has counted ${own} events of ${events}`)
  }
}
