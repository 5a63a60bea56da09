// Names that collide in Prometheus are rejected when the second metric is registered, anywhere in the runtime.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Metric, MetricsRuntime, Recorder } from "mvx-metrics"
import { reasonOf } from "../support/registerReason.ts"

const events = Schema.TaggedUnion({ job: { n: Schema.Number, "a.b": Schema.String, a_b: Schema.String } })
const value = { events, value: "n" } as const
const boundaries = [1]

const inRuntime = Effect.gen(function* () {
  const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test", logging: "silent" })
  yield* runtime.start
  return runtime
})

const twoRecorders = Effect.gen(function* () {
  const runtime = yield* inRuntime
  return [yield* runtime.createRecorder("a"), yield* runtime.createRecorder("b"), runtime] as const
})

const pairs: ReadonlyArray<readonly [one: Metric.Any, other: Metric.Any, as: string]> = [
  [Metric.counter("a.b", { events }), Metric.counter("a-b", { events }), "a_b"],
  [Metric.counter("a.total", { events }), Metric.counter("a", { events }), "a"],
  [Metric.counter("a", { events }), Metric.gauge("a.total", value), "a_total"],
  [Metric.histogram("a", { ...value, boundaries }), Metric.gauge("a.bucket", value), "a_bucket"],
  [Metric.histogram("a", { ...value, boundaries }), Metric.gauge("a.count", value), "a_count"],
  [Metric.summary("a", value), Metric.gauge("a.sum", value), "a_sum"],
  [Metric.summary("a", value), Metric.gauge("a.created", value), "a_created"],
  [Metric.gauge("a", { ...value, unit: "ms" }), Metric.gauge("a.seconds", value), "a_seconds"],
  [Metric.minMax("a", value), Metric.gauge("a.max", value), "a_max"]
]

describe.each(pairs)("$0.name and $1.name", (one, other, as) => {
  it.effect("cannot both be registered, whichever is first", () =>
    Effect.gen(function* () {
      for (const [first, second] of [
        [one, other],
        [other, one]
      ] as const) {
        const [a, b] = yield* twoRecorders
        yield* a.register(first)
        const error = yield* reasonOf(b.register(second))
        expect(error).toMatchObject({ _tag: "mvx-metrics/MetricNameCollision", metric: second.name, other: first.name })
        expect(yield* reasonOf(a.register(second))).toEqual(error)
        expect(yield* b.metrics).toEqual([])
      }
      const [a, b] = yield* twoRecorders
      yield* a.register(one)
      expect(yield* reasonOf(b.register(other))).toMatchObject({ as })
    })
  )
})

it.effect("one name cannot have two types or two units", () =>
  Effect.gen(function* () {
    const [a, b] = yield* twoRecorders
    yield* a.register(Metric.counter("a", { events }))
    const kinds = [Metric.gauge("a", value), Metric.counter("a", { ...value, unit: "s" }), Metric.minMax("a", value)]
    for (const other of kinds) {
      expect(yield* reasonOf(b.register(other))).toMatchObject({
        _tag: "mvx-metrics/MetricNameCollision",
        metric: "a",
        other: "a"
      })
    }
  })
)

it.effect("a definition can be registered in many recorders, and so can an equivalent one", () =>
  Effect.gen(function* () {
    const [a, b] = yield* twoRecorders
    const Jobs = Metric.counter("a", { events })
    yield* a.register(Jobs)
    yield* a.register(Jobs)
    yield* b.register(Jobs)
    const [c] = yield* twoRecorders
    yield* c.register(Metric.counter("a", { events }))
  })
)

it.effect("a set is registered as a whole or not at all", () =>
  Effect.gen(function* () {
    const [a, b] = yield* twoRecorders
    const set = Metric.combine(Metric.counter("a", { events }), Metric.counter("b", { events }))
    yield* a.register(Metric.counter("b.total", { events }))
    expect(yield* reasonOf(b.register(set))).toMatchObject({ metric: "b", other: "b.total" })
    expect(yield* b.metrics).toEqual([])
    // Nothing of it is left: its first name is free.
    yield* b.register(Metric.counter("a.total", { events }))
  })
)

it.effect("a name is free again when the last recorder with it is removed", () =>
  Effect.gen(function* () {
    const [a, b, runtime] = yield* twoRecorders
    const Jobs = Metric.counter("a", { events })
    const other = Metric.gauge("a", value)
    yield* a.register(Jobs)
    yield* b.register(Jobs)
    const c = yield* runtime.createRecorder("c")
    yield* runtime.stopAndRemoveRecorder("a")
    expect(yield* reasonOf(c.register(other))).toMatchObject({ _tag: "mvx-metrics/MetricNameCollision" })
    yield* runtime.stopAndRemoveRecorder("b")
    yield* c.register(other)
  })
)

it.effect("a replacing definition gives its name a new type if no other recorder has the name", () =>
  Effect.gen(function* () {
    const [a, b] = yield* twoRecorders
    const Jobs = Metric.counter("a", { events })
    const Level = Metric.gauge("a", value)
    yield* a.register(Jobs)
    yield* a.register(Level, { replace: true })
    yield* b.register(Level)
    expect(yield* reasonOf(a.register(Jobs, { replace: true }))).toMatchObject({
      _tag: "mvx-metrics/MetricNameCollision"
    })
    expect(yield* a.metrics).toEqual([Level])
  })
)

it.effect("labels of a metric with the same exported name are rejected", () =>
  Effect.gen(function* () {
    const [a] = yield* twoRecorders
    const metric = Metric.counter("a", { events, labels: ["a.b", "a_b"] })
    expect(yield* reasonOf(a.register(metric))).toMatchObject({ metric: "a{a_b}", other: "a{a.b}", as: "a_b" })
  })
)

it.effect("recorders of different runtimes do not collide", () =>
  Effect.gen(function* () {
    const [a] = yield* twoRecorders
    yield* a.register(Metric.counter("a", { events }))
    const [b] = yield* twoRecorders
    yield* b.register(Metric.gauge("a", value))
    yield* (yield* Recorder.make()).register(Metric.gauge("a", value))
  })
)
