// Definitions are equal if their data is: every option that changes the measurement changes the fingerprint.
import { describe, expect, it } from "@effect/vitest"
import { Hash, Schema } from "effect"
import { Metric } from "mvx-metrics"
import { distinct, fingerprint, isSame, describe as text } from "../../src/internal/metric/definition/fingerprint.ts"

const cases = {
  "a.done": { n: Schema.Number, m: Schema.Number, ok: Schema.Boolean, who: Schema.String, trace: Schema.String }
}
const makeFamily = () => Schema.TaggedUnion({ ...cases, "a.begun": { ...cases["a.done"] } })
const makeOtherFamily = () => Schema.TaggedUnion({ ...cases, "a.begun": { ...cases["a.done"], more: Schema.String } })

type Family = ReturnType<typeof makeFamily>
type Common = Metric.InstrumentOptions<Family, "a.done" | "a.begun", ReadonlyArray<"who">>

/** Values of an option that are different by pairs. Made anew for each definition. `undefined`: the default. */
type Alternatives<Options> = { readonly [Option in keyof Required<Options>]: () => ReadonlyArray<unknown> }

const common: Alternatives<Common> = {
  events: () => [makeFamily(), makeOtherFamily()],
  when: () => [undefined, "a.done", "a.begun"],
  filter: () => [undefined, () => true],
  labels: () => [undefined, ["who"], ["trace"], ["who", "trace"], { who: "trace" }, { who: () => "x" }],
  maxSeries: () => [undefined, 10, 11],
  maxLabelLength: () => [undefined, 10, 11],
  expireAfter: () => [undefined, "1 hour", "2 hours"],
  description: () => [undefined, "One.", "Two."],
  unit: () => [undefined, "s", "By"]
}
const value = () => ["n", "m", () => 1]
const optionalValue = () => [undefined, ...value()]
const exemplar = () => [undefined, "span", "trace", "who", { traceId: "trace", spanId: "who" }]
const fromZero = () => [undefined, true, false]
const sliding = { window: () => [undefined, "1 hour", "2 hours"], slots: () => [undefined, 7, 8] }

type Of<Options> = Alternatives<Omit<Options, keyof Common>>
type ValueOptions = Metric.ValueOptions<Family, "a.done", ReadonlyArray<"who">>
type CountedOptions = ValueOptions & Metric.FromZeroOptions

const own: {
  readonly average: Of<CountedOptions>
  readonly counter: Of<Metric.CounterOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly distinct: Of<Metric.DistinctOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly exponentialHistogram: Of<Metric.ExponentialHistogramOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly frequency: Of<Metric.FrequencyOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly gauge: Of<Metric.GaugeOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly histogram: Of<Metric.HistogramOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly minMax: Of<ValueOptions>
  readonly rate: Of<Metric.RateOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly ratio: Of<Metric.RatioOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly summary: Of<Metric.SummaryOptions<Family, "a.done", ReadonlyArray<"who">>>
  readonly upDownCounter: Of<CountedOptions>
  readonly window: Of<Metric.WindowOptions<Family, "a.done", ReadonlyArray<"who">>>
} = {
  average: { value, fromZero },
  counter: { value: optionalValue, exemplar, fromZero },
  distinct: { value: () => ["who", "trace", () => "x"], precision: () => [undefined, 5, 6] },
  exponentialHistogram: {
    value,
    fromZero,
    maxSize: () => [undefined, 10, 11],
    maxScale: () => [undefined, 3, 4],
    range: () => [undefined, [1, 2], [1, 3]]
  },
  frequency: { value: () => ["who", "trace", () => "x"], maxValues: () => [undefined, 5, 6] },
  gauge: { value, mode: () => ["set", "add"] },
  histogram: { value, exemplar, fromZero, boundaries: () => [[1, 2], [1, 3], [1, 2, 3], [Number.MIN_VALUE]] },
  minMax: { value },
  rate: { value: optionalValue, ...sliding },
  ratio: { hits: () => ["ok", () => true], fromZero },
  summary: { value, fromZero, ...sliding, quantiles: () => [undefined, [0.5], [0.6]] },
  upDownCounter: { value, fromZero },
  window: { value, ...sliding }
}

