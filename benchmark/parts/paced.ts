/** 200 000 events per second: what they cost net of the same program without them, and what they do to the event loop. */
import type { Contender } from "../contender.ts"
import { prometheus } from "../contenders/prometheus.ts"
import { recorderContender } from "../contenders/recorder.ts"
import { three } from "../document.metrics.ts"
import { inTurn, median, quantile, ratio, type Series } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import { type Paced, pace, perSecond } from "../pace.ts"
import type { Run } from "../part.ts"
import { costTable, number, spreadTable, title } from "../report.ts"

const empty: Contender = { name: "empty program", work: () => {} }

/** Contenders take turns this often: what else the machine does changes slower, and hits them alike. */
const sliceSeconds = 0.1

export const run: Run = async ({ quick }) => {
  const rounds = quick ? 3 : 9
  const slices = quick ? 4 : 10
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const usual = await prometheus("prom-client")
  const successor = await prometheus("@prometheus-io/client")
  const ours = recorderContender("hand-off, three metrics", recorder, outstanding)
  const contenders = [empty, ours, usual.inc, successor.inc]
  await pace(ours.work, sliceSeconds, () => outstanding.look(recorder))
  const turns = { rounds: rounds * slices, warmUps: slices, seconds: Number.MAX_SAFE_INTEGER }
  const all = (
    await inTurn(contenders, turns, async ({ settle, work }) => {
      const paced = await pace(work, sliceSeconds)
      await settle?.()
      return paced
    })
  ).map(({ name, results }) => ({ name, results: inRounds(results, slices) }))

  const [floor] = all.map(({ results }) => results.map(({ cpuNanos }) => cpuNanos))
  const net: ReadonlyArray<Series> = all.map(({ name, results }) => ({
    name,
    values: results.map(({ cpuNanos, events }, round) => (cpuNanos - floor![round]!) / events)
  }))
  title(`${perSecond} events per second, ${rounds} rounds of ${slices * sliceSeconds} s, net of the empty program`)
  costTable(net, usual.inc.name)
  console.log(`  the empty program: ${number(median(floor!) / 1000 / slices / sliceSeconds)} microseconds per second`)
  title("Event-loop delay in that load, in milliseconds, with the millisecond of the timer itself")
  const delays = (q: number) =>
    all.map(({ name, results }) => [`${name}, p${q * 100}`, results.map(({ gaps }) => quantile(gaps, q))] as const)
  spreadTable(Object.fromEntries([...delays(0.5), ...delays(0.99)]))
  console.log(`  refused: ${refusedBy(recorder)}`)
  const [emptyP99, oursP99] = delays(0.99).map(([, values]) => median(values))
  return {
    ...outstanding.figures,
    pacedVsInc: ratio(net, ours.name, usual.inc.name),
    pacedVsIncPrometheusIo: ratio(net, ours.name, successor.inc.name),
    pacedP99OverFloor: oursP99! / emptyP99!
  }
}

/** The slices of each round put together. */
const inRounds = (all: ReadonlyArray<Paced>, slices: number): ReadonlyArray<Paced> =>
  Array.from({ length: all.length / slices }, (_, round) => {
    const own = all.slice(round * slices, (round + 1) * slices)
    const sum = (of: (paced: Paced) => number): number => own.reduce((total, paced) => total + of(paced), 0)
    return {
      cpuNanos: sum(({ cpuNanos }) => cpuNanos),
      events: sum(({ events }) => events),
      gaps: own.flatMap(({ gaps }) => gaps)
    }
  })
