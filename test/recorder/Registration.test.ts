import { expect, layer } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { Metric } from "mvx-metrics"
import { newRecorder, onBothLayers, runtimeLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import * as probe from "../support/probe.metrics.ts"
import { EvenTicks, Notes, note, ProbeEvent, Ticks, tick } from "../support/probe.metrics.ts"
import { reasonOf } from "../support/registerReason.ts"

const events = ProbeEvent
const { initial } = Ticks
const reduce = {
  "probe.tick": (state: Metric.State<typeof Ticks>, event: Extract<ProbeEvent, { readonly _tag: "probe.tick" }>) =>
    Metric.reduce(Ticks, state, event)
}

/** The definition `Ticks` once more. */
const sameTicks = () => Metric.make(Ticks.name, { events, initial, reduce })

/** Another definition than `Ticks`, of the same name. */
const OtherTicks = Metric.make(Ticks.name, { events, initial, reduce, unit: "{tick}" })

onBothLayers("registering a metric", (it) => {
  it.effect("again changes nothing if it is the same definition", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(4))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 7 })
    })
  )

  it.effect("under a taken name fails, and the first definition stays", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      for (const options of [undefined, {}, { replace: false }]) {
        expect(yield* reasonOf(recorder.register(OtherTicks, options))).toMatchObject({
          _tag: "mvx-metrics/MetricNameTaken",
          metric: Ticks.name,
          recorderId: recorder.recorderId
        })
      }
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 3 })
    })
  )

  it.effect("fails with a reason that can be handled by its tag", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      const registering = Effect.as(recorder.register(OtherTicks), "registered")
      const handled = Effect.catchReason(
        registering,
        "mvx-metrics/RegisterError",
        "mvx-metrics/MetricNameTaken",
        ({ metric }, { recorderId }) => Effect.succeed([metric, recorderId])
      )
      expect(yield* handled).toEqual([Ticks.name, recorder.recorderId])
      const unwrapped = Effect.unwrapReason(registering, "mvx-metrics/RegisterError")
      const caught = Effect.catchTag(unwrapped, "mvx-metrics/MetricNameTaken", ({ metric }) => Effect.succeed(metric))
      expect(yield* caught).toBe(Ticks.name)
      const other = Effect.catchReasons(registering, "mvx-metrics/RegisterError", {
        "mvx-metrics/UnknownMetric": () => Effect.succeed("unknown")
      })
      expect(yield* reasonOf(other)).toMatchObject({ _tag: "mvx-metrics/MetricNameTaken" })
    })
  )

  it.effect("in place of another object starts empty, with the events accepted afterwards", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const New = sameTicks()
      yield* recorder.register(Ticks)
      recorder.emitUnsafe(tick(3))
      yield* recorder.register(New, { replace: true })
      recorder.emitUnsafe(tick(4))
      yield* recorder.register(New, { replace: true })
      expect((yield* recorder.metrics)[0]).toBe(New)
      expect((yield* recorder.snapshot(New)).dimensions).toEqual({ count: 1, sum: 4 })
      expect(yield* Effect.flip(recorder.snapshot(OtherTicks))).toMatchObject({
        _tag: "mvx-metrics/MetricNotRegistered"
      })
      yield* recorder.register(Ticks, { replace: true })
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 0, sum: 0 })
      expect(yield* recorder.stats).toMatchObject({ accepted: 2, applied: 2 })
    })
  )

  it.effect("with replace under a free name is an ordinary registration", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks, { replace: true })
      yield* recorder.emit(tick())
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1)
    })
  )

  it.effect("measures the events accepted afterwards, and none before", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* newRecorder({ onStarting: gate.pass })
      // None of these is folded before the gate opens: it is acceptance that counts, not the fold.
      recorder.emitUnsafe(tick(1))
      yield* recorder.register(Ticks)
      recorder.emitUnsafe(tick(2))
      yield* gate.open
      yield* recorder.snapshots
      recorder.emitUnsafe(tick(4))
      yield* recorder.register(EvenTicks)
      recorder.emitUnsafe(tick(8))
      expect((yield* recorder.snapshot(Ticks)).dimensions.sum).toBe(14)
      expect((yield* recorder.snapshot(EvenTicks)).dimensions.value).toBe(1)
      expect(yield* recorder.stats).toMatchObject({ accepted: 4, applied: 3, ignored: 1 })
    })
  )

  it.effect("is possible while the recorder is idle, starting or running, and not afterwards", () =>
    Effect.gen(function* () {
      const starting = yield* makeGate
      const stopping = yield* makeGate
      const recorder = yield* newRecorder({ onStarting: starting.pass, onStopped: stopping.pass })
      yield* recorder.register(Ticks)
      yield* forkNow(recorder.start)
      yield* starting.reached
      yield* recorder.register(EvenTicks)
      yield* starting.open
      yield* recorder.emit(tick(2))
      yield* recorder.snapshots
      yield* recorder.register(Notes)
      yield* recorder.emit(note("a"))
      const stopped = yield* forkNow(recorder.stop)
      yield* stopping.reached
      const refused = reasonOf(recorder.register(probe.TickLog))
      expect(yield* refused).toMatchObject({ _tag: "mvx-metrics/InvalidState", subject: "recorder", state: "Stopping" })
      yield* stopping.open
      yield* Fiber.join(stopped)
      expect(yield* refused).toMatchObject({ _tag: "mvx-metrics/InvalidState", subject: "recorder", state: "Stopped" })
      expect(Object.keys(yield* recorder.snapshots)).toEqual([Ticks.name, EvenTicks.name, Notes.name])
    })
  )

  it.effect("is rejected by a recorder that has failed", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ onStarting: Effect.fail("no") })
      yield* Effect.flip(recorder.start)
      expect(yield* reasonOf(recorder.register(Ticks))).toMatchObject({
        _tag: "mvx-metrics/InvalidState",
        state: "Failed"
      })
    })
  )

  it.effect("in two recorders gives two independent states", () =>
    Effect.gen(function* () {
      const a = yield* newRecorder()
      const b = yield* newRecorder()
      yield* a.register(Ticks)
      yield* b.register(Ticks)
      yield* a.emit(tick(1))
      yield* b.emit(tick(10))
      yield* b.emit(tick(20))
      expect((yield* a.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 1 })
      expect((yield* b.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 30 })
    })
  )

  it.effect(
    "is required for reading it: otherwise the read fails with MetricNotRegistered, which lists the registered ones",
    () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Ticks)
        yield* recorder.register(Notes)
        const error = yield* Effect.flip(recorder.snapshot(EvenTicks))
        expect(error).toMatchObject({
          _tag: "mvx-metrics/MetricNotRegistered",
          metric: EvenTicks.name,
          recorderId: recorder.recorderId,
          registered: [Ticks.name, Notes.name]
        })
      })
  )
})

