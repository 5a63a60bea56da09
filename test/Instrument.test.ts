// Built-in metrics: what they measure and show.
import { describe, expect, it } from "@effect/vitest"
import { Metric } from "mvx-metrics"
import { HttpEvent, request, upload } from "./support/instruments.metrics.ts"

const events = HttpEvent
const requests = { events, when: "http.request" } as const
const seconds = { ...requests, value: "seconds" } as const

/** What a metric shows after these events, each emitted a second after the one before. */
const shown = <E extends HttpEvent, S, D>(metric: Metric.Metric<string, D, S, E>, all: ReadonlyArray<E>): D =>
  Metric.snapshot(
    metric,
    all.reduce((state, event, i) => Metric.reduce(metric, state, event, i * 1000), metric.initial)
  ).dimensions

describe("a counter", () => {
  it("counts the events of its family", () => {
    const All = Metric.counter("http.events", { events })
    expect(shown(All, [])).toEqual({ value: 0 })
    expect(shown(All, [request(), upload(1), { _tag: "http.closed" }])).toEqual({ value: 3 })
  })

  it("counts only events whose tags it names and that pass its filter", () => {
    const all = [request(), request({ ok: false }), upload(1), { _tag: "http.closed" } as const]
    expect(shown(Metric.counter("c", { events, when: "http.closed" }), all)).toEqual({ value: 1 })
    expect(shown(Metric.counter("c", { events, when: ["http.request", "http.upload"] }), all)).toEqual({ value: 3 })
    expect(shown(Metric.counter("c", { ...requests, filter: ({ ok }) => ok }), all)).toEqual({ value: 1 })
  })

  it("adds up a field, or the result of a function of the event", () => {
    const all = [request({ bytes: 5 }), request({ bytes: 7 })]
    expect(shown(Metric.counter("c", { ...requests, value: "bytes" }), all)).toEqual({ value: 12 })
    expect(shown(Metric.counter("c", { ...requests, value: ({ bytes }) => (bytes ?? 0) * 2 }), all)).toEqual({
      value: 24
    })
    expect(shown(Metric.counter("c", { ...requests, value: (_event, at) => at }), all)).toEqual({ value: 1000 })
  })

  it("ignores an event without the measured value", () => {
    const Bytes = Metric.counter("http.bytes", { ...requests, value: "bytes", labels: ["method"] })
    for (const event of [request(), request({ bytes: null }), request({ bytes: undefined })]) {
      expect(Metric.reduce(Bytes, Bytes.initial, event)).toBe(Bytes.initial)
    }
  })

  it.each([NaN, Infinity, -Infinity, -1, -Number.MIN_VALUE])(
    "rejects %d and leaves the other values unchanged",
    (bytes) => {
      const Bytes = Metric.counter("http.bytes", { ...requests, value: "bytes", labels: ["method"] })
      const series = [{ labels: { method: "GET" }, value: 5 }]
      expect(shown(Bytes, [request({ bytes: 5 }), request({ bytes, method: "PUT" })])).toEqual({
        value: 5,
        series,
        rejected: 1
      })
    }
  )

  it("treats -0 as 0", () => {
    const Bytes = Metric.counter("http.bytes", { ...requests, value: "bytes", labels: ["method"] })
    expect(shown(Bytes, [request({ bytes: -0 })])).toEqual({
      value: 0,
      series: [{ labels: { method: "GET" }, value: 0 }]
    })
  })

  it("has one series per combination of labels, in order of first appearance", () => {
    const Requests = Metric.counter("http.requests", { ...requests, labels: ["method", "ok"] })
    const all = [
      request({ method: "PUT" }),
      request(),
      request({ method: "PUT" }),
      request({ method: "PUT", ok: false })
    ]
    expect(shown(Requests, [])).toEqual({ value: 0, series: [] })
    expect(shown(Requests, all)).toEqual({
      value: 4,
      series: [
        { labels: { method: "PUT", ok: true }, value: 2 },
        { labels: { method: "GET", ok: true }, value: 1 },
        { labels: { method: "PUT", ok: false }, value: 1 }
      ]
    })
  })

  it("takes labels from fields and functions, under names of its own", () => {
    const Requests = Metric.counter("http.requests", {
      ...requests,
      labels: { verb: "method", slow: ({ seconds }) => seconds > 1, second: (_event, at) => at / 1000 }
    })
    expect(shown(Requests, [request({ seconds: 2 })]).series).toEqual([
      { labels: { verb: "GET", slow: true, second: 0 }, value: 1 }
    ])
  })

  it('shows a missing label as null, distinct from the text "null"', () => {
    const Requests = Metric.counter("http.requests", { ...requests, labels: ["user"] })
    const all = [request(), request({ user: null }), request({ user: undefined }), request({ user: "null" })]
    expect(shown(Requests, all).series).toEqual([
      { labels: { user: null }, value: 3 },
      { labels: { user: "null" }, value: 1 }
    ])
  })

  it("distinguishes labels of different types, and shows numbers that JSON lacks as text", () => {
    const values = [1, "1", true, "true", 0, -0, NaN, Infinity, "", "\ud800"]
    const labels = { of: ({ seconds }: { readonly seconds: number }) => values[seconds] }
    const Requests = Metric.counter("http.requests", { ...requests, labels })
    const { series } = shown(
      Requests,
      values.map((_, seconds) => request({ seconds }))
    )
    const expected = [1, "1", true, "true", 0, "NaN", "Infinity", "", "\ud800"]
    expect(series.map((each) => each.labels.of)).toEqual(expected)
    expect(series.map(({ value }) => value)).toEqual([1, 1, 1, 1, 2, 1, 1, 1, 1])
  })

  it("puts series beyond maxSeries into one more series, so that the total stays exact", () => {
    const Requests = Metric.counter("http.requests", { ...requests, labels: ["user"], maxSeries: 2 })
    const all = ["a", "b", "c", "d", "a", "c"].map((user) => request({ user }))
    expect(shown(Requests, all)).toEqual({
      value: 6,
      series: [
        { labels: { user: "a" }, value: 2 },
        { labels: { user: "b" }, value: 1 }
      ],
      overflow: { value: 3, label: "user", values: 2, examples: ["a", "b"] }
    })
  })

  it("names the label with the most values when there are too many series", () => {
    const labels = ["method", "user", "ok"] as const
    const Requests = Metric.counter("http.requests", { ...requests, labels, maxSeries: 7 })
    const users = ["a", "b", "c", "d", "e", "f"]
    const all = [
      request({ user: "a", method: "PUT" }),
      ...users.map((user) => request({ user })),
      request({ user: "g" })
    ]
    expect(shown(Requests, all).overflow).toEqual({ value: 1, label: "user", values: 6, examples: users.slice(0, 5) })
  })

  it("has at most 2000 series by default", () => {
    const Requests = Metric.counter("http.requests", { ...requests, labels: ["seconds"] })
    const { overflow, series, value } = shown(
      Requests,
      Array.from({ length: 2003 }, (_, seconds) => request({ seconds }))
    )
    expect([series.length, overflow, value]).toEqual([
      2000,
      { value: 3, label: "seconds", values: 2000, examples: [0, 1, 2, 3, 4] },
      2003
    ])
  })
})

