// A misspelt name must not silently count nothing: fields are checked against the schemas of the events, options and
// units against the known ones. TypeScript rejects most of these; the definitions here are in JavaScript.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { type KitKind, kinds } from "../support/kit.ts"

const events = Schema.TaggedUnion({
  "http.request": {
    seconds: Schema.Number,
    method: Schema.String,
    ok: Schema.Boolean,
    traceId: Schema.optional(Schema.String),
    constructor: Schema.String
  },
  "http.upload": { seconds: Schema.Number, bytes: Schema.Number },
  "http.closed": {}
})
const right = { number: "seconds", answer: "ok", value: "method" } as const
const requests = { events, when: "http.request", unit: "s" }
// What is wrong here is what the types refuse.
const counter = Metric.counter as (name: string, options: unknown) => Metric.Any
const gauge = Metric.gauge as (name: string, options: unknown) => Metric.Any
const histogram = Metric.histogram as (name: string, options: unknown) => Metric.Any
const labelled = Metric.labelled as unknown as (labels: unknown) => (metric: Metric.Any) => Metric.Any

const refusal = (argument: string, ...parts: ReadonlyArray<string>) =>
  expect.objectContaining({
    _tag: "mvx-metrics/InvalidArgument",
    metric: "m",
    argument,
    reason: expect.stringMatching(new RegExp(parts.map((part) => part.replaceAll(/[^\w ]/g, "\\$&")).join(".*")))
  })

describe.each(Object.entries(kinds))("%s", (_, { make, measures, option }: KitKind) => {
  const define = (options: object) => make("m", { ...requests, [option]: right[measures], ...options })

  it("accepts fields of its events, in every form, whatever their names are", () => {
    define({ labels: ["method", "traceId", "constructor", "_tag"] })
    define({ labels: { verb: "method", own: () => "anything" } })
    define({ when: undefined, labels: ["bytes"] })
  })

  it("rejects a field that none of its events has, and suggests a similar one", () => {
    const near = right[measures].slice(0, -2) + right[measures].at(-1)
    const reason = [`"${near}" is not a field of the event http.request. `, "The fields are: seconds, method, ok"]
    if (near.length > 1) expect(() => define({ [option]: near })).toThrow(refusal(option, ...reason))
    expect(() => define({ labels: ["metohd"] })).toThrow(
      refusal("labels", '"metohd" is not a field of the event http.request. Did you mean "method"?')
    )
    expect(() => define({ labels: { verb: "Method" } })).toThrow(refusal("labels", '"verb"', '"Method" is not a field'))
  })

  it("rejects inherited names, and fields of events that it does not measure", () => {
    for (const field of ["toString", "__proto__", "hasOwnProperty"]) {
      expect(() => define({ labels: [field] })).toThrow(refusal("labels", `"${field}" is not a field`))
      expect(() => define({ [option]: field })).toThrow(refusal(option, `"${field}" is not a field`))
    }
    expect(() => define({ labels: ["bytes"] })).toThrow(refusal("labels", "It is a field of http.upload, not measured"))
  })

  it("rejects labels that are added later in the same way", () => {
    const metric = define({})
    expect(() => metric.pipe(labelled({ verb: "metod" }))).toThrow(refusal("labels", '"verb"', 'mean "method"?'))
    expect(() => metric.pipe(labelled({ verb: "method" }))).not.toThrow()
  })
})

