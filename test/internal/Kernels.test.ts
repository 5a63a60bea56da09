// A built-in metric is folded in place, from rows or from events. Whatever its definition, whatever the events, however
// they lie in the stream: it comes to the same state as its pure reducer, which is its definition.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { SeriesState } from "../../src/internal/instruments/instrument.ts"
import { kernelOf } from "../../src/internal/instruments/kernelOf.ts"
import { layoutOf } from "../../src/internal/layout.ts"
import { LastingStrings } from "../../src/internal/rowFormat.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { Folding } from "../support/folding.ts"

/** The same fields in other places, with other neighbours; events of the last tag are cloned. */
const Family = Schema.TaggedUnion({
  request: {
    seconds: Schema.Number,
    method: Schema.Literals(["GET", "PUT", 1, true]),
    ok: Schema.Boolean,
    user: Schema.optional(Schema.NullOr(Schema.String)),
    path: Schema.String,
    bytes: Schema.optional(Schema.NullOr(Schema.Number))
  },
  response: {
    path: Schema.NullOr(Schema.String),
    more: Schema.BigInt,
    bytes: Schema.Number,
    ok: Schema.optionalKey(Schema.Boolean),
    method: Schema.String,
    seconds: Schema.Number
  },
  upload: { seconds: Schema.Number, path: Schema.String, ok: Schema.Boolean, parts: Schema.Array(Schema.String) },
  ping: {}
})
const tags = Object.keys(Family.cases)

type State = SeriesState<unknown>
type Definition = Metric.Metric<string, MetricEvent, State, unknown>

// --- definitions

const fields = ["method", "ok", "user", "path", "seconds", "bytes", "more", "nowhere"]
const anyLabel = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...fields) },
  { weight: 1, arbitrary: fc.constant((event: MetricEvent, at: number) => `${event._tag} ${at % 2}`) }
)
const anyLabels = fc
  .uniqueArray(anyLabel, { maxLength: 3 })
  .map((sources) => Object.fromEntries(sources.map((source, i) => [`label${i}`, source])))
const anyValue = fc.constantFrom("seconds", "seconds", "bytes", (event: { readonly seconds?: number }) => event.seconds)

const boundaries = [-1, 0, 1e-300, 0.1, 1, 1 + Number.EPSILON, 10, 1e300]
const anyBoundaries = fc.constantFrom(
  boundaries,
  [0.5],
  [-0],
  Array.from({ length: 40 }, (_, i) => i * i)
)

const anyDefinition: fc.Arbitrary<Definition> = fc
  .record(
    {
      kind: fc.constantFrom("counter", "gauge", "histogram"),
      when: fc.subarray(tags, { minLength: 1 }),
      labels: anyLabels,
      value: anyValue,
      filter: fc.constant((event: { readonly ok?: boolean }) => event.ok === true),
      maxSeries: fc.constantFrom(1, 2, 5, 2000),
      boundaries: anyBoundaries
    },
    { requiredKeys: ["kind", "boundaries"] }
  )
  .map(({ boundaries, kind, ...options }) => definitionOf(kind, boundaries, options))

/** A metric that shows its state as it is. */
const definitionOf = (kind: string, boundaries: ReadonlyArray<number>, options: object): Definition => {
  const all = { events: Family, ...(kind !== "counter" && { value: "seconds" }), ...options }
  const metric =
    kind === "counter"
      ? Metric.counter("m", all as never)
      : kind === "gauge"
        ? Metric.gauge("m", all as never)
        : Metric.histogram("m", { ...all, boundaries } as never)
  const shown = { ...metric, view: (state: State) => state }
  return Object.assign(Object.create(Object.getPrototypeOf(metric)), shown)
}

// --- events

const numbers = [...boundaries, 0, -0, 1.5, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE, NaN, Infinity, -Infinity]
const anyNumber = fc.oneof(fc.constantFrom(...numbers), fc.double())
/** A few that come often, many that come once, and some that are too long to stay in the dictionary. */
const anyText = fc.oneof(
  fc.constantFrom("/", "/a", "/b", "GET", "", "null", "\ud800", "overflow", '["/"]'),
  fc.nat(5000).map((n) => `/document/${n}`),
  fc.nat(99).map((n) => `${n}`.padEnd(300, "."))
)
const maybe = <A>(values: fc.Arbitrary<A>) => fc.oneof(values, fc.constantFrom(null, undefined))
const tagged = (
  tag: string,
  fields: { readonly [name: string]: fc.Arbitrary<unknown> },
  optional: ReadonlyArray<string>
) =>
  fc
    .record(fields, { requiredKeys: Object.keys(fields).filter((name) => !optional.includes(name)) })
    .map((values): MetricEvent => ({ _tag: tag, ...values }))

const method = fc.constantFrom<unknown>("GET", "PUT", 1, true)
const request = { seconds: anyNumber, method, ok: fc.boolean(), user: maybe(anyText), path: anyText }
const response = {
  path: fc.oneof(anyText, fc.constant(null)),
  more: fc.bigInt(-9n, 9n),
  bytes: anyNumber,
  method: anyText
}
const anyEvent: fc.Arbitrary<MetricEvent> = fc.oneof(
  { weight: 6, arbitrary: tagged("request", { ...request, bytes: maybe(anyNumber) }, ["user", "bytes"]) },
  { weight: 3, arbitrary: tagged("response", { ...response, ok: fc.boolean(), seconds: anyNumber }, ["ok"]) },
  { weight: 1, arbitrary: tagged("upload", { ...request, parts: fc.array(fc.string()) }, []) },
  { weight: 1, arbitrary: fc.constant({ _tag: "ping" }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "unheard.of" }) },
  // What the schema does not allow goes as a clone: here a value that is none.
  {
    weight: 1,
    arbitrary: tagged("request", { ...request, seconds: fc.constantFrom<unknown>("1", 1n, null) }, ["seconds"])
  }
)

