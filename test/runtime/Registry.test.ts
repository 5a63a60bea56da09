import { expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Option } from "effect"
import { MetricsRuntime, Recorder, type RuntimeService } from "mvx-metrics"
import { badInputOf } from "../support/badInput.ts"
import { onBothLayers } from "../support/bothLayers.ts"
import { onBothRuntimes, started } from "../support/bothRuntimes.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { recordLogs } from "../support/logs.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

let starts = 0
const counting = { onStarting: Effect.sync(() => starts++) }

onBothLayers("the registry", (it) => {
  it.effect("creates a recorder under an id, and returns it to any caller", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("created")
      expect(recorder.recorderId).toBe("created")
      expect(yield* recorder.state).toBe("Running")
      expect(yield* runtime.getRecorder("created")).toBe(recorder)
      expect(yield* runtime.findRecorder("created")).toEqual(Option.some(recorder))
    })
  )

  it.effect("lists the ids in order of creation", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      for (const id of ["order c", "order a", "order b"]) yield* runtime.createRecorder(id)
      yield* runtime.stopAndRemoveRecorder("order a")
      yield* runtime.createRecorder("order a")
      const ids = (yield* runtime.recorderIds).filter((id) => id.startsWith("order "))
      expect(ids).toEqual(["order c", "order b", "order a"])
    })
  )

  it.effect("trims ids wherever they are passed", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("  trimmed\n")
      expect(recorder.recorderId).toBe("trimmed")
      expect(recorder.entityId).toBe("trimmed")
      expect(yield* runtime.recorderIds).toContain("trimmed")
      expect(yield* runtime.getRecorder(" trimmed ")).toBe(recorder)
      expect(yield* runtime.findRecorder("trimmed ")).toEqual(Option.some(recorder))
      expect(yield* Effect.flip(runtime.createRecorder("\ttrimmed"))).toMatchObject({ recorderId: "trimmed" })
      yield* runtime.stopRecorder(" trimmed")
      yield* runtime.stopAndRemoveRecorder("trimmed ")
      expect(yield* runtime.findRecorder("trimmed")).toEqual(Option.none())
    })
  )

  const byId: ReadonlyArray<
    readonly [name: string, (runtime: RuntimeService, id: string) => Effect.Effect<unknown, unknown>]
  > = [
    ["createRecorder", (runtime, id) => runtime.createRecorder(id)],
    ["getRecorder", (runtime, id) => runtime.getRecorder(id)],
    ["findRecorder", (runtime, id) => runtime.findRecorder(id)],
    ["stopRecorder", (runtime, id) => runtime.stopRecorder(id)],
    ["stopAndRemoveRecorder", (runtime, id) => runtime.stopAndRemoveRecorder(id)]
  ]
  it.effect.each(byId)("%s rejects a blank or invalid id", ([_, call]) =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const before = yield* runtime.recorderIds
      for (const id of ["", "  \n", undefined, null, 7, {}]) {
        expect(yield* badInputOf(call(runtime, id as never))).toMatchObject({ argument: "recorderId" })
      }
      expect(yield* runtime.recorderIds).toEqual(before)
    })
  )

  const ofKnown = byId.filter(([name]) => !["createRecorder", "findRecorder"].includes(name))
  it.effect.each(ofKnown)("%s of an unknown id is RecorderNotFound", ([_, call]) =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      expect(yield* Effect.flip(call(runtime, " nobody "))).toMatchObject({
        _tag: "mvx-metrics/RecorderNotFound",
        recorderId: "nobody",
        namespace: runtime.namespace
      })
    })
  )

  it.effect("finds nothing under an unknown id", () =>
    Effect.gen(function* () {
      expect(yield* (yield* MetricsRuntime).findRecorder("nobody")).toEqual(Option.none())
    })
  )

  it.effect("gives an id to one recorder only", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const first = yield* runtime.createRecorder("taken")
      expect(yield* Effect.flip(runtime.createRecorder("taken"))).toMatchObject({
        _tag: "mvx-metrics/RecorderAlreadyExists",
        recorderId: "taken",
        namespace: runtime.namespace
      })
      expect(yield* runtime.getRecorder("taken")).toBe(first)
    })
  )

  it.effect("frees the id of a failed create", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      yield* badInputOf(runtime.createRecorder("failed create", { capacity: 0 }))
      expect(yield* runtime.findRecorder("failed create")).toEqual(Option.none())
      yield* runtime.createRecorder("failed create")
    })
  )

  it.effect("replaces a blank entity id by a unique one, and trims others", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const a = yield* runtime.createRecorder("entity a", { entityId: "" })
      const b = yield* runtime.createRecorder("entity b", { entityId: "   " })
      const c = yield* runtime.createRecorder("entity c", { entityId: " document 7 " })
      expect(a.entityId.trim()).not.toBe("")
      expect(b.entityId.trim()).not.toBe("")
      expect(a.entityId).not.toBe(b.entityId)
      expect(c.entityId).toBe("document 7")
      expect((yield* c.report).entityId).toBe("document 7")
    })
  )

  it.effect("a stopped recorder stays registered, with its state, and can be started again", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("stopped")
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(1))
      yield* runtime.stopRecorder("stopped")
      expect(yield* recorder.state).toBe("Stopped")
      expect(yield* runtime.getRecorder("stopped")).toBe(recorder)
      yield* recorder.start
      yield* recorder.emit(tick(2))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 3 })
    })
  )

  for (const [made, make] of Object.entries({
    createRecorder: Effect.flatMap(MetricsRuntime, (runtime) => runtime.createRecorder("started first", counting)),
    "Recorder.layer": Effect.map(Layer.build(Recorder.layer("started first", counting)), Context.get(Recorder))
  })) {
    it.effect(`the first start of a recorder that its runtime has started joins that start: ${made}`, () =>
      Effect.gen(function* () {
        starts = 0
        const recorder = yield* make
        yield* recorder.start
        expect(starts).toBe(1)
        const running = { _tag: "mvx-metrics/InvalidState", id: "started first", state: "Running" }
        expect(yield* Effect.flip(recorder.start)).toMatchObject(running)
        yield* recorder.stop
        yield* recorder.start
        expect(starts).toBe(2)
        expect(yield* Effect.flip(recorder.start)).toMatchObject(running)
        yield* (yield* MetricsRuntime).stopAndRemoveRecorder("started first")
      })
    )
  }

  it.effect("a recorder that was stopped and started again does not join the start of its runtime", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("started again")
      yield* recorder.stop
      yield* recorder.start
      expect(yield* Effect.flip(recorder.start)).toMatchObject({ _tag: "mvx-metrics/InvalidState", state: "Running" })
    })
  )

  it.effect("a first start fails when the recorder has failed or is gone", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("failed first", { onStopped: Effect.fail("no") })
      yield* Effect.flip(recorder.stop)
      expect(yield* Effect.flip(recorder.start)).toMatchObject({ _tag: "mvx-metrics/InvalidState", state: "Failed" })
      const removed = yield* runtime.createRecorder("removed first")
      yield* runtime.stopAndRemoveRecorder("removed first")
      expect(yield* Effect.flip(removed.start)).toMatchObject({
        _tag: "mvx-metrics/InvalidState",
        state: "removed (Stopped)"
      })
    })
  )

  it.effect("stopping a stopped recorder does nothing", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      let stops = 0
      const onStopped = Effect.sync(() => void stops++)
      const recorder = yield* runtime.createRecorder("stopped twice", { onStopped })
      yield* runtime.stopRecorder("stopped twice")
      yield* runtime.stopRecorder("stopped twice")
      expect(yield* recorder.state).toBe("Stopped")
      expect(stops).toBe(1)
    })
  )

  it.effect("a recorder has run its onStarting when it is created", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const states: Array<unknown> = []
      const look = Effect.flatMap(runtime.getRecorder("starting"), ({ state }) => state)
      const recorder = yield* runtime.createRecorder("starting", {
        onStarting: Effect.map(look, (state) => void states.push(state))
      })
      expect(states).toEqual(["Starting"])
      expect(yield* recorder.state).toBe("Running")
    })
  )

  it.effect("a create whose onStarting fails fails with its error, and the id is free", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const cause = new RangeError("no disk")
      const create = runtime.createRecorder("unstarted", { onStarting: Effect.fail(cause) })
      expect(yield* Effect.flip(create)).toMatchObject({ _tag: "mvx-metrics/HookFailed", hook: "onStarting", cause })
      expect(yield* runtime.findRecorder("unstarted")).toEqual(Option.none())
      yield* (yield* runtime.createRecorder("unstarted")).register(Ticks)
    })
  )

  it.effect("a create whose onStarting does not end fails with WaitTimeout, interrupts it, and the id is free", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const hook = { begun: 0, interrupted: 0 }
      const onStarting = Effect.onInterrupt(
        Effect.andThen(
          Effect.sync(() => hook.begun++),
          Effect.never
        ),
        () => Effect.sync(() => hook.interrupted++)
      )
      const create = runtime.createRecorder("endless", { onStarting, waitTimeout: 5 })
      // On a busy machine the time is over before the hook has its turn, and it does not begin.
      do {
        expect(yield* Effect.flip(create)).toMatchObject({ _tag: "mvx-metrics/WaitTimeout", operation: "start" })
      } while (hook.begun === 0)
      expect(hook).toEqual({ begun: 1, interrupted: 1 })
      yield* runtime.createRecorder("endless")
    })
  )

  it.effect("an interrupted create interrupts onStarting, and the id is free", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const gate = yield* makeGate
      const interrupted = yield* Deferred.make<void>()
      const onStarting = Effect.onInterrupt(gate.pass, () => Deferred.succeed(interrupted, undefined))
      const creating = yield* forkNow(runtime.createRecorder("interrupted create", { onStarting }))
      yield* gate.reached
      expect(yield* Effect.flip(runtime.createRecorder("interrupted create"))).toMatchObject({
        _tag: "mvx-metrics/RecorderAlreadyExists"
      })
      yield* Fiber.interrupt(creating)
      yield* Deferred.await(interrupted)
      yield* runtime.createRecorder("interrupted create")
    })
  )

  it.effect("a recorder whose stop failed stays registered, and can be read", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("failed stop", { onStopped: Effect.fail("a closed sink") })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(5))
      expect(yield* Effect.flip(runtime.stopRecorder("failed stop"))).toMatchObject({ _tag: "mvx-metrics/HookFailed" })
      const found = yield* runtime.getRecorder("failed stop")
      expect((yield* found.snapshot(Ticks)).dimensions.sum).toBe(5)
      yield* runtime.stopAndRemoveRecorder("failed stop")
      expect(yield* runtime.findRecorder("failed stop")).toEqual(Option.none())
    })
  )
})