describe("a field name", () => {
  it("of an exemplar must exist", () => {
    for (const exemplar of ["traceID", { traceId: "traceID" }, { traceId: "traceId", spanId: "traceID" }]) {
      expect(() => counter("m", { ...requests, exemplar })).toThrow(refusal("exemplar", 'Did you mean "traceId"?'))
    }
  })

  it("of a hand-written metric's label must exist", () => {
    const ByHand = Metric.make("m", {
      events,
      initial: 0,
      reduce: { "http.upload": (n) => n + 1 },
      merge: (left, right) => left + right
    }) as Metric.Any
    expect(() => ByHand.pipe(labelled({ size: "byte" }))).toThrow(refusal("labels", "http.upload", 'mean "bytes"?'))
    expect(() => ByHand.pipe(labelled({ size: "bytes" }))).not.toThrow()
  })

  it("of a mapped metric's label belongs to the new family", () => {
    const Other = Schema.TaggedUnion({ other: { verb: Schema.String } })
    const map = Metric.mapEvents(Other, () => undefined) as unknown as (metric: Metric.Any) => Metric.Any
    const mapped = counter("m", requests).pipe(map)
    expect(() => mapped.pipe(labelled({ verb: "method" }))).toThrow(refusal("labels", "the event other"))
    expect(() => mapped.pipe(labelled({ verb: "verb" }))).not.toThrow()
  })

  it("of an event without fields is rejected", () => {
    expect(() => gauge("m", { events, when: "http.closed", value: "seconds" })).toThrow(
      refusal("value", "is not a field of the event http.closed", "There are no fields")
    )
  })

  it("may be anything if the schema leaves that open", () => {
    class Opened extends Schema.TaggedClass<Opened>("Opened")("opened", { n: Schema.Number }) {
      get twice(): number {
        return this.n * 2
      }
    }
    const Rest = Schema.StructWithRest(Schema.TaggedStruct("rest", { n: Schema.Number }), [
      Schema.Record(Schema.String, Schema.Unknown)
    ])
    const open = (of: unknown) => Schema.Union([of as never]).pipe(Schema.toTaggedUnion("_tag") as never)
    for (const of of [Opened, Rest]) expect(() => gauge("m", { events: open(of), value: "twice" })).not.toThrow()
  })

  it("belongs to the decoded event, not to its encoded form", () => {
    const Encoded = Schema.TaggedUnion({
      done: { seconds: Schema.NumberFromString, tags: Schema.Array(Schema.String) }
    })
    expect(() => gauge("m", { events: Encoded, value: "seconds" })).not.toThrow()
    expect(() => gauge("m", { events: Encoded, value: "second" })).toThrow(refusal("value", 'mean "seconds"?'))
  })

  it("may come from one member of a union, or from a schema that refers to another", () => {
    const Either = Schema.Union([
      Schema.TaggedStruct("a", { n: Schema.Number }),
      Schema.TaggedStruct("b", { m: Schema.suspend(() => Schema.Number) })
    ]).pipe(Schema.toTaggedUnion("_tag"))
    expect(() => gauge("m", { events: Either, value: "m" })).not.toThrow()
    expect(() => gauge("m", { events: Either, value: "o" })).toThrow(refusal("value", "any of the events a, b"))
  })
})

describe("a misspelt event or option name", () => {
  it("is rejected with a suggestion", () => {
    expect(() => counter("m", { events, when: "http.requests" })).toThrow(refusal("when", 'mean "http.request"?'))
    expect(() => counter("m", { ...requests, lables: ["method"] })).toThrow(refusal("lables", 'mean "labels"?'))
    expect(() => counter("m", { ...requests, max_series: 1 })).toThrow(refusal("max_series", 'mean "maxSeries"?'))
    expect(() =>
      Metric.make("m", { events, initial: 0, reduce: { "http.uplaod": (n: number) => n } } as never)
    ).toThrow(refusal('reduce["http.uplaod"]', 'mean "http.upload"?'))
  })

  it("gets no suggestion if no name is similar", () => {
    const make = () => counter("m", { ...requests, buckets: [1] })
    expect(make).toThrow(refusal("buckets", "is not an option. The options are:"))
  })
})

describe("a unit of measurement", () => {
  it.each([
    ["seconds", "s"],
    ["Second", "s"],
    ["milliseconds", "ms"],
    ["µs", "us"],
    ["bytes", "By"],
    ["kilobytes", "kBy"],
    ["mebibytes", "MiBy"],
    ["percent", "%"],
    ["bytes/second", "By/s"],
    ["By/second", "By/s"],
    // Codes stay: siemens are not seconds.
    ["S", "S"],
    ["By", "By"],
    ["{request}", "{request}"],
    ["{seconds}", "{seconds}"],
    ["constructor", "constructor"]
  ])("%s is stored as %s, in either form", (unit, code) => {
    expect(counter("m", { events, unit }).unit).toBe(code)
    expect(counter("m", { events }).pipe(Metric.unit(unit)).unit).toBe(code)
    expect(Metric.make("m", { events, initial: 0, reduce: { "http.closed": (n) => n }, unit }).unit).toBe(code)
    expect(Metric.derive("m", { from: { c: counter("c", { events }) }, view: () => ({}), unit }).unit).toBe(code)
  })

  it.each([
    [undefined, "a histogram without a unit has no default"],
    ["", "has no default"],
    ["us", '"us" has no default. Pass boundaries'],
    ["{document}", '"{document}" has no default'],
    ["secnds", 'Did you mean "seconds"?'],
    ["constructor", "has no default"]
  ])("%s of a histogram requires boundaries, because no default fits", (unit, reason) => {
    const options = { ...requests, value: "seconds", unit }
    expect(() => histogram("m", options)).toThrow(refusal("boundaries", "is missing", reason, "s, ms, By"))
    expect(() => histogram("m", { ...options, boundaries: [1] })).not.toThrow()
  })
})