/** What happens to the stream: events, in runs as they come, and what parts them. */
type Step =
  | { readonly do: "emit"; readonly events: ReadonlyArray<MetricEvent>; readonly at: number }
  | { readonly do: "fold" | "read" | "another recorder emits" }
const anySteps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("emit"),
        events: fc.array(anyEvent, { minLength: 1, maxLength: 40, size: "max" }),
        at: fc.constantFrom(0, 1000, 1000, 1001, 1.7e12)
      })
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("fold", "read", "another recorder emits") }) }
  ),
  { maxLength: 12 }
)

// --- the comparison

/** As it is compared: the order of the series is that in which they came. */
const inOrder = ({ rejected, series }: State) => ({ rejected, series: Object.entries(series) })

const play = (folding: Folding, definitions: ReadonlyArray<Definition>, steps: ReadonlyArray<Step>): void => {
  const metrics = definitions.map((metric, i) => Object.assign(Object.create(metric), metric, { name: `m${i}` }))
  const recorder = folding.recorder(metrics)
  const other = folding.recorder(metrics)
  const kernels = metrics.map((metric) => kernelOf(metric)!)
  let states: ReadonlyArray<State> = metrics.map(({ initial }) => initial)
  const emit = (event: MetricEvent, at: number): void => {
    recorder.emit(event, at)
    const before = states
    states = states.map((state, i) => Metric.reduce(metrics[i], state, event, at))
    for (const [i, kernel] of kernels.entries()) {
      const concerned = event._tag in metrics[i].reduce && kernel.event(event, at)
      expect(concerned, "a kernel says whether the event concerned it").toBe(states[i] !== before[i])
    }
  }
  const compare = (): void => {
    deepStrictEqual((recorder.read() as ReadonlyArray<State>).map(inOrder), states.map(inOrder))
    deepStrictEqual(
      kernels.map((kernel) => inOrder(kernel.state())),
      states.map(inOrder)
    )
  }
  for (const step of steps) {
    if (step.do === "emit") for (const event of step.events) emit(event, step.at)
    else if (step.do === "fold") folding.fold()
    else if (step.do === "read") compare()
    else other.emit({ _tag: "request", seconds: 1, method: "PUT", ok: true, path: "/other" } as MetricEvent, 5)
  }
  compare()
}

const anyDefinitions = fc.array(anyDefinition, { minLength: 1, maxLength: 3 })

describe("the kernels of any metrics come to the state of their reducers, for any events", () => {
  it("in a stream of their own", () => {
    fc.assert(
      fc.property(anyDefinitions, anySteps, (definitions, steps) => play(new Folding(), definitions, steps)),
      { numRuns: 300 }
    )
  })

  it("in a stream whose dictionary is full, so that all strings take turns", () => {
    const folding = new Folding()
    for (let i = 0; i < LastingStrings; i++) {
      folding.writer.intern(`taken ${i}`)
      if (i % 1000 === 0) folding.fold()
    }
    fc.assert(
      fc.property(anyDefinitions, anySteps, (definitions, steps) => play(folding, definitions, steps)),
      { numRuns: 150 }
    )
  })
})

describe("a kernel", () => {
  const emitAll = (definition: Definition, events: ReadonlyArray<MetricEvent>): void =>
    play(new Folding(), [definition], [{ do: "emit", events, at: 7 }])

  const requests = (count: number, of: (i: number) => object): ReadonlyArray<MetricEvent> =>
    Array.from({ length: count }, (_, i) => ({
      ...{ _tag: "request", seconds: i / 100, method: "GET", ok: i % 2 === 0, path: `/${i % 10}` },
      ...of(i)
    }))

  it.each(["counter", "gauge", "histogram"])(
    "%s takes pages of events, with many series and beyond their cap",
    (kind) => {
      const events = requests(3000, (i) => ({ path: `/${i % 150}`, seconds: i % 97 === 0 ? NaN : i / 100 }))
      for (const labels of [[], ["path"], ["path", "ok"]]) {
        for (const maxSeries of [20, 2000]) emitAll(definitionOf(kind, boundaries, { labels, maxSeries }), events)
      }
    }
  )

  it.each(["counter", "gauge", "histogram"])("%s tells labels apart that take turns under the same codes", (kind) => {
    const events = requests(1000, (i) => ({
      path: `${i % 150}`.padEnd(300, "."),
      user: i % 7 === 0 ? null : `${i % 3}`
    }))
    for (const labels of [["path"], ["path", "ok"], ["path", "user", "method"]]) {
      emitAll(definitionOf(kind, boundaries, { labels }), events)
    }
  })

  it.each(["counter", "gauge", "histogram"])(
    "%s folds rows where they lie: the definition shows whether it can",
    (kind) => {
      const layout = layoutOf("request", Family.cases.request.ast)!
      const plan = (options: object) => kernelOf(definitionOf(kind, boundaries, options))!.plan(layout)
      for (const labels of [[], ["method"], ["path", "ok"], ["user", "method", "ok"]])
        expect(plan({ labels })).toBeDefined()
      expect(plan({ filter: () => true })).toBeUndefined()
      expect(plan({ value: () => 1 })).toBeUndefined()
      expect(plan({ value: "bytes" })).toBeUndefined()
      expect(plan({ labels: { seconds: () => 1 } })).toBeUndefined()
    }
  )
})
