/**
 * The history that a live view builds from its updates.
 */
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { History } from "../../src/internal/live/model/history.ts"
import { labelColumns, partitioned, pointRows } from "../../src/internal/live/model/points.ts"
import type { LiveData } from "../../src/internal/live/model/update.ts"
import { liveMetric } from "../../src/internal/live/server/readRuntime.ts"

const events = Schema.TaggedUnion({
  request: { path: Schema.String, seconds: Schema.Number, hit: Schema.Boolean }
})
type Event = typeof events.Type

const request = (path: string, seconds = 1, hit = true): Event => ({ _tag: "request", path, seconds, hit })

const live = (metric: Metric.Any, all: ReadonlyArray<Event>, maxSeries = 100) =>
  liveMetric(metric, Metric.snapshot(metric, Metric.fold(metric, all)), maxSeries)

const stats = {
  state: "Running",
  capacity: 1,
  offered: 0,
  accepted: 0,
  refused: 0,
  refusedBy: { overflow: 0, invalid: 0, notRunning: 0 },
  applied: 0,
  ignored: 0,
  evicted: 0,
  pending: 0
} as const

const update = (at: number, metrics: LiveData["recorders"][number]["metrics"]): LiveData => ({
  namespace: "test",
  at,
  recorderCount: 1,
  recorders: [{ recorderId: "r", entityId: "r", stats, metrics }]
})

const Requests = Metric.counter("requests", { events, labels: ["path"] })
const Durations = Metric.histogram("durations", { events, value: "seconds", boundaries: [1, 10, 100] })

describe("the table rows of a metric", () => {
  it("are the total, the series from the largest, and the overflow", () => {
    const Capped = Metric.counter("capped", { events, labels: ["path"], maxSeries: 2 })
    const rows = pointRows(live(Capped, [request("/a"), request("/b"), request("/b"), request("/c")]))
    expect(rows.map(({ labels, point }) => [labels.map(([, value]) => value).join(), point.value])).toEqual([
      ["", 4],
      ["/b", 2],
      ["/a", 1],
      ["beyond the limit", 1]
    ])
  })

  it("are the largest series if there are too many to send", () => {
    const metric = live(Requests, [request("/a"), request("/b"), request("/b"), request("/c")], 1)
    expect(metric.seriesCount).toBe(3)
    expect(pointRows(metric).map(({ labels }) => labels)).toEqual([[], [["path", "/b"]]])
  })

  it("of a hand-written metric are its numbers, by path", () => {
    const Own = Metric.make("own", {
      events,
      initial: { state: "open", by: { path: { a: 1 } }, list: [2] },
      reduce: { request: (state) => state }
    })
    expect(pointRows(live(Own, [])).map(({ labels, point }) => [labels[0]?.[1], point.value])).toEqual([
      ["state", "open"],
      ["by.path.a", 1],
      ["list.0", 2]
    ])
    const Plain = Metric.make("plain", { events, initial: 3, reduce: { request: (state) => state } })
    expect(pointRows(live(Plain, []))).toMatchObject([{ labels: [], point: { value: 3 } }])
  })

  it("of a hand-written metric that shows series have their labels", () => {
    const Own = Metric.derive("own", {
      from: { requests: Requests },
      view: ({ requests }) => ({ series: requests.series.map(({ labels, value }) => ({ labels, half: value / 2 })) })
    })
    expect(pointRows(live(Own, [request("/a")]))).toMatchObject([
      {
        labels: [
          ["path", "/a"],
          ["", "half"]
        ],
        point: { value: 0.5 }
      }
    ])
  })
})

/** The cells that tell the rows of a metric apart, the names of their columns first. */
const cells = (metric: Metric.Any, all: ReadonlyArray<Event>): ReadonlyArray<ReadonlyArray<string>> => {
  const rows = pointRows(live(metric, all))
  const columns = labelColumns(rows)
  return [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ cell }) => cell(row)))]
}

