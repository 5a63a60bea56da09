/** How many metrics read an event does not matter to the one who emits it. */
import { recorderContender } from "../contenders/recorder.ts"
import { sixteen } from "../document.metrics.ts"
import { compareBursts, ratio } from "../measure.ts"
import { defaultCapacity, startMetrics } from "../metricsUnderTest.ts"
import { Outstanding } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { costTable, title } from "../report.ts"

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 7, warmUps: 3, seconds: 2 } : { rounds: 15, warmUps: 4, seconds: 30 }
  await using metrics = await startMetrics()
  const outstanding = new Outstanding()
  const withMetrics = async (count: number) =>
    recorderContender(nameOf(count), await metrics.recorder(`documents-${count}`, sixteen.slice(0, count)), outstanding)
  const contenders = [await withMetrics(1), await withMetrics(4), await withMetrics(16)]
  // They fit in the capacity: that a fold with more to do is sooner behind is another matter.
  const burst = { events: defaultCapacity - 1, loops: quick ? 5 : 15 }
  const all = await compareBursts(contenders, rounds, burst)

  title(`Metrics per event: bursts of ${burst.events} events, ${all[0]!.values.length} rounds`)
  costTable(all, nameOf(1))
  return {
    ...outstanding.figures,
    handoffK4OverK1: ratio(all, nameOf(4), nameOf(1)),
    handoffK16OverK1: ratio(all, nameOf(16), nameOf(1))
  }
}

const nameOf = (count: number): string => (count === 1 ? "1 metric" : `${count} metrics`)