layer(runtimeLayers()["on the worker"]!)("the worker's definitions", (it) => {
  it.effect("a name that the worker does not know is an error that lists the known ones", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const Stranger = Metric.make("stranger.ticks", { events, initial, reduce })
      const error = yield* reasonOf(recorder.register(Stranger))
      expect(error).toMatchObject({ _tag: "mvx-metrics/UnknownMetric", metric: "stranger.ticks" })
      const known = Object.values(probe).filter(Metric.isMetric)
      expect(error._tag === "mvx-metrics/UnknownMetric" && [...error.known].sort()).toEqual(
        known.map(({ name }) => name).sort()
      )
      for (const { name } of known) expect(error.message).toContain(name)
      expect(yield* recorder.snapshots).toEqual({})
    })
  )

  const OtherEvent = Schema.TaggedUnion({ "probe.tick": { n: Schema.BigInt } })
  const differing: ReadonlyArray<readonly [part: string, metric: Metric.Any]> = [
    ["events", Metric.make(Ticks.name, { events: OtherEvent, initial, reduce: { "probe.tick": (state) => state } })],
    ["initial state", Metric.make(Ticks.name, { events, initial: { count: 1, sum: 0 }, reduce })],
    [
      "tags it reduces",
      Metric.make(Ticks.name, { events, initial, reduce: { ...reduce, "probe.note": (state) => state } })
    ],
    ["unit", Metric.make(Ticks.name, { events, initial, reduce, unit: "{tick}" })],
    ["description", Metric.make(Ticks.name, { events, initial, reduce, description: "ticks" })]
  ]
  it.effect.each(differing)(
    "a definition that differs on the worker in its %s is an error that says so",
    ([part, metric]) =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        const error = yield* reasonOf(recorder.register(metric))
        expect(error).toMatchObject({ _tag: "mvx-metrics/DefinitionMismatch", metric: Ticks.name, differences: [part] })
        expect(error.message).toContain(part)
        expect(yield* recorder.snapshots).toEqual({})
      })
  )

  it.effect("a definition with the same data is the same, whatever the text of its functions", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(sameTicks())
      yield* recorder.emit(tick(2))
      expect((yield* recorder.snapshot(sameTicks())).dimensions).toEqual({ count: 1, sum: 2 })
    })
  )
})