describe("the label columns", () => {
  it("have the total and the overflow in the first one", () => {
    const Capped = Metric.counter("capped", { events, labels: ["path", "hit"], maxSeries: 1 })
    expect(cells(Capped, [request("/a"), request("/b")])).toEqual([
      ["path", "hit"],
      ["all", ""],
      ["/a", "true"],
      ["beyond the limit", ""]
    ])
  })

  it("keep a label named value distinct from the counted values", () => {
    const ByValue = Metric.frequency("by_value", { events, value: "path", labels: { value: "hit" } })
    expect(cells(ByValue, [request("/a")])).toEqual([
      ["value", "value"],
      ["/a", ""],
      ["true", "/a"]
    ])
  })

  it("have the fields of a hand-written metric last, with a column name", () => {
    const Own = Metric.make("own", { events, initial: { a: 1, b: { c: 2 } }, reduce: { request: (state) => state } })
    expect(cells(Own, [])).toEqual([["field"], ["a"], ["b.c"]])
  })
})

describe("the keys of rows", () => {
  it("are unique, whatever their labels and paths look like", () => {
    const mixed = {
      ...live(Requests, []),
      dimensions: { value: 3, series: [1, "1", null, "–"].map((path) => ({ labels: { path }, value: 1 })) }
    }
    const Own = Metric.make("own", {
      events,
      initial: { a: { b: 1 }, "a.b": 2 },
      reduce: { request: (state) => state }
    })
    for (const rows of [pointRows(mixed), pointRows(live(Own, []))]) {
      expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length)
    }
  })

  it("of a labelled hand-written metric are its series, plus one for the overflow", () => {
    const Own = Metric.make("own", { events, initial: 0, reduce: { request: (total) => total + 1 } })
    const dimensions = {
      count: 3,
      series: [{ labels: { path: "/a" }, count: 1 }],
      overflow: { count: 2, label: "path", values: 1, examples: ["/a"] }
    }
    const rows = pointRows({ ...live(Own, []), dimensions })
    expect(
      rows.map(({ labels, overflow, point }) => [labels.map(([, value]) => value), overflow, point.value])
    ).toEqual([
      [["count"], undefined, 3],
      [["/a", "count"], undefined, 1],
      [["beyond the limit", "count"], true, 2]
    ])
  })

  it("mark aggregates of all series or of the overflow", () => {
    const Capped = Metric.counter("capped", { events, labels: ["path"], maxSeries: 1 })
    const rows = pointRows(live(Capped, [request("/a"), request("/b")]))
    expect(partitioned(rows).aggregates).toEqual([rows[0], rows[2]])
    const alone = pointRows(live(Metric.counter("plain", { events }), [request("/a")]))
    expect(partitioned(alone).single).toEqual(alone)
  })
})