onBothRuntimes("the options of a runtime", (make) => {
  it.effect("are the defaults of its recorders, whose own options take precedence", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make({ capacity: 2, overflow: "fail" }))
      const plain = yield* runtime.createRecorder("plain")
      const own = yield* runtime.createRecorder("own", { capacity: 3 })
      const other = yield* runtime.createRecorder("other", { overflow: "drop-oldest" })
      const of = (recorder: typeof plain) => Effect.map(recorder.stats, ({ capacity }) => [capacity, recorder.overflow])
      expect(yield* of(plain)).toEqual([2, "fail"])
      expect(yield* of(own)).toEqual([3, "fail"])
      expect(yield* of(other)).toEqual([2, "drop-oldest"])
    })
  )

  it.effect("set the logging level of its recorders, unless they set it themselves", () =>
    Effect.gen(function* () {
      const { layer, lines } = recordLogs()
      yield* Effect.gen(function* () {
        const runtime = yield* started(make({ logging: "silent" }))
        yield* runtime.createRecorder("quiet")
        yield* runtime.createRecorder("loud", { logging: "inspection" })
      }).pipe(Effect.provide(layer))
      expect(lines.length).toBeGreaterThan(0)
      for (const { annotations } of lines) expect(annotations).toEqual({ namespace: "test", recorderId: "loud" })
    })
  )

  it.effect("set its own logging level: its lifecycle, with its namespace, and nothing when silent", () =>
    Effect.gen(function* () {
      for (const logging of ["silent", "normal", "inspection"] as const) {
        const { layer, lines } = recordLogs()
        yield* Effect.scoped(started(make({ logging }))).pipe(Effect.provide(layer))
        const line = { level: "Debug", annotations: { namespace: "test" } }
        expect(lines).toMatchObject(logging === "silent" ? [] : [line, line])
      }
    })
  )
})
