/**
 * The form of Effect applications: `yield* metrics.emit(event)` in a fiber, by an emitter, and `yield* Recorder.emit(event)`
 * by the recorder of the fiber. Against `inc` in a plain loop, and against `inc` as an effect, which is what the same
 * application would have to write.
 */
import * as Effect from "effect/Effect"
import { Metric, Recorder } from "mvx-metrics"
import { prometheus } from "../contenders/prometheus.ts"
import { three } from "../document.metrics.ts"
import { documentSave } from "../documentSave.ts"
import { cpuNanos, inTurn, ratio, type Series } from "../measure.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { Outstanding, refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { costTable, title } from "../report.ts"

export const run: Run = async ({ quick }) => {
  const events = quick ? 50_000 : 500_000
  const rounds = quick ? { rounds: 5, warmUps: 2, seconds: 1.5 } : { rounds: 21, warmUps: 3, seconds: 60 }
  await using metrics = await startMetrics()
  const recorder = await metrics.recorder("documents", three)
  const outstanding = new Outstanding()
  const usual = await prometheus("prom-client")
  const successor = await prometheus("@prometheus-io/client")
  const emitter = await Effect.runPromise(recorder.register(Metric.combine(...three)))
  const emitting = Effect.gen(function* () {
    for (let i = 0; i < events; i++) yield* emitter.emit(documentSave(i))
  })
  const emittingByFiber = Effect.gen(function* () {
    for (let i = 0; i < events; i++) yield* Recorder.emit(documentSave(i))
  }).pipe(Effect.provideService(Recorder, recorder))
  const yielding = Effect.gen(function* () {
    for (let i = 0; i < events; i++) yield* Effect.sync(() => void documentSave(i))
  })
  const incAsEffect = Effect.gen(function* () {
    for (let i = 0; i < events; i++) yield* Effect.sync(() => usual.inc.work(1))
  })
  const synchronous = (work: (events: number) => void) => Effect.sync(() => work(events))
  const contenders = [
    { name: "yield* emitter.emit", program: emitting },
    { name: "yield* Recorder.emit", program: emittingByFiber },
    { name: "yield* Effect.sync of nothing", program: yielding },
    { name: "yield* Effect.sync of inc", program: incAsEffect },
    { name: usual.inc.name, program: synchronous(usual.inc.work) },
    { name: successor.inc.name, program: synchronous(successor.inc.work) }
  ]
  const results = await inTurn(contenders, rounds, async ({ program }) => {
    const before = cpuNanos()
    await Effect.runPromise(program)
    const used = cpuNanos() - before
    outstanding.look(recorder)
    await Effect.runPromise(recorder.snapshots)
    return used / events
  })
  const all = results.map(({ name, results: values }): Series => ({ name, values }))

  title(`${events} events emitted by a fiber, ${all[0]!.values.length} rounds`)
  costTable(all, usual.inc.name)
  console.log(`  refused: ${refusedBy(recorder)}`)
  return {
    ...outstanding.figures,
    effectEmitVsInc: ratio(all, "yield* emitter.emit", usual.inc.name),
    effectEmitVsIncAsEffect: ratio(all, "yield* emitter.emit", "yield* Effect.sync of inc"),
    effectEmitVsIncPrometheusIo: ratio(all, "yield* emitter.emit", successor.inc.name),
    fiberEmitVsIncAsEffect: ratio(all, "yield* Recorder.emit", "yield* Effect.sync of inc")
  }
}