type Given = { readonly [option: string]: unknown }
const add = (left: number, right: number) => left + right

/** Of a metric that is made by hand. */
const byHand: Alternatives<Metric.Options<Family, unknown, unknown>> = {
  events: common.events,
  initial: () => [
    0,
    -0,
    1,
    1n,
    "1",
    "1n",
    Number.NaN,
    "NaN",
    null,
    "null",
    true,
    [],
    {},
    { a: 1 },
    { a: 2 },
    { b: 1 },
    { a: undefined },
    new Map([["a", 1]]),
    new Map([["a", 2]]),
    [["a", 1]],
    new Set([1]),
    [1],
    ["Map", ["a", 1]],
    new Date(0),
    new Date(1),
    new Date(0).toJSON(),
    new Uint8Array([1]),
    new Uint8Array([2]),
    new Uint16Array([1]),
    { 0: 1 }
  ],
  reduce: () => [{ "a.done": add }, { "a.begun": add }, { "a.done": add, "a.begun": add }],
  view: () => [undefined, (state: unknown) => ({ state })],
  merge: () => [undefined, add],
  minus: () => [undefined, add],
  description: common.description,
  unit: common.unit
}

const source = (options: Given): Metric.Any => Metric.counter("source", { events: makeFamily(), ...options } as never)
const derived: Alternatives<Metric.DeriveOptions<Metric.Sources, unknown>> = {
  from: () => [
    { a: source({}) },
    { b: source({}) },
    { a: source({}), b: source({}) },
    { a: source({ value: "n" }) },
    { a: Metric.gauge("source", { events: makeFamily(), value: "n" }) }
  ],
  view: () => [(dimensions: unknown) => dimensions],
  description: common.description,
  unit: common.unit
}

/** The first value of each option, and every definition that differs from that in the value of one. */
const variants = (alternatives: { readonly [option: string]: () => ReadonlyArray<unknown> }): ReadonlyArray<Given> => {
  const entries = Object.entries(alternatives)
  const base = () => Object.fromEntries(entries.map(([option, values]) => [option, values()[0]]))
  return [
    base(),
    ...entries.flatMap(([option, values]) =>
      values()
        .slice(1)
        .map((each) => ({ ...base(), [option]: each }))
    )
  ]
}

const makers: { readonly [kind: string]: () => ReadonlyArray<Metric.Any> } = {
  ...Object.fromEntries(
    Object.entries(own).map(([kind, alternatives]) => [
      kind,
      () =>
        variants({ ...common, ...alternatives }).map((options) =>
          Metric[kind as keyof typeof own]("m", options as never)
        )
    ])
  ),
  make: () => variants(byHand).map((options) => Metric.make("m", options as never)),
  derive: () => variants(derived).map((options) => Metric.derive("m", options as never))
}

/** What each combinator makes of a metric, once and in other ways. */
const combined = (metric: Metric.Any): ReadonlyArray<Metric.Any> => {
  const events = makeFamily()
  const filtered = Metric.filter(() => true) as (self: Metric.Any) => Metric.Any
  const mapped = Metric.mapEvents(events, (event) => event as never) as (self: Metric.Any) => Metric.Any
  const labelled = (labels: object) => Metric.labelled(labels as never) as (self: Metric.Any) => Metric.Any
  const pipes: ReadonlyArray<(self: Metric.Any) => Metric.Any> = [
    (self) => self,
    Metric.named("other") as (self: Metric.Any) => Metric.Any,
    Metric.describe("Other."),
    Metric.unit("ms"),
    filtered,
    (self) => filtered(filtered(self)),
    mapped,
    (self) => mapped(filtered(self)),
    labelled({ x: "who" }),
    labelled({ x: "trace" }),
    labelled({ y: "who" }),
    labelled({ x: () => 1 }),
    (self) => labelled({ x: "who" })(filtered(self))
  ]
  return pipes.map((pipe) => pipe(metric))
}

