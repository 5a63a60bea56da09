import { expect } from "@effect/vitest"
import { Context, Effect, Fiber } from "effect"
import type { RecorderService } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { Notes, note, TickLog, Ticks, tick } from "../support/probe.metrics.ts"

const diskFull = new Error("the disk is full")

/** The ways in which a hook can go wrong. */
const wrong: ReadonlyArray<readonly [how: string, hook: Effect.Effect<void, Error>]> = [
  ["fails", Effect.fail(diskFull)],
  [
    "throws",
    Effect.sync(() => {
      throw diskFull
    })
  ],
  ["dies", Effect.die(diskFull)],
  ["interrupts itself", Effect.interrupt]
]

const hookFailed = (recorder: RecorderService, hook: string) => ({
  _tag: "mvx-metrics/HookFailed",
  recorderId: recorder.recorderId,
  hook
})

onBothLayers("the hook onStarting", (it) => {
  it.effect("runs before the first event is folded; events are accepted meanwhile and keep their order", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const steps: Array<string> = []
      const recorder = yield* newRecorder({
        onStarting: Effect.andThen(
          gate.pass,
          Effect.sync(() => void steps.push("started"))
        ),
        onMetricChanged: ({ sequence }) => Effect.sync(() => void steps.push(`event ${sequence}`))
      })
      yield* recorder.register(TickLog)
      yield* recorder.emit(tick(1))
      yield* gate.reached
      expect(yield* recorder.emit(tick(2))).toBe(true)
      expect(recorder.emitUnsafe(tick(3))).toBe(true)
      expect(yield* recorder.stats).toMatchObject({ state: "Starting", accepted: 3, pending: 3 })
      yield* gate.open
      expect((yield* recorder.snapshot(TickLog)).dimensions.log.map(([n]) => n)).toEqual([1, 2, 3])
      expect(steps).toEqual(["started", "event 1", "event 2", "event 3"])
    })
  )

  it.effect("does not run inside the emitting call: user code would block the producer", () =>
    Effect.gen(function* () {
      const ran: Array<string> = []
      const recorder = yield* newRecorder({ onStarting: Effect.sync(() => void ran.push("onStarting")) })
      recorder.emitUnsafe(tick())
      expect(ran).toEqual([])
      yield* recorder.snapshots
      expect(ran).toEqual(["onStarting"])
    })
  )

  for (const [how, hook] of wrong) {
    it.effect(`fails the start when it ${how}`, () =>
      Effect.gen(function* () {
        const gate = yield* makeGate
        const recorder = yield* newRecorder({ onStarting: Effect.andThen(gate.pass, hook) })
        const starts = yield* Effect.forkScoped(
          Effect.all([Effect.flip(recorder.start), Effect.flip(recorder.start)], { concurrency: 2 })
        )
        yield* gate.reached
        yield* gate.open
        for (const error of yield* Fiber.join(starts)) expect(error).toMatchObject(hookFailed(recorder, "onStarting"))
        expect(yield* recorder.state).toBe("Failed")
      })
    )
  }

  it.effect("has its error as the cause of the failure, and in its message", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ onStarting: Effect.fail(diskFull) })
      const error = yield* Effect.flip(recorder.start)
      expect(error).toMatchObject({ cause: diskFull })
      expect(error.message).toContain(diskFull.message)
    })
  )

  it.effect("leaves a recorder whose start failed neither started nor stopped again", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ onStarting: Effect.fail(diskFull) })
      yield* Effect.flip(recorder.start)
      expect(yield* Effect.flip(recorder.start)).toMatchObject({ _tag: "mvx-metrics/InvalidState", state: "Failed" })
      expect(yield* Effect.flip(recorder.stop)).toMatchObject({ _tag: "mvx-metrics/RecorderFailed" })
    })
  )

  it.effect("leaves accepted events pending when it fails: reads report why, and new events are refused", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ onStarting: Effect.andThen(gate.pass, Effect.fail(diskFull)) })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.emit(tick())
      const waiting = yield* forkNow(Effect.flip(recorder.snapshots))
      yield* gate.open
      for (const error of [yield* Fiber.join(waiting), yield* Effect.flip(recorder.snapshots)]) {
        expect(error).toMatchObject({ _tag: "mvx-metrics/RecorderFailed", recorderId: recorder.recorderId })
        expect(error.message).toContain(diskFull.message)
      }
      expect(yield* Effect.flip(recorder.emit(tick()))).toMatchObject({
        _tag: "mvx-metrics/InvalidState",
        state: "Failed"
      })
      expect(yield* recorder.stats).toMatchObject({
        state: "Failed",
        accepted: 2,
        pending: 2,
        refusedBy: { overflow: 0, invalid: 0, notRunning: 1 }
      })
    })
  )

  it.effect("a stop that waits for a failing start fails with it", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ onStarting: Effect.andThen(gate.pass, Effect.fail(diskFull)) })
      yield* recorder.emit(tick())
      const stopping = yield* forkNow(Effect.flip(recorder.stop))
      yield* gate.open
      expect((yield* Fiber.join(stopping)).message).toContain(diskFull.message)
    })
  )
})