describe("a gauge", () => {
  it("shows the last value and the time of its measurement", () => {
    const Latest = Metric.gauge("http.latest", seconds)
    expect(shown(Latest, [])).toEqual({ value: null, at: null })
    expect(shown(Latest, [request({ seconds: 5 }), request({ seconds: -3 })])).toEqual({ value: -3, at: 1000 })
    expect(shown(Latest, [request({ seconds: -0 })])).toEqual({ value: -0, at: 0 })
  })

  it("shows only series if it has labels", () => {
    const Latest = Metric.gauge("http.latest", { ...seconds, labels: ["method"], maxSeries: 1 })
    expect(shown(Latest, [])).toEqual({ series: [] })
    const all = [request({ seconds: 1 }), request({ seconds: 2, method: "PUT" }), request({ seconds: 3 })]
    expect(shown(Latest, all)).toEqual({
      series: [{ labels: { method: "GET" }, value: 3, at: 2000 }],
      overflow: { value: 2, at: 1000, label: "method", values: 1, examples: ["GET"] }
    })
  })

  it.each([NaN, Infinity, -Infinity])("rejects %d and keeps its previous value", (bad) => {
    const Latest = Metric.gauge("http.latest", seconds)
    expect(shown(Latest, [request({ seconds: bad })])).toEqual({ value: null, at: null, rejected: 1 })
    const after = shown(Latest, [request({ seconds: 5 }), request({ seconds: bad })])
    expect(after).toEqual({ value: 5, at: 0, rejected: 1 })
  })
})

describe("a histogram", () => {
  it("counts values in buckets with inclusive boundaries, plus one overflow bucket", () => {
    const Durations = Metric.histogram("http.durations", { ...seconds, boundaries: [-1, 0, 0.5] })
    const values = [-2, -1, -0.5, -0, 0, 0.25, 0.5, 0.5000001, 100]
    expect(
      shown(
        Durations,
        values.map((seconds) => request({ seconds }))
      )
    ).toEqual({
      count: 9,
      sum: values.reduce((sum, value) => sum + value, 0),
      min: -2,
      max: 100,
      counts: [2, 3, 2, 2],
      boundaries: [-1, 0, 0.5]
    })
  })

  it("has no minimum and no maximum before its first value", () => {
    const Durations = Metric.histogram("http.durations", { ...seconds, boundaries: [1] })
    const nothing = { count: 0, sum: 0, min: null, max: null, counts: [0, 0], boundaries: [1] }
    expect(shown(Durations, [])).toEqual(nothing)
    expect(shown(Durations, [request({ seconds: NaN }), request({ seconds: Infinity })])).toEqual({
      ...nothing,
      rejected: 2
    })
  })

  it("shows all series together and each separately, including those beyond the limit", () => {
    const options = { ...seconds, boundaries: [1], labels: ["user"], maxSeries: 1 } as const
    const Durations = Metric.histogram("http.durations", options)
    const all = [
      request({ user: "a", seconds: 1 }),
      request({ user: "b", seconds: 2 }),
      request({ user: "a", seconds: 3 })
    ]
    expect(shown(Durations, all)).toEqual({
      ...{ count: 3, sum: 6, min: 1, max: 3, counts: [1, 2], boundaries: [1] },
      series: [{ labels: { user: "a" }, count: 2, sum: 4, min: 1, max: 3, counts: [1, 1] }],
      overflow: { count: 1, sum: 2, min: 2, max: 2, counts: [0, 1], label: "user", values: 1, examples: ["a"] }
    })
  })

  it.each([
    ["s", 0.005, 10, 14],
    ["ms", 0, 10_000, 15],
    ["By", 64, 64 * 4 ** 11, 12],
    ["seconds", 0.005, 10, 14],
    ["Milliseconds", 0, 10_000, 15],
    ["bytes", 64, 64 * 4 ** 11, 12]
  ])("has boundaries for the unit %s from %d to %d by default", (unit, first, last, count) => {
    const { boundaries } = shown(Metric.histogram("h", { ...seconds, unit }), [])
    expect([boundaries[0], boundaries.at(-1), boundaries.length]).toEqual([first, last, count])
    expect(boundaries).toEqual(boundaries.toSorted((a, b) => a - b))
  })
})
