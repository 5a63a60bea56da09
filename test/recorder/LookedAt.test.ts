// An effect is a description: it acts when it is run, and not when it is created or inspected.
import { inspect } from "node:util"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Recorder, type RecorderService } from "mvx-metrics"
import { TestRecorder } from "mvx-metrics/testing"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { recordLogs } from "../support/logs.ts"
import { lookAt } from "../support/lookAt.ts"
import { ProbeEvent, Ticks, tick } from "../support/probe.metrics.ts"

/** Everything of a recorder that is to be run, made anew. */
const effectsOf = (recorder: RecorderService): { readonly [name: string]: object } => {
  const metrics = recorder.emitter(ProbeEvent)
  const { changes, deltaReader, latestChanges, report, snapshots, start, state, states, stats, stop } = recorder
  return {
    changes,
    deltaReader,
    latestChanges,
    report,
    snapshots,
    start,
    state,
    states,
    stats,
    stop,
    metrics: recorder.metrics,
    register: recorder.register(Ticks),
    emit: recorder.emit(tick()),
    emitInvalid: recorder.emit(null as never),
    snapshot: recorder.snapshot(Ticks),
    reset: recorder.reset(),
    changesOf: recorder.changesOf(Ticks),
    "emitter.emit": metrics.emit(tick()),
    "emitter.onExit": metrics.onExit(Effect.void, () => tick()),
    "emitter.track": metrics.track(Effect.void, () => tick()),
    "Recorder.register": Recorder.register(Ticks),
    "Recorder.emitter": Recorder.emitter(ProbeEvent),
    "Recorder.emit": Recorder.emit(tick()),
    "Recorder.onExit": Recorder.onExit(Effect.void, () => tick()),
    "Recorder.snapshots": Recorder.snapshots,
    "Recorder.report": Recorder.report,
    "Recorder.layer": Recorder.layer("another"),
    "Recorder.make": Recorder.make()
  }
}

/** Whatever would show that something has acted. */
const traces = (recorder: RecorderService) =>
  Effect.all({ stats: recorder.stats, state: recorder.state, metrics: recorder.metrics })

/** Looks at everything, and gives what there is afterwards, which is what there was before. */
const lookedAt = Effect.fnUntraced(function* <E, R>(
  recorder: RecorderService,
  lines: ReadonlyArray<unknown>,
  turn: Effect.Effect<void, E, R>
) {
  const before = yield* traces(recorder)
  const said = lines.length
  const [one, other] = [effectsOf(recorder), effectsOf(recorder)]
  for (const name of Object.keys(one)) lookAt(one[name]!, other[name]!)
  lookAt(recorder, { ...recorder })
  lookAt(recorder.emitter(ProbeEvent), recorder.emitter(ProbeEvent))
  yield* turn
  expect(lines.slice(said)).toEqual([])
  const after = yield* traces(recorder)
  expect(after).toEqual(before)
  return after
})

onBothLayers("an effect of a recorder", (it) => {
  it.effect("does nothing when it is created and inspected, before the recorder has started", () => {
    const { layer, lines } = recordLogs()
    return Effect.gen(function* () {
      const recorder = yield* newRecorder({ logging: "inspection" })
      const { metrics, state, stats } = yield* lookedAt(recorder, lines, foldTurn)
      expect({ metrics, state, offered: stats.offered }).toEqual({ metrics: [], state: "Idle", offered: 0 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("does nothing when it is created and inspected, while the recorder runs", () => {
    const { layer, lines } = recordLogs()
    return Effect.gen(function* () {
      const recorder = yield* newRecorder({ logging: "inspection" })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.snapshots
      const { state, stats } = yield* lookedAt(recorder, lines, foldTurn)
      expect({ state, offered: stats.offered }).toEqual({ state: "Running", offered: 1 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("acts each time it is run, after an inspection", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const emits = [recorder.emit(tick()), recorder.emitter(ProbeEvent).emit(tick())]
      for (const emit of emits) lookAt(emit)
      for (const emit of [...emits, ...emits]) yield* emit
      expect((yield* recorder.stats).offered).toBe(4)
    })
  )
})

it.effect("the effects of a test recorder do nothing when they are inspected", () => {
  const { layer, lines } = recordLogs()
  return Effect.gen(function* () {
    const { state } = yield* lookedAt(yield* Recorder, lines, Effect.void)
    expect(state).toBe("Idle")
    const { clear, events, refused } = yield* TestRecorder
    for (const effect of [clear, events, refused, TestRecorder.events, TestRecorder.clear]) lookAt(effect)
    expect([yield* events, yield* refused]).toEqual([[], []])
  }).pipe(Effect.provide(TestRecorder.layerSync()), Effect.provide(layer))
})

it.effect("a recorder is printed without its internals, which refer back to it", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make({ entityId: "printed" })
    expect(JSON.parse(JSON.stringify({ recorder })).recorder).toMatchObject({ recorderId: "printed" })
    expect(inspect(recorder)).not.toContain("Circular")
  })
)
