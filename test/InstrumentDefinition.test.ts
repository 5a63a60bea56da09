// Definitions of built-in metrics: which are rejected, and which properties are kept.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric, MetricsError } from "mvx-metrics"
import { HttpEvent, request } from "./support/instruments.metrics.ts"

const events = HttpEvent
const requests = { events, when: "http.request" } as const
const seconds = { ...requests, value: "seconds" } as const

describe("a definition", () => {
  it("exposes its name, description and unit, and reduces the tags it measures", () => {
    const metric = Metric.counter(" http.requests ", { ...requests, description: "Requests", unit: "{request}" })
    expect(metric).toMatchObject({ name: "http.requests", description: "Requests", unit: "{request}", events })
    expect(Object.keys(metric.reduce)).toEqual(["http.request"])
    expect(Metric.isMetric(metric)).toBe(true)
    expect(Metric.counter("c", { events })).toMatchObject({ description: undefined, unit: undefined })
  })

  it("does not change with its input objects or with its output", () => {
    const [boundaries, labels, when] = [[1, 2], ["method" as const], ["http.request" as const]]
    const Durations = Metric.histogram("h", { events, when, value: "seconds", boundaries, labels })
    const shown = () => Metric.snapshot(Durations, Metric.fold(Durations, [request()])).dimensions
    const before = structuredClone(shown())
    boundaries[0] = 5
    for (const given of [boundaries, labels, when] as ReadonlyArray<Array<unknown>>) given.length = 0
    try {
      ;(shown().boundaries as Array<number>).push(7)
    } catch {
      // It may be frozen.
    }
    expect(shown()).toEqual(before)
  })
})

const refused: ReadonlyArray<readonly [argument: string, options: object, reason: string]> = [
  ["events", { events: undefined }, "is missing"],
  ["events", { events: Schema.Struct({ n: Schema.Number }) }, "tagged union"],
  ["when", { when: [] }, "names no event"],
  ["when", { when: "http.nothing" }, "http.request, http.upload, http.closed"],
  ["when", { when: ["http.request", "constructor"] }, '"constructor" is not an event'],
  ["when", { when: 5 }, "5"],
  ["filter", { filter: true }, "function"],
  ["value", { value: "" }, "field"],
  ["value", { value: 5 }, "field"],
  ["labels", { labels: "method" }, "array"],
  ["labels", { labels: ["method", "method"] }, "twice"],
  ["labels", { labels: ["method", ""] }, "blank"],
  ["labels", { labels: ["method", 5] }, "5"],
  ["labels", { labels: { method: 5 } }, "method"],
  ["labels", { labels: { " ": "method" } }, "blank"],
  ["labels", { labels: ["le"] }, "le"],
  ["labels", { labels: { quantile: "method" } }, "quantile"],
  ["maxSeries", { maxSeries: 0 }, "positive integer"],
  ["maxSeries", { maxSeries: 1.5 }, "positive integer"],
  ["maxSeries", { maxSeries: "5" }, "positive integer"],
  ["description", { description: 5 }, "string"],
  ["unit", { unit: null }, "string"],
  ["label", { label: ["method"] }, "labels"]
]

describe("an invalid definition is rejected with an error that names the argument:", () => {
  const kinds = { counter: Metric.counter, gauge: Metric.gauge, histogram: Metric.histogram }

  /** The error that is thrown. */
  const thrown = (make: () => unknown): unknown => {
    try {
      make()
    } catch (error) {
      return error
    }
    throw new Error("nothing was thrown")
  }
  const expectRefused = (make: () => unknown, argument: string, reason: string): void => {
    const error = thrown(make)
    expect(error).toBeInstanceOf(MetricsError.InvalidArgument)
    expect(error).toMatchObject({
      _tag: "mvx-metrics/InvalidArgument",
      argument,
      reason: expect.stringContaining(reason)
    })
  }

  describe.each(Object.entries(kinds))("%s", (_, make) => {
    it.each(refused)("%s: %o", (argument, options, reason) => {
      expectRefused(() => make("http.metric", { ...seconds, ...options } as never), argument, reason)
    })

    it.each([undefined, null, "", "  ", 5])("name: %s", (name) => {
      expectRefused(() => make(name as never, seconds), "name", "blank")
    })

    it.each([undefined, null, 5, "options"])("options: %s", (options) => {
      expectRefused(() => make("http.metric", options as never), "options", "object")
    })
  })

  it("value, if it is required", () => {
    for (const make of [Metric.gauge, Metric.histogram]) {
      expectRefused(() => make("http.metric", requests as never), "value", "is missing")
    }
  })

  it.each([
    [[], "numbers"],
    ["1, 2", "numbers"],
    [[1, 1], "increasing"],
    [[2, 1], "increasing"],
    [[1, NaN], "finite"],
    [[1, Infinity], "finite"],
    [[1, "2"], "finite"]
  ])("boundaries: %o", (boundaries, reason) => {
    expectRefused(() => Metric.histogram("h", { ...seconds, boundaries } as never), "boundaries", reason)
  })

  it("boundaries, of a metric without buckets", () => {
    for (const make of [Metric.counter, Metric.gauge]) {
      expectRefused(() => make("c", { ...seconds, boundaries: [1] } as never), "boundaries", "is not an option")
    }
  })
})
