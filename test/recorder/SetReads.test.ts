// A set is read as a whole: the snapshots of its metrics by name in one read, and the changes of these metrics only.
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, type Scope, Stream } from "effect"
import { Metric, Recorder, type RecorderService } from "mvx-metrics"
import { TestRecorder } from "mvx-metrics/testing"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { recordLogs } from "../support/logs.ts"
import { EvenTicks, Notes, note, ProbeEvent, Ticks, tick } from "../support/probe.metrics.ts"

const TicksAndNotes = Metric.combine(Ticks, Metric.combine(Notes))

/** Another definition under the name of Ticks. */
const CountedTicks = Metric.counter("probe.ticks", { events: ProbeEvent, when: "probe.tick" })

const emitAll = (recorder: RecorderService): void => {
  for (const event of [tick(1), note("a"), tick(2)]) recorder.emitUnsafe(event)
}

const readsOfASet = (recorder: RecorderService) =>
  Effect.gen(function* () {
    yield* recorder.register(Metric.combine(TicksAndNotes, EvenTicks))
    emitAll(recorder)
    const snapshots = yield* recorder.snapshot(TicksAndNotes)
    expect(snapshots).toEqual({
      "probe.ticks": { name: "probe.ticks", dimensions: { count: 2, sum: 3 } },
      "probe.notes": { name: "probe.notes", dimensions: { notes: ["a"] } }
    })
    expect(snapshots["probe.ticks"].dimensions.sum).toBe(3)
    expect(yield* recorder.snapshot(EvenTicks)).toEqual({ name: "probe.even_ticks", dimensions: { value: 1 } })
  })

const refusals = (recorder: RecorderService) =>
  Effect.gen(function* () {
    yield* recorder.register(Notes)
    const missing = { _tag: "mvx-metrics/MetricNotRegistered", metric: "probe.ticks" }
    expect(yield* Effect.flip(recorder.snapshot(TicksAndNotes))).toMatchObject(missing)
    expect(yield* Effect.flip(Stream.runDrain(recorder.changesOf(TicksAndNotes)))).toMatchObject(missing)
    expect(yield* Effect.flip(Stream.runDrain(recorder.changesOf(Ticks)))).toMatchObject(missing)
    const noMetric = yield* Effect.exit(Stream.runDrain(recorder.changesOf("probe.ticks" as never)))
    expect(Exit.isFailure(noMetric) && Cause.squash(noMetric.cause)).toMatchObject({ argument: "metric" })
  })

const changesOfASet = (recorder: RecorderService) =>
  Effect.gen(function* () {
    yield* recorder.register(Metric.combine(TicksAndNotes, EvenTicks))
    const changes = Stream.map(recorder.changesOf(TicksAndNotes), ({ sequence, snapshot }) =>
      snapshot.name === "probe.notes"
        ? [sequence, snapshot.dimensions.notes.length, "notes"]
        : [sequence, snapshot.dimensions.sum, "sum"]
    )
    const ofSet = yield* forkNow(Stream.runCollect(Stream.take(changes, 3)))
    const ofOne = yield* forkNow(Stream.runCollect(Stream.take(recorder.changesOf(EvenTicks), 1)))
    emitAll(recorder)
    expect(yield* Fiber.join(ofSet)).toEqual([
      [1, 1, "sum"],
      [2, 1, "notes"],
      [3, 3, "sum"]
    ])
    expect((yield* Fiber.join(ofOne)).map(({ sequence, snapshot }) => [sequence, snapshot.dimensions.value])).toEqual([
      [3, 1]
    ])
  })

onBothLayers("a set", (it) => {
  it.effect("is read at once, by the names of its metrics", () => Effect.flatMap(newRecorder(), readsOfASet))

  it.effect("is rejected if one of its metrics is not registered", () => Effect.flatMap(newRecorder(), refusals))

  it.effect("has the changes of its metrics only", () => Effect.flatMap(newRecorder(), changesOfASet))

  it.effect("is read in one read, however many metrics it has", () =>
    Effect.gen(function* () {
      const { layer, lines } = recordLogs()
      yield* Effect.gen(function* () {
        const recorder = yield* newRecorder({ logging: "inspection" })
        yield* recorder.register(TicksAndNotes)
        emitAll(recorder)
        yield* recorder.snapshot(TicksAndNotes)
      }).pipe(Effect.provide(layer))
      expect(lines.map(({ text }) => text).filter((text) => text.includes("read"))).toEqual([
        "read the metrics probe.ticks, probe.notes up to event 3"
      ])
    })
  )

  it.effect("never blocks the fold for changes of other metrics", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Metric.combine(Ticks, Notes))
      const first = yield* forkNow(Stream.runHead(recorder.changesOf(Notes)))
      for (let n = 0; n < 1000; n++) recorder.emitUnsafe(tick(1))
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1000)
      recorder.emitUnsafe(note("a"))
      expect(yield* Fiber.join(first)).toMatchObject({ value: { sequence: 1001, tag: "probe.note" } })
    })
  )
})

it.effect("the changes of a metric are those of its definition, not of one that replaced it", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder.make()
    yield* recorder.register(Ticks)
    const seen: Array<unknown> = []
    const changes = Stream.tap(recorder.changesOf(Ticks), ({ snapshot }) => Effect.sync(() => seen.push(snapshot)))
    const listening = yield* forkNow(Stream.runDrain(changes))
    recorder.emitUnsafe(tick(2))
    yield* recorder.snapshots
    yield* recorder.register(CountedTicks, { replace: true })
    recorder.emitUnsafe(tick(2))
    yield* recorder.stop
    yield* Fiber.join(listening)
    expect(seen).toEqual([{ name: "probe.ticks", dimensions: { count: 1, sum: 2 } }])
  })
)

describe("a set in a test recorder", () => {
  const tested = <E>(test: (recorder: RecorderService) => Effect.Effect<void, E, Scope.Scope>) =>
    Effect.provide(Recorder.use(test), TestRecorder.layerSync())

  it.effect("is read at once, by the names of its metrics", () => tested(readsOfASet))
  it.effect("is rejected if one of its metrics is not registered", () => tested(refusals))
  it.effect("has the changes of its metrics only", () => tested(changesOfASet))
})
