// An equal definition is the same definition: a module that is loaded twice, or a function that recreates its metrics.
import { expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { MetricsRuntime as EffectRuntime, Metric, Recorder, Snapshot } from "mvx-metrics"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { catalogOf } from "../../src/internal/worker/main.ts"
import { MetricsRuntime } from "../../src/MetricsClient.ts"
import { TestRecorder } from "../../src/testing/index.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import * as probe from "../support/probe.metrics.ts"
import { NotesByText, note, Sums, Ticks, tick } from "../support/probe.metrics.ts"

/** The module once more. */
// @ts-expect-error: a query makes another module of the same file.
const copy: typeof probe = await import("../support/probe.metrics.ts?2")

it("the copy is another module", () => {
  expect(copy.Ticks).not.toBe(Ticks)
  expect(copy.ProbeEvent).not.toBe(probe.ProbeEvent)
})

onBothLayers("a copy of a registered metric", (it) => {
  it.effect("counts as registered, and the first definition stays in use", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      yield* recorder.register(copy.Ticks)
      yield* recorder.emit(copy.tick(4))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 2, sum: 7 })
      expect((yield* recorder.metrics)[0]).toBe(Ticks)
    })
  )

  it.effect("can be used for reads, resets and differences like the metric itself", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Metric.combine(Ticks, Sums))
      yield* recorder.register(Metric.combine(copy.Sums, copy.NotesByText))
      yield* recorder.emit(tick(3))
      yield* recorder.emit(copy.note("x"))
      yield* recorder.emit(note("x"))
      const { read } = yield* recorder.deltaReader
      yield* read
      yield* recorder.register(copy.Ticks)
      yield* recorder.emit(tick(4))
      expect((yield* read)[Sums.name]).toMatchObject({ dimensions: { value: 4 } })
      for (const metric of [Ticks, copy.Ticks]) {
        expect((yield* recorder.snapshot(metric)).dimensions).toEqual({ count: 2, sum: 7 })
      }
      expect((yield* recorder.snapshot(NotesByText)).dimensions.value).toBe(2)
      expect((yield* recorder.metrics).map(({ name }) => name)).toEqual([Ticks.name, Sums.name, NotesByText.name])
      yield* recorder.reset(copy.Ticks)
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 0, sum: 0 })
      expect((yield* recorder.snapshot(copy.Sums)).dimensions).toEqual({ value: 7 })
    })
  )

  it.effect("replaces it with replace, and starts empty", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(3))
      yield* recorder.register(copy.Ticks, { replace: true })
      yield* recorder.emit(tick(4))
      yield* recorder.register(copy.Ticks, { replace: true })
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 4 })
      expect((yield* recorder.metrics)[0]).toBe(copy.Ticks)
    })
  )

  it.effect("in another recorder of the runtime shares its exported names", () =>
    Effect.gen(function* () {
      const runtime = yield* EffectRuntime
      const [one, other] = [yield* newRecorder(), yield* newRecorder()]
      yield* one.register(NotesByText)
      yield* other.register(copy.NotesByText)
      yield* one.emit(note("only in one"))
      yield* other.emit(copy.note("only in other"))
      const scrape = internalsOf(runtime).scrape({ rendering: { format: "text" }, timeout: "5 seconds" })
      const text = Buffer.concat(yield* scrape).toString()
      expect(text.match(/^# TYPE probe_notes_by_text/gm)).toHaveLength(1)
      const series = text
        .match(/^probe_notes_by_text_total\{.*/gm)
        ?.filter((line) => /text="only in (one|other)"/.test(line))
      expect(series).toHaveLength(2)
    })
  )
})

it.effect("a function that creates its family and metrics on each call continues counting", () =>
  Effect.gen(function* () {
    const make = () => {
      const events = Schema.TaggedUnion({ "job.done": { seconds: Schema.Number } })
      return Metric.combine(
        Metric.counter("jobs", { events }),
        Metric.histogram("job.duration", { events, value: "seconds", unit: "s" })
      )
    }
    const recorder = yield* Recorder.make()
    for (let n = 0; n < 10; n++) {
      yield* recorder.register(make())
      yield* recorder.emit({ _tag: "job.done", seconds: 1 })
    }
    expect((yield* recorder.snapshots).jobs).toMatchObject({ dimensions: { value: 10 } })
    expect((yield* recorder.snapshots)["job.duration"]).toMatchObject({ dimensions: { count: 10 } })
  })
)

it("a set keeps the first of two copies, and rejects different definitions with one name", () => {
  const set = Metric.combine(Ticks, Metric.combine(copy.Sums, copy.Ticks), Sums)
  expect(set.metrics).toEqual([Ticks, copy.Sums])
  expect(set.metrics[0]).toBe(Ticks)
  const other = Metric.counter(Ticks.name, { events: probe.ProbeEvent })
  expect(() => Metric.combine(Ticks, other)).toThrow(`contains two metrics named "${Ticks.name}"`)
})

it.effect("a worker uses the first of two copies that its modules export", () =>
  Effect.gen(function* () {
    const catalog = yield* catalogOf([Ticks, copy.Ticks, Metric.combine(copy.Sums, Sums)])
    expect([...catalog.values()]).toEqual([Ticks, copy.Sums])
    expect(catalog.get(Ticks.name)).toBe(Ticks)
  })
)

it.effect("states are merged by a copy, and test recorders recognise it", () =>
  Effect.gen(function* () {
    const recorder = yield* Recorder
    yield* Recorder.register(copy.Sums)
    yield* Recorder.emit(tick(2))
    expect((yield* recorder.snapshot(copy.Sums)).dimensions).toEqual({ value: 2 })
    const states = yield* recorder.states
    expect(yield* Snapshot.merge([copy.Sums, Sums], [states, states])).toMatchObject({
      [Sums.name]: { dimensions: { value: 4 } }
    })
  }).pipe(Effect.provide(TestRecorder.layerSync({ metrics: [Sums, copy.Sums] })))
)

it("the promise API registers and reads a copy", async () => {
  await using runtime = await MetricsRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
  const recorder = await runtime.createRecorder("copies")
  await recorder.registerMetric(Ticks)
  recorder.registerEvent(tick(1))
  await recorder.registerMetric(copy.Ticks)
  recorder.registerEvent(copy.tick(2))
  expect((await recorder.getMetricSnapshot(copy.Ticks)).dimensions).toEqual({ count: 2, sum: 3 })
  await recorder.resetMetrics(copy.Ticks)
  expect((await recorder.getMetricSnapshot(Ticks)).dimensions).toEqual({ count: 0, sum: 0 })
})
