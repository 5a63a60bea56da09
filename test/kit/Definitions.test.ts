// Any error in a definition is reported at once, by a typed error that names the metric and the option. An invalid
// measurement is counted, and changes nothing else.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric, MetricsError } from "mvx-metrics"
import { type KitKind, kinds } from "../support/kit.ts"

const Job = Schema.TaggedUnion({
  "job.done": {
    n: Schema.optional(Schema.NullOr(Schema.Number)),
    queue: Schema.String,
    ok: Schema.optional(Schema.Boolean),
    label: Schema.optional(Schema.String)
  },
  "job.idle": {}
})

const source = { number: "n", answer: "ok", value: "queue" } as const
const valid = ({ measures, option }: KitKind): object => ({
  events: Job,
  when: "job.done",
  unit: "s",
  [option]: source[measures]
})

/** The error that is thrown. */
const thrown = (make: () => unknown): unknown => {
  try {
    make()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

const expectRefused = (make: () => unknown, metric: string | undefined, argument: string, reason: string): void => {
  const error = thrown(make)
  expect(error).toBeInstanceOf(MetricsError.InvalidArgument)
  expect(error).toMatchObject({
    _tag: "mvx-metrics/InvalidArgument",
    argument,
    reason: expect.stringContaining(reason)
  })
  const { message, metric: named } = error as MetricsError.InvalidArgument
  expect(named).toBe(metric)
  expect(message.startsWith(metric === undefined ? `${argument}: ` : `metric "${metric}": ${argument}: `)).toBe(true)
}

const sparse = new Array(2)
const holes = (...at: ReadonlyArray<readonly [number, unknown]>): Array<unknown> => {
  const array: Array<unknown> = new Array(3)
  for (const [i, value] of at) array[i] = value
  return array
}

const oneWith = Schema.TaggedUnion({ "job.done": { n: Schema.String } })

/** What every kind refuses. */
const refusedByAll: ReadonlyArray<readonly [argument: string, options: object, reason: string]> = [
  ["events", { events: undefined }, "is missing"],
  ["events", { events: {} }, "tagged union"],
  ["events", { events: Schema.TaggedUnion({}) }, "tagged union"],
  ["events", { events: Schema.Struct({ n: Schema.Number }) }, "tagged union"],
  ["when", { when: "job.lost" }, '"job.lost" is not an event of the family. Its events are: job.done, job.idle'],
  ["when", { when: ["job.done", "toString"] }, '"toString"'],
  ["when", { when: [] }, "names no event"],
  ["when", { when: null }, "null"],
  ["filter", { filter: "ok" }, "function"],
  ["labels", { labels: "queue" }, "array"],
  ["labels", { labels: 5 }, "array"],
  ["labels", { labels: ["queue", "queue"] }, "twice"],
  ["labels", { labels: ["queue", " "] }, "blank"],
  ["labels", { labels: [undefined] }, "blank"],
  ["labels", { labels: sparse }, "blank"],
  ["labels", { labels: { queue: true } }, '"queue"'],
  ["labels", { labels: ["le"] }, '"le"'],
  ["labels", { labels: { quantile: "queue" } }, '"quantile"'],
  ["maxSeries", { maxSeries: 0 }, "positive integer, got 0"],
  ["maxSeries", { maxSeries: -1 }, "positive integer"],
  ["maxSeries", { maxSeries: 2.5 }, "positive integer"],
  ["maxSeries", { maxSeries: Infinity }, "positive integer"],
  ["maxSeries", { maxSeries: "10" }, "positive integer"],
  ["expireAfter", { expireAfter: 0 }, "longer than zero"],
  ["expireAfter", { expireAfter: -5 }, "longer than zero"],
  ["expireAfter", { expireAfter: Infinity }, "finite"],
  ["expireAfter", { expireAfter: "soon" }, "duration"],
  ["expireAfter", { expireAfter: {} }, "must be a duration"],
  ["expireAfter", { expireAfter: null }, "duration"],
  ["description", { description: 5 }, "string"],
  ["unit", { unit: ["s"] }, "string"],
  ["when", { when: [undefined] }, "undefined is not an event of the family"],
  ["when", { when: 1n }, "a bigint is not an event of the family"],
  ["expire", { expire: "1 minute" }, "is not an option. The options are: events, when, filter"],
  ["toString", { toString: "queue" }, "is not an option"]
]

/** What those refuse that have the option. */
const refusedBy: {
  readonly [kind: string]: ReadonlyArray<readonly [argument: string, options: object, reason: string]>
} = {
  gauge: [
    ["mode", { mode: "subtract" }, "set, add"],
    ["mode", { mode: 5 }, "set, add"]
  ],
  histogram: [
    ["boundaries", { boundaries: [] }, "numbers"],
    ["boundaries", { boundaries: "1, 2" }, "numbers"],
    ["boundaries", { boundaries: [2, 1] }, "increasing"],
    ["boundaries", { boundaries: [1, 1] }, "increasing"],
    ["boundaries", { boundaries: [0, -0] }, "increasing"],
    ["boundaries", { boundaries: [1, Infinity] }, "finite"],
    ["boundaries", { boundaries: [NaN] }, "finite"],
    ["boundaries", { boundaries: ["1"] }, "finite"],
    ["boundaries", { boundaries: sparse }, "finite"],
    ["boundaries", { boundaries: holes([0, 1]) }, "finite"]
  ],
  exponentialHistogram: [
    ...["maxSize", "maxScale"].flatMap((option) =>
      [NaN, 1.5, "20", null].map((value) => [option, { [option]: value }, "whole number"] as const)
    ),
    ["maxSize", { maxSize: 1 }, "from 2 to 10000, got 1"],
    ["maxSize", { maxSize: 10_001 }, "from 2 to 10000"],
    ["maxScale", { maxScale: 21 }, "from -10 to 20"],
    ["maxScale", { maxScale: -11 }, "from -10 to 20"],
    ["range", { range: 10 }, "array of two numbers"],
    ["range", { range: [1] }, "array of two numbers"],
    ["range", { range: [0, 1] }, "positive"],
    ["range", { range: [2, 1] }, "increasing"],
    ["range", { range: [1, 1] }, "increasing"],
    ["range", { range: [1, Infinity] }, "finite"],
    ["range", { range: [NaN, 1] }, "positive"],
    ["range", { range: ["1", 2] }, "positive"]
  ],
  summary: [
    ["quantiles", { quantiles: [] }, "numbers"],
    ["quantiles", { quantiles: 0.5 }, "numbers"],
    ["quantiles", { quantiles: [0.5, 1.01] }, "from 0 to 1"],
    ["quantiles", { quantiles: [-0.1] }, "from 0 to 1"],
    ["quantiles", { quantiles: [NaN] }, "from 0 to 1"],
    ["quantiles", { quantiles: ["0.5"] }, "from 0 to 1"],
    ["quantiles", { quantiles: new Array(1) }, "from 0 to 1"],
    ["quantiles", { quantiles: [0.5, 0.9, 0.5] }, "twice"],
    ["quantiles", { quantiles: [0, -0] }, "twice"],
    ["slots", { slots: 0 }, "from 1 to 1000"],
    ["slots", { slots: 1001 }, "from 1 to 1000"],
    ["window", { window: 0 }, "longer than zero"],
    ["window", { window: Infinity }, "finite"],
    ["window", { window: "a while" }, "duration"]
  ],
  ...Object.fromEntries(
    ["rate", "window"].map((kind) => [
      kind,
      [
        ["slots", { slots: 0 }, "from 1 to 10000"],
        ["slots", { slots: 10_001 }, "from 1 to 10000"],
        ["slots", { slots: 0.5 }, "whole number"],
        ["window", { window: -1 }, "longer than zero"],
        ["window", { window: "a while" }, "duration"],
        ["window", { window: null }, "duration"]
      ] as const
    ])
  ),
  frequency: [
    ["maxValues", { maxValues: 0 }, "positive integer"],
    ["maxValues", { maxValues: NaN }, "positive integer"]
  ],
  distinct: [
    ["precision", { precision: 3 }, "from 4 to 16"],
    ["precision", { precision: 17 }, "from 4 to 16"],
    ["precision", { precision: 4.5 }, "whole number"]
  ]
}

/** The options that not all kinds have, by the kinds that have them. */
const optionsOf: { readonly [kind: string]: ReadonlyArray<string> } = {
  gauge: ["mode"],
  histogram: ["boundaries"],
  exponentialHistogram: ["maxSize", "maxScale", "range"],
  summary: ["quantiles", "slots", "window"],
  rate: ["slots", "window"],
  window: ["slots", "window"],
  frequency: ["maxValues"],
  distinct: ["precision"],
  ratio: ["hits"]
}
const own = [...new Set(Object.values(optionsOf).flat())]

describe.each(Object.entries(kinds))("%s rejects", (name, kind) => {
  const { make, option, required } = kind

  it.each([...refusedByAll, ...(refusedBy[name] ?? [])])("%s: %o", (argument, options, reason) => {
    expectRefused(() => make("jobs", { ...valid(kind), ...options }), "jobs", argument, reason)
  })

  it.each(["", " ", "\t\n", undefined, null, 5, {}, Symbol.iterator])("the name %o", (name) => {
    expectRefused(() => make(name as never, valid(kind)), undefined, "name", "blank")
  })

  it.each([undefined, null, 5, "options", []])("options that are %o", (options) => {
    expectRefused(() => make("jobs", options as never), "jobs", "options", "object")
  })

  it.each(["", 5, null, true, ["n"]])("the source %o of what it measures", (value) => {
    expectRefused(() => make("jobs", { ...valid(kind), [option]: value }), "jobs", option, "field")
  })

  if (required)
    it("an empty list of what it measures", () => {
      expectRefused(() => make("jobs", { ...valid(kind), [option]: undefined }), "jobs", option, "is missing")
    })

  const others = own.filter((each) => each !== option && !optionsOf[name.split(" ")[0]!]?.includes(each))
  it.each(others)("%s, an option that others have", (other) => {
    expectRefused(() => make("jobs", { ...valid(kind), [other]: 1 }), "jobs", other, "is not an option")
  })

  it("no valid options: undefined counts as not given", () => {
    const none = Object.fromEntries(
      ["when", "filter", "labels", "maxSeries", "expireAfter", "description"].map((o) => [o, undefined])
    )
    expect(make(" jobs ", { ...valid(kind), ...none })).toMatchObject({ name: "jobs", description: undefined })
  })
})

describe("derive rejects", () => {
  const Done = Metric.counter("done", { events: Job, when: "job.done" })
  const view = () => ({})
  const derive = Metric.derive as (name: string, options: unknown) => unknown
  const Other = Metric.counter("other", { events: oneWith })

  it.each([
    ["options", undefined, "object"],
    ["options", null, "object"],
    ["from", { view }, "object of metrics"],
    ["from", { from: {}, view }, "at least one"],
    ["from", { from: [], view }, "at least one"],
    ["from", { from: 5, view }, "object of metrics"],
    ['from["done"]', { from: { done: "done" }, view }, "is not a metric"],
    ['from["set"]', { from: { set: Metric.combine(Done) }, view }, "is not a metric"],
    ['from["other"]', { from: { done: Done, other: Other }, view }, '"job.done" differently'],
    ["view", { from: { done: Done } }, "is missing"],
    ["view", { from: { done: Done }, view: {} }, "function"],
    ["description", { from: { done: Done }, view, description: 5 }, "string"],
    ["events", { from: { done: Done }, view, events: Job }, "is not an option"]
  ])("%s: %o", (argument, options, reason) => {
    expectRefused(() => derive("jobs", options), "jobs", argument, reason)
  })

  it.each(["", undefined, 5])("the name %o", (name) => {
    expectRefused(() => derive(name as never, { from: { done: Done }, view }), undefined, "name", "blank")
  })

  it("no families that are equal, even if they are different objects", () => {
    const again = Schema.TaggedUnion({ "job.idle": {}, "job.more": {} })
    const Idle = Metric.counter("idle", { events: again })
    expect(Metric.isMetric(Metric.derive("jobs", { from: { done: Done, idle: Idle }, view }))).toBe(true)
  })
})

describe("make rejects", () => {
  const make = Metric.make as (name: string, options: unknown) => unknown
  const reduce = { "job.done": (n: number) => n + 1 }

  it.each([
    ["options", undefined, "object"],
    ["events", { initial: 0, reduce }, "is missing"],
    ["initial", { events: Job, reduce }, "is missing"],
    ["reduce", { events: Job, initial: 0, reduce: {} }, "no reducer"],
    ['reduce["job.lost"]', { events: Job, initial: 0, reduce: { "job.lost": reduce["job.done"] } }, "not an event"],
    ['reduce["job.done"]', { events: Job, initial: 0, reduce: { "job.done": 5 } }, "function"],
    ["merge", { events: Job, initial: 0, reduce, merge: true }, "function"],
    ["minus", { events: Job, initial: 0, reduce, minus: {} }, "function"],
    ["labels", { events: Job, initial: 0, reduce, labels: ["queue"] }, "is not an option"]
  ])("%s: %o", (argument, options, reason) => {
    expectRefused(() => make("jobs", options), "jobs", argument, reason)
  })
})

describe("combinators reject", () => {
  const Done = Metric.counter("done", { events: Job, when: "job.done", labels: ["queue"] })
  const ByHand = Metric.make("by_hand", { events: Job, initial: 0, reduce: { "job.done": (n) => n + 1 } })
  const kit = Metric as unknown as { readonly [name: string]: (...args: ReadonlyArray<unknown>) => unknown }

  it.each([
    ["named", ["  "], "name", "blank"],
    ["named", [5], "name", "blank"],
    ["describe", [5], "description", "string"],
    ["unit", [undefined], "unit", "string"],
    ["filter", ["ok"], "predicate", "function"],
    ["mapEvents", [{}, () => undefined], "events", "tagged union"],
    ["mapEvents", [Job], "f", "function"],
    ["labelled", ["queue"], "labels", "array"],
    ["labelled", [{ le: "queue" }], "labels", '"le"'],
    ["labelled", [{ queue: 5 }], "labels", '"queue"'],
    ["combine", [], "metrics", "at least one"],
    ["combine", [Done, 5], "metrics", "must be a metric"],
    ["combine", [undefined], "metrics", "must be a metric"],
    [
      "combine",
      [Done, ByHand, Metric.gauge("done", { events: Job, when: "job.done", value: "n" })],
      "metrics",
      '"done"'
    ],
    ["combine", [Done, Metric.combine(Metric.counter("done", { events: Job }))], "metrics", 'two metrics named "done"']
  ])("%s(%o)", (name, args, argument, reason) => {
    expectRefused(() => kit[name]!(...args), undefined, argument, reason)
  })

  it.each([
    ["named", ["a"]],
    ["describe", ["a"]],
    ["unit", ["s"]],
    ["filter", [() => true]],
    ["mapEvents", [Job, () => undefined]],
    ["labelled", [{ queue: "queue" }]]
  ])("%s: an invalid metric", (name, args) => {
    const combinator = kit[name]!(...args) as (metric: unknown) => unknown
    for (const none of [undefined, null, 5, {}, [], Metric.combine(Done)]) {
      expectRefused(() => combinator(none), undefined, "metric", "must be a metric")
    }
  })

  it("a label that the metric already has, with the name of the metric", () => {
    expectRefused(() => Done.pipe(Metric.labelled({ queue: "_tag" })), "done", "labels", '"queue"')
  })

  it("additional labels for a hand-written metric, with its name", () => {
    const Merging = Metric.make("merging", {
      events: Job,
      initial: 0,
      reduce: { "job.done": (n) => n + 1 },
      merge: (left, right) => left + right
    })
    const ByTag = Merging.pipe(Metric.labelled({ tag: "_tag" }), Metric.named("by_tag"))
    expectRefused(
      () => ByTag.pipe(Metric.labelled({ other: "_tag" })),
      "by_tag",
      "labels",
      "Pass all labels in one call"
    )
  })

  it("labels for a metric whose states cannot be merged, with its name", () => {
    expectRefused(
      () => ByHand.pipe(Metric.labelled({ queue: () => "a" })),
      "by_hand",
      "merge",
      "is required to add labels"
    )
  })
})

/** Measurements that are none, by what is measured. */
const bad: { readonly [measures in KitKind["measures"]]: ReadonlyArray<unknown> } = {
  number: [NaN, Infinity, -Infinity, "1", true, 1n, {}, []],
  answer: [0, 1, "true", {}, []],
  value: [{}, [], 1n, Symbol("queue")]
}

describe.each(Object.entries(kinds))("%s counts", (name, kind) => {
  const metric = kind.make("jobs", { ...valid(kind), when: undefined, labels: ["label"], expireAfter: "1 hour" })
  const field = source[kind.measures]
  const event = (value: unknown, label: string) => ({ _tag: "job.done", label, [field]: value })
  const good = { number: 2, answer: true, value: "a" }[kind.measures]
  const worse = name === "counter" ? [-1, -Number.MIN_VALUE] : []

  it.each([...bad[kind.measures], ...worse])(
    "the measurement %o as rejected, and leaves the rest unchanged",
    (value) => {
      const before = Metric.reduce(metric, metric.initial, event(good, "a"), 1000) as Metric.SeriesState<unknown>
      for (const label of ["a", "b"]) {
        const after = Metric.reduce(metric, before, event(value, label), 2000)
        expect(after).toEqual({ ...before, rejected: 1 })
        expect(
          Metric.snapshot(metric, Metric.reduce(metric, after, event(value, label), 2000), 3000).dimensions
        ).toEqual({
          ...(Metric.snapshot(metric, before, 3000).dimensions as object),
          rejected: 2
        })
      }
    }
  )

  it.each([undefined, null])("nothing if the field is %s", (value) => {
    expect(Metric.reduce(metric, metric.initial, event(value, "a"))).toBe(metric.initial)
  })
})
