/** How long a reader waits: on a runtime that has gone to sleep, and under a light load. And what sleeping costs. */
import { setTimeout as sleep } from "node:timers/promises"
import * as Effect from "effect/Effect"
import type { RecorderService } from "mvx-metrics"
import { Saves, three } from "../document.metrics.ts"
import { documentSave } from "../documentSave.ts"
import { median, quantile } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { spreadTable, title } from "../report.ts"
import { startRoundTrips } from "../roundTrip.ts"

/** Until the worker sleeps for sure. */
const idleMillis = 1300

export const run: Run = async ({ quick }) => {
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()

  await sleep(idleMillis)
  const before = await metrics.workerUsage()
  const restSeconds = quick ? 0.5 : 5
  await sleep(restSeconds * 1000)
  const idle = [((await metrics.workerUsage()).cpuNanos - before.cpuNanos) / 1000 / restSeconds]

  // The first read of a process compiles what all of them run.
  await microsToSnapshot(recorder)
  const wakes: Array<number> = []
  for (let i = 0; i < (quick ? 3 : 30); i++) {
    await sleep(idleMillis)
    wakes.push(await microsToSnapshot(recorder))
  }

  const light = setInterval(() => {
    for (let i = 0; i < 10; i++) recorder.emitUnsafe(documentSave(i))
  }, 1)
  await using roundTrips = startRoundTrips()
  await roundTrips.micros()
  const visible: Array<number> = []
  const bare: Array<number> = []
  for (let i = 0; i < (quick ? 100 : 1500); i++) {
    await sleep(3)
    outstanding.look(recorder)
    visible.push(await microsToSnapshot(recorder))
    await sleep(3)
    bare.push(await roundTrips.micros())
  }
  clearInterval(light)

  title("Microseconds from an event to a snapshot that has it")
  spreadTable({
    [`after ${idleMillis} ms of rest`]: wakes,
    "under a light load, p50 of all": [quantile(visible, 0.5)],
    "under a light load, p99 of all": [quantile(visible, 0.99)],
    "a message to a worker that naps, and one back, p50 of all": [quantile(bare, 0.5)],
    "CPU of the worker in a second of rest": idle
  })
  return {
    ...outstanding.figures,
    wakeMicros: median(wakes),
    idleWorkerMicrosPerSecond: idle[0]!,
    snapshotMicrosP50: quantile(visible, 0.5),
    snapshotMicrosP99: quantile(visible, 0.99),
    snapshotVsRoundTrip: median(visible) / median(bare)
  }
}

const microsToSnapshot = async (recorder: RecorderService): Promise<number> => {
  const { accepted } = Effect.runSync(recorder.stats)
  const start = performance.now()
  recorder.emitUnsafe(documentSave(0))
  const { dimensions } = await Effect.runPromise(recorder.snapshot(Saves))
  const micros = (performance.now() - start) * 1000
  if (dimensions.value <= accepted) throw new Error(`a snapshot has ${dimensions.value} events of ${accepted + 1}`)
  return micros
}