onBothLayers("the hook onStopped", (it) => {
  for (const [how, hook] of wrong) {
    it.effect(`fails the stop when it ${how}; as everything was folded, snapshots can be read`, () =>
      Effect.gen(function* () {
        const gate = yield* makeGate
        const recorder = yield* newRecorder({ onStopped: Effect.andThen(gate.pass, hook) })
        yield* recorder.register(Ticks)
        yield* recorder.emit(tick(4))
        const stops = yield* Effect.forkScoped(
          Effect.all([Effect.flip(recorder.stop), Effect.flip(recorder.stop)], { concurrency: 2 })
        )
        yield* gate.reached
        yield* gate.open
        for (const error of yield* Fiber.join(stops)) expect(error).toMatchObject(hookFailed(recorder, "onStopped"))
        expect(yield* recorder.state).toBe("Failed")
        expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 4 })
        expect(yield* recorder.stats).toMatchObject({ applied: 1, pending: 0 })
      })
    )
  }
})

class Sink extends Context.Service<Sink, { readonly lines: Array<string> }>()("test/Sink") {}

onBothLayers("the capabilities of hooks", (it) => {
  it.effect("they have the environment of the code that created the recorder", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const write = (line: string) => Effect.map(Sink, (sink) => void sink.lines.push(line))
      const recorder = yield* newRecorder({
        onStarting: write("starting"),
        onMetricChanged: ({ tag }) => write(tag),
        onStopped: write("stopped")
      }).pipe(Effect.provideService(Sink, { lines }))
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* recorder.stop
      expect(lines).toEqual(["starting", "probe.tick", "stopped"])
    })
  )

  it.effect("onStarting can register metrics and emit", () =>
    Effect.gen(function* () {
      const recorder: RecorderService = yield* newRecorder({
        onStarting: Effect.suspend(() => Effect.andThen(recorder.register(Notes), recorder.emit(note("open"))))
      })
      yield* recorder.start
      yield* recorder.emit(note("first"))
      expect((yield* recorder.snapshot(Notes)).dimensions.notes).toEqual(["open", "first"])
    })
  )

  it.effect("onMetricChanged can emit", () =>
    Effect.gen(function* () {
      const recorder: RecorderService = yield* newRecorder({
        onMetricChanged: ({ sequence, tag }) =>
          tag === "probe.tick" ? recorder.emit(note(`event ${sequence}`)) : Effect.void
      })
      yield* recorder.register(Ticks)
      yield* recorder.register(Notes)
      for (let n = 0; n < 3; n++) yield* recorder.emit(tick())
      // The first read includes the ticks, after whose hooks the notes were accepted.
      yield* recorder.snapshots
      expect((yield* recorder.snapshot(Notes)).dimensions.notes).toEqual(["event 1", "event 2", "event 3"])
    })
  )

  it.effect("an event of onStopped is too late, and is counted", () =>
    Effect.gen(function* () {
      const errors: Array<unknown> = []
      const recorder: RecorderService = yield* newRecorder({
        onStopped: Effect.suspend(() =>
          Effect.map(Effect.flip(recorder.emit(tick())), (error) => void errors.push(error))
        )
      })
      yield* recorder.start
      yield* recorder.stop
      expect(errors).toMatchObject([{ _tag: "mvx-metrics/InvalidState", state: "Stopping" }])
      expect((yield* recorder.stats).refusedBy.notRunning).toBe(1)
    })
  )
})
