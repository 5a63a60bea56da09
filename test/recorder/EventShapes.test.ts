// For any kind of object as an event, on every path to a metric, its own properties are its fields.
import { expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { Metric, type MetricEvent, Recorder } from "mvx-metrics"
import { TestRecorder } from "mvx-metrics/testing"
import { copyEvent } from "../../src/internal/stream/rows/copyEvent.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { StreamPair } from "../support/streamPair.ts"

const fields = {
  n: Schema.optional(Schema.Number),
  s: Schema.optional(Schema.String),
  toString: Schema.optional(Schema.String),
  constructor: Schema.optional(Schema.String),
  nested: Schema.optional(Schema.Struct({ x: Schema.optional(Schema.Number), y: Schema.optional(Schema.Number) }))
}
const Family = Schema.TaggedUnion({
  row: fields,
  // An array fits no row.
  clone: { ...fields, list: Schema.optional(Schema.Array(Schema.Number)) }
})
const names = ["n", "s", "toString", "constructor"] as const

/** What a metric sees of an event: by its reducer, and by what is read by name. */
const Seen = Metric.make("seen", {
  events: Family,
  initial: [] as ReadonlyArray<unknown>,
  reduce: Object.fromEntries(
    ["row", "clone"].map((tag) => [tag, (seen: ReadonlyArray<unknown>, event: object) => [...seen, own(event)]])
  ) as never
})
const Labelled = Metric.upDownCounter("labelled", {
  events: Family,
  value: "n",
  labels: ["s", "toString", "constructor"] as never
})

const own = (event: object): unknown =>
  Object.fromEntries(
    [...names, "nested"].map((name) => [name, Object.hasOwn(event, name) ? event[name as never] : "-"])
  )

// --- events of any shape

const values = { n: fc.integer(), s: fc.string(), toString: fc.string(), constructor: fc.string() }

type Fields = { readonly [name: string]: unknown }

/** Fields as another kind of object, and which of them are its own. */
type Shape = (tag: string, fields: Fields) => readonly [event: object, own: Fields]

const withGetters = (target: object, fields: Fields, enumerable: boolean): object => {
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(target, name, { get: () => value, enumerable, configurable: true })
  }
  return target
}

class Inheriting {
  readonly _tag: string
  constructor(tag: string) {
    this._tag = tag
  }
  get n(): number {
    return 5
  }
  get s(): string {
    return "inherited"
  }
}

const shapes: { readonly [name: string]: Shape } = {
  plain: (_tag, fields) => [{ _tag, ...fields }, fields],
  frozen: (_tag, fields) => [Object.freeze({ _tag, ...fields }), fields],
  "without a prototype": (_tag, fields) => [Object.assign(Object.create(null), { _tag }, fields), fields],
  getters: (_tag, fields) => [withGetters({ _tag }, fields, true), fields],
  "getters that are not enumerable": (_tag, fields) => [withGetters({ _tag }, fields, false), fields],
  "an instance that inherits getters": (tag, fields) => {
    const event = new Inheriting(tag)
    for (const [name, value] of Object.entries(fields)) Object.defineProperty(event, name, { value, enumerable: true })
    return [event, fields]
  },
  "an object that inherits all": (_tag, fields) => [Object.create({ _tag, ...fields }), {}],
  "an object that inherits its tag": (_tag, fields) => [Object.assign(Object.create({ _tag, n: 7 }), fields), fields],
  symbols: (_tag, fields) => [{ _tag, ...fields, [Symbol("n")]: 1 }, fields],
  proxy: (_tag, fields) => [new Proxy({ _tag, ...fields }, {}), fields],
  "nested values that inherit": (_tag, fields) => {
    const nested = Object.assign(Object.create({ x: 1, y: 2 }), { x: 3 })
    return [
      { _tag, ...fields, nested },
      { ...fields, nested: { x: 3 } }
    ]
  }
}

const anyShape = fc
  .record({
    tag: fc.constantFrom("row", "clone"),
    shape: fc.constantFrom(...Object.keys(shapes)),
    fields: fc.record(values, { requiredKeys: [] })
  })
  .map(({ fields, shape, tag }) => {
    const [event, expected] = shapes[shape]!(tag, fields)
    return { event: event as MetricEvent.MetricEvent, fields: expected, shape }
  })

const runs = { numRuns: 60 }

it.effect("a metric sees the same in the event that starts a recorder, in a later one, and in a test", () =>
  Effect.gen(function* () {
    yield* Effect.forEach(fc.sample(anyShape, 60), ({ event, fields, shape }) =>
      Effect.gen(function* () {
        const recorder = yield* Recorder.make()
        for (const metric of [Seen, Labelled]) yield* recorder.register(metric)
        for (let i = 0; i < 3; i++) yield* recorder.emit(event)
        yield* checkSeen(recorder, fields, shape)
        const tested = Effect.gen(function* () {
          for (let i = 0; i < 3; i++) yield* Recorder.emit(event)
          yield* checkSeen(yield* Recorder, fields, shape)
          const captured = yield* TestRecorder.events
          expect(
            captured.map((each) => own(each.event)),
            shape
          ).toEqual([0, 1, 2].map(() => own(fields)))
        })
        yield* tested.pipe(Effect.provide(TestRecorder.layerSync({ metrics: [Seen, Labelled] })))
      })
    )
  }).pipe(Effect.scoped)
)

const checkSeen = (recorder: Recorder["Service"], fields: Fields, shape: string) =>
  Effect.gen(function* () {
    const { labelled, seen } = yield* recorder.snapshots
    expect(Object.values(seen!.dimensions as object), shape).toEqual([0, 1, 2].map(() => own(fields)))
    const { s = null, toString: text, constructor: made } = fields
    const labels = {
      s,
      toString: Object.hasOwn(fields, "toString") ? text : null,
      constructor: Object.hasOwn(fields, "constructor") ? made : null
    }
    const series = Object.hasOwn(fields, "n") ? [{ labels, value: 3 * (fields.n as number) }] : []
    expect((labelled!.dimensions as { readonly series: unknown }).series, shape).toEqual(series)
  })

it.each([true, false])("an event that fits a row is read like its copy, with generated code: %s", (generate) => {
  fc.assert(
    fc.property(anyShape, ({ event, fields, shape }) => {
      expect(own(copyEvent(event)), shape).toEqual(own(fields))
      const layout = layoutOf("row", Family.cases.row.ast)!
      const stream = new StreamPair({ generate })
      if (stream.encoder(layout)(1, event, 0)) {
        stream.flush()
        expect(own(stream.events[0]!), shape).toEqual(own(fields))
      } else expect(shape).toBe("nested values that inherit")
    }),
    runs
  )
})

it("a missing field is not read from the prototype in the pure reducer", () => {
  const event = new Inheriting("row") as never
  const dimensions = Metric.snapshot(Labelled, Metric.reduce(Labelled, Labelled.initial, event, 0), 0).dimensions
  expect(dimensions).toMatchObject({ series: [] })
})
