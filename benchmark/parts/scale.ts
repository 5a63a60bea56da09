/**
 * From 1 to 10 000 recorders of one runtime, and from 1 to 10 000 label sets of one metric: what they take in memory, and
 * what a hand-off costs. Runs with the collector exposed.
 */
import * as Effect from "effect/Effect"
import type { RecorderService } from "mvx-metrics"
import type { Contender } from "../contender.ts"
import { TenantSaves, three } from "../document.metrics.ts"
import { documentSave, documentSaveOf } from "../documentSave.ts"
import { growth } from "../growth.ts"
import { compareBursts, ratio } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { costTable, title } from "../report.ts"

const counts = [1, 100, 10_000]

const fullRange = { from: 1000, to: 10_000 }

const burst = { events: 30_000, loops: 4 }

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 3, warmUps: 2, seconds: 0.5 } : { rounds: 31, warmUps: 5, seconds: 40 }
  // What does not grow to ten thousand for the costs, as the recorders with metrics do, need not for its memory.
  const range = quick ? { from: 1000, to: 3000 } : fullRange
  // Ends with the process: stopping ten thousand recorders is not what is measured here, and takes its time.
  const metrics = await startMetrics()
  const outstanding = new Outstanding()

  title("Memory, and the cost of an event to each recorder in turn")
  const recorders: Array<RecorderService> = []
  const growRecorders = (own: Array<RecorderService>, name: string, of: typeof three) => async (count: number) => {
    for (let i = own.length; i < count; i++) {
      own.push(await metrics.recorder(`${name}-${i}`, of))
      own[i]!.emitUnsafe(documentSave(i))
    }
    outstanding.look(own[0]!)
    return own[0]!
  }
  const recorderBytes = await growth("recorder", range, metrics, growRecorders([], "bare", []))
  const measuringRecorderBytes = await growth(
    "recorder with three metrics",
    fullRange,
    metrics,
    growRecorders(recorders, "connection", three)
  )
  const byRecorders = counts.map((count) => emittingTo(recorders.slice(0, count), outstanding))
  const recorderCosts = await compareBursts(byRecorders, rounds, burst)
  costTable(recorderCosts, nameOf(1))

  title("Memory, and the cost of an event of each label set in turn")
  const recorder = await metrics.recorder("documents", [TenantSaves])
  let emitted = 0
  const seriesBytes = await growth("series", range, metrics, async (count) => {
    while (emitted < count) recorder.emitUnsafe(documentSaveOf(0, tenantOf(emitted++)))
    outstanding.look(recorder)
    return recorder
  })
  // Of a recorder with few series: a snapshot of ten thousand takes its time.
  const settle = settling(recorders[0]!, outstanding)
  const byLabelSets = counts.map((count) => emittingLabels(count, recorder.emitUnsafe, settle))
  const labelCosts = await compareBursts(byLabelSets, rounds, burst)
  costTable(labelCosts, nameOf(1))

  const ratios = (all: typeof labelCosts) =>
    Object.fromEntries(counts.map((count) => [String(count), ratio(all, nameOf(count), nameOf(1))]))
  return {
    ...outstanding.figures,
    recorderBytes,
    measuringRecorderBytes,
    seriesBytes,
    recorders: ratios(recorderCosts),
    labelSets: ratios(labelCosts)
  }
}

const nameOf = (count: number): string => `${count} of them`

const tenantOf = (i: number): string => `tenant-${i}`

/** One stream carries the events of all recorders: the snapshot of one is a barrier for all. */
const settling = (recorder: RecorderService, outstanding: Outstanding) => async (): Promise<void> => {
  outstanding.look(recorder)
  await Effect.runPromise(recorder.snapshots)
}

const emittingTo = (recorders: ReadonlyArray<RecorderService>, outstanding: Outstanding): Contender => {
  const emits = recorders.map(({ emitUnsafe }) => emitUnsafe)
  return {
    name: nameOf(recorders.length),
    work: (events) => {
      for (let i = 0, next = 0; i < events; i++) {
        emits[next]!(documentSave(i))
        next = next + 1 === emits.length ? 0 : next + 1
      }
    },
    settle: settling(recorders[0]!, outstanding)
  }
}

const emittingLabels = (count: number, emit: RecorderService["emitUnsafe"], settle: () => Promise<void>): Contender => {
  const labels = Array.from({ length: count }, (_, i) => tenantOf(i))
  return {
    name: nameOf(count),
    work: (events) => {
      for (let i = 0, next = 0; i < events; i++) {
        emit(documentSaveOf(i, labels[next]!))
        next = next + 1 === labels.length ? 0 : next + 1
      }
    },
    settle
  }
}