const byHandLabelled = (initial: number, view?: (state: number) => object) =>
  Metric.make("m", {
    events: makeFamily(),
    initial,
    reduce: { "a.done": add as never },
    merge: add,
    ...(view && { view })
  })

const sameByPairs = (metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<readonly [number, number]> =>
  metrics.flatMap((left, i) => metrics.flatMap((right, j) => (i < j && isSame(left, right) ? [[i, j] as const] : [])))

describe("the fingerprints of definitions", () => {
  it("cover all constructors", () => {
    const functions = Object.entries(Metric)
      .filter(([, value]) => typeof value === "function")
      .map(([name]) => name)
    const constructors = functions.filter((name) => {
      try {
        ;(Metric as unknown as { [name: string]: (...args: ReadonlyArray<unknown>) => unknown })[name]!("m", {})
        return false
      } catch (error) {
        return (error as { metric?: string }).metric === "m"
      }
    })
    expect(constructors.sort()).toEqual(Object.keys(makers).sort())
  })

  it.each(Object.entries(makers))("%s: the same options yield the same fingerprint", (_kind, make) => {
    const [once, twice] = [make(), make()]
    expect(once.length).toBeGreaterThan(5)
    for (const [i, metric] of once.entries()) expect(fingerprint(metric)).toEqual(fingerprint(twice[i]!))
    expect(distinct([...once, ...twice])).toEqual(once)
  })

  it.each(Object.entries(makers))("%s: another value of any option yields another fingerprint", (_kind, make) => {
    expect(sameByPairs(make())).toEqual([])
  })

  it.each([
    ["a counter", () => Metric.counter("m", { events: makeFamily() })],
    ["a hand-written metric", () => byHandLabelled(0)]
  ])("of %s: each combinator yields another one", (_what, make) => {
    expect(sameByPairs(combined(make()))).toEqual([])
    for (const [i, metric] of combined(make()).entries()) expect(isSame(metric, combined(make())[i]!)).toBe(true)
  })

  it("differ for definitions that only a combinator distinguishes", () => {
    const events = makeFamily()
    const counter = (options: Given) => Metric.counter("m", { events, ...options } as never) as Metric.Any
    const through = (self: Metric.Any) =>
      Metric.mapEvents(events, (event) => event as never)(self as never) as Metric.Any
    const label = (self: Metric.Any) => Metric.labelled({ x: "who" } as never)(self as never) as Metric.Any
    const hidden = [
      { value: "n" },
      { value: "m" },
      { when: "a.done" },
      { labels: ["who"] },
      { labels: { who: "trace" } },
      {}
    ]
    expect(sameByPairs(hidden.map((options) => through(counter(options))))).toEqual([])
    const hands = [byHandLabelled(0), byHandLabelled(1), byHandLabelled(0, (state) => ({ state }))]
    expect(sameByPairs(hands.map(label))).toEqual([])
    expect(sameByPairs(hands.map(through))).toEqual([])
  })

  it("are the same whatever the text of their functions", () => {
    const make = (reducer: (count: number) => number) =>
      Metric.make("m", { events: makeFamily(), initial: 0, reduce: { "a.done": reducer } })
    expect(
      isSame(
        make((count) => count + 1),
        make((total) => total + 2)
      )
    ).toBe(true)
  })

  it("differ for data with the same 32-bit hash", () => {
    const texts = ["9U", "DH"]
    expect(new Set(texts.map((each) => Hash.string(JSON.stringify(each)))).size).toBe(1)
    const make = (initial: string) =>
      Metric.make("m", { events: makeFamily(), initial, reduce: { "a.done": (state) => state } })
    expect(sameByPairs(texts.map(make))).toEqual([])
  })

  it("circular data is described by a finite text", () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    expect(text(circle)).toBe('{"self":circular 0}')
    expect(text({ self: { self: circle } })).not.toBe(text(circle))
  })
})