describe("the chart history", () => {
  it("has the growth of a counter per second, from its second update on", () => {
    const history = new History(10)
    for (const [index, count] of [1, 3, 9].entries()) {
      history.add(update(index * 1000, [live(Requests, new Array(count).fill(request("/a")))]))
    }
    const [view] = history.add(update(3000, [live(Requests, new Array(9).fill(request("/a")))]))
    const perSecond = view!.view!.spark
    // Over all that is remembered of the last seconds: 2 in one, 8 in two, 8 in three.
    expect(history.trace("r", "requests", view!.rows[0]!.key, perSecond)).toEqual([null, 2, 4, 8 / 3])
    expect(view!.rows[0]!.now(perSecond)).toBe(8 / 3)
  })

  it("treats a decrease as a restart", () => {
    const history = new History(10)
    history.add(update(0, [live(Requests, new Array(9).fill(request("/a")))]))
    const [view] = history.add(update(1000, [live(Requests, [request("/a")])]))
    expect(view!.rows[0]!.now(view!.view!.spark)).toBe(1)
  })

  it("has the quantiles of recent values", () => {
    const history = new History(10)
    const slow = [request("/a", 50), request("/a", 50)]
    history.add(update(0, [live(Durations, slow)]))
    const [view] = history.add(update(1000, [live(Durations, [...slow, request("/a", 0.5)])]))
    expect(view!.rows[0]!.now(view!.view!.spark)).toBeLessThanOrEqual(1)
  })

  it("keeps the configured number of updates, and has a gap where a series was missing", () => {
    const history = new History(3)
    for (let i = 0; i < 5; i++) {
      history.add(update(i * 1000, [live(Requests, i === 3 ? [] : [request("/a")])]))
    }
    expect(history.times).toEqual([2, 3, 4])
    const view = history.add(update(5000, [live(Requests, [request("/a")])]))[0]!
    const total = view.view!.charts[1]!.traces[0]!
    expect(history.trace("r", "requests", JSON.stringify([["path", "/a"]]), total)).toEqual([null, 1, 1])
    expect(history.trace("r", "requests", "unknown", total)).toEqual([null, null, null])
  })

  it("has the means of ten updates each for older data, for one hour", () => {
    const history = new History(12)
    const at = (second: number, count: number) =>
      update(second * 1000, [live(Requests, new Array(count).fill(request("/a")))])
    for (let i = 1; i <= 45; i++) history.add(at(i, i === 15 ? 0 : i))
    const view = history.add(at(46, 46))[0]!
    const total = view.view!.charts[1]!.traces[0]!
    const values = history.traceOfHour("r", "requests", JSON.stringify([["path", "/a"]]), total)
    expect(history.hour).toEqual([10, 20, 30, ...history.times])
    expect(history.times[0]).toBe(35)
    // The mean of 11 to 20 is without 15, where the series was not there.
    expect(values).toEqual([5.5, (155 - 15) / 9, 25.5, ...history.times])
    const { recorders } = at(0, 1)
    for (let i = 47; i <= 4000; i++) history.add({ ...update(i * 1000, []), recorders })
    expect(history.hour).toHaveLength(12 + 359)
    expect(history.hour.at(0)).toBe(4000 - 3600)
    const long = history.traceOfHour("r", "requests", JSON.stringify([["path", "/a"]]), total)
    expect(new Set(long)).toEqual(new Set([1]))
    expect(history.hour).toEqual(history.hour.toSorted((left, right) => left - right))
  })

  it("has no means from before the clock was set back", () => {
    const history = new History(12)
    for (let i = 1; i <= 30; i++) history.add(update(i * 1000, [live(Requests, [request("/a")])]))
    history.add(update(5000, [live(Requests, [request("/a")])]))
    expect(history.hour).toEqual([5])
  })

  it("has no value in an update for a metric that was not yet read", () => {
    const history = new History(2)
    for (const at of [0, 1000]) history.add(update(at, [live(Requests, [request("/a")])]))
    history.begin(2000)
    expect(counts(history)).toEqual([1, null])
    const [recorder] = update(2000, [live(Requests, [request("/a"), request("/a")])]).recorders
    history.read(recorder!)
    expect(counts(history)).toEqual([1, 2])
    history.end()
    expect(counts(history)).toEqual([1, 2])
  })

  const counts = (history: History): ReadonlyArray<number | null> => {
    const { view } = new History(1).add(update(0, [live(Requests, [])]))[0]!
    return history.trace("r", "requests", "[]", view!.charts[1]!.traces[0]!)
  }

  it("starts again when the server's clock is set back, because times must ascend", () => {
    const history = new History(10)
    history.add(update(3_600_000, [live(Requests, [request("/a")])]))
    history.add(update(3_601_000, [live(Requests, [request("/a")])]))
    const [view] = history.add(update(1000, [live(Requests, [request("/a"), request("/a")])]))
    expect(history.times).toEqual([1])
    expect(view!.rows[0]!.now(view!.view!.spark)).toBe(null)
    history.add(update(2000, [live(Requests, [request("/a"), request("/a"), request("/a")])]))
    expect(history.times).toEqual([1, 2])
    expect(counts(history)).toEqual([2, 3])
  })

  it("has a gap where the connection was lost, and equally many values and times", () => {
    const history = new History(3)
    history.add(update(0, [live(Requests, [request("/a")])]))
    history.add(update(1000, [live(Requests, [request("/a")])]))
    history.add(update(60_000, [live(Requests, [request("/a"), request("/a")])]))
    expect(history.times).toEqual([1, 59, 60])
    expect(counts(history)).toEqual([1, null, 2])
  })

  it("traces the largest series, and those that it is told to follow", () => {
    const history = new History(10)
    const all = Array.from({ length: 30 }, (_, index) => request(`/${index}`))
    const [view] = history.add(update(0, [live(Requests, all)]))
    const { key } = view!.rows.at(-1)!
    const total = view!.view!.charts[1]!.traces[0]!
    expect(history.trace("r", "requests", key, total)).toEqual([null])
    history.follow("r", "requests", key)
    history.add(update(1000, [live(Requests, all)]))
    expect(history.trace("r", "requests", key, total)).toEqual([null, 1])
    const Capped = Metric.counter("capped", { events, labels: ["path"], maxSeries: 29 })
    const [capped] = history.add(update(2000, [live(Capped, all)]))
    expect(history.trace("r", "capped", capped!.rows.at(-1)!.key, total)).toEqual([null, null, 1])
  })
})
