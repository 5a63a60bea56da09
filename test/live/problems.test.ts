/**
 * The problems at the top of the live page and of the terminal.
 */
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { metricProblems, recorderProblems, runtimeProblems } from "../../src/internal/live/model/problems.ts"
import { liveMetric } from "../../src/internal/live/server/readRuntime.ts"
import { noCounts } from "../../src/internal/model/stats.ts"

const events = Schema.TaggedUnion({ request: { path: Schema.String, seconds: Schema.Number } })
const request = (path: string, seconds = 1) => ({ _tag: "request" as const, path, seconds })
const live = (metric: Metric.Any, all: ReadonlyArray<ReturnType<typeof request>>) =>
  liveMetric(metric, Metric.snapshot(metric, Metric.fold(metric, all)), 100)

const own = (dimensions: unknown) => ({ name: "own", kind: "custom", labels: [], seriesCount: 0, dimensions }) as const

describe("the problems of a metric", () => {
  const three = [request("/a"), request("/b"), request("/c")]

  it.each([
    ["counter", Metric.counter("m", { events, labels: ["path"], maxSeries: 2 })],
    ["histogram", Metric.histogram("m", { events, value: "seconds", boundaries: [1], labels: ["path"], maxSeries: 2 })],
    ["gauge", Metric.gauge("m", { events, value: "seconds", labels: ["path"], maxSeries: 2 })],
    ["frequency", Metric.frequency("m", { events, value: "seconds", labels: ["path"], maxSeries: 2 })]
  ] as const)("include that a %s has more series than its limit, with its worst label", (_, metric) => {
    expect(metricProblems(live(metric, three))).toEqual([
      {
        kind: "overflow",
        metric: "m",
        text: "has more series than its limit: the label “path” has 2 values, such as /a, /b"
      }
    ])
    expect(metricProblems(live(metric, three.slice(0, 2)))).toEqual([])
  })

  it("are recognised in a hand-written metric by their form only, because it may show anything under that name", () => {
    const overflow = { count: 1, label: "path", values: 2, examples: ["/a", null] }
    expect(metricProblems(own({ count: 3, series: [], overflow }))[0]?.text).toMatch(/such as \/a, null$/)
    for (const dimensions of [
      null,
      3,
      "x",
      { overflow: 3, rejected: 3 },
      { overflow: { label: "a" } },
      { overflow: null }
    ]) {
      expect(metricProblems(own(dimensions))).toEqual([])
    }
  })

  it("include rejected measurements and the reason of a quarantine", () => {
    const Sums = Metric.counter("sums", { events, value: "seconds" })
    expect(metricProblems(live(Sums, [request("/a", Number.NaN), request("/a", -1)]))).toEqual([
      {
        kind: "rejected",
        metric: "sums",
        text: "left out 2 measurements that are not finite, or negative for a counter"
      }
    ])
    const quarantine = { error: `Error: ${"x".repeat(5000)}`, missed: 1 }
    const [problem] = metricProblems({ ...live(Sums, []), quarantine })
    expect(problem).toMatchObject({ kind: "quarantined", text: expect.stringMatching(/^missed 1 event: Error: x/) })
    expect(problem!.text.length).toBeLessThan(700)
  })
})

it("the problems of a recorder are ordered by severity, including refused and evicted events", () => {
  const stats = {
    state: "Failed",
    capacity: 1,
    offered: 6,
    accepted: 3,
    refused: 3,
    refusedBy: { overflow: 0, invalid: 2, notRunning: 1 },
    applied: 2,
    ignored: 0,
    evicted: 1,
    pending: 0
  } as const
  const metrics = [{ ...own({}), quarantine: { error: "Error: e", missed: 2 } }]
  const recorder = { recorderId: "r", entityId: "r", stats, metrics, error: "the worker has died" }
  expect(recorderProblems(recorder).map(({ kind, text }) => [kind, text])).toEqual([
    ["failed", "cannot be read: the worker has died"],
    ["quarantined", "missed 2 events: Error: e"],
    ["refused", "refused 3 events: 2 invalid, 1 not running"],
    ["evicted", "dropped 1 event to make room for newer ones"]
  ])
})

describe("the problems of a runtime", () => {
  const counts = { exporter: "OTLP to collector:4318", delivered: 1, partial: 0, failed: 1, rejectedPoints: 0 }
  const durable = { savedAt: 0, unsaved: 3, failures: 1, failure: "ENOSPC: no space left", discarded: 0 }
  const wrong = {
    recorders: 1,
    restarts: 1,
    memory: { used: 90, limit: 100 },
    durable,
    cluster: { processes: 4, silent: 1, ended: 0, age: 0 },
    exports: [{ ...counts, failing: "503", lastError: { at: 0, message: "503: the collector is full" } }]
  }

  it("include restarts, nearly full memory, failed exports and state, and processes that do not respond", () => {
    expect(runtimeProblems(wrong).map(({ kind, part, text }) => `${kind}: ${part} ${text}`)).toEqual([
      "not saved: The state a kill would lose 3 events: ENOSPC: no space left",
      "not exported: OTLP to collector:4318 failed last: 503: the collector is full",
      "restarted: The worker ended and was replaced once",
      "nearly full: The memory has 90 B of events in it; its limit is 100 B",
      "no data: The cluster has 1 of 4 processes that did not answer in time"
    ])
  })

  it("are empty if all is well, or little is known", () => {
    expect(runtimeProblems(undefined)).toEqual([])
    expect(
      runtimeProblems({
        restarts: 0,
        memory: { used: 80, limit: 100 },
        durable: { ...durable, failure: undefined },
        cluster: { ...wrong.cluster, silent: 0 },
        exports: [{ ...counts, failing: undefined, lastError: { at: 0, message: "over" } }]
      })
    ).toEqual([])
  })
})

it("a recorder is nearly full above 80 % of its capacity", () => {
  const of = (pending: number) =>
    recorderProblems({
      recorderId: "r",
      entityId: "r",
      metrics: [],
      stats: { ...noCounts, state: "Running", capacity: 1000, pending }
    }).map(({ kind, text }) => `${kind}: ${text}`)
  expect(of(800)).toEqual([])
  expect(of(801)).toEqual(["nearly full: has 801 events in flight; its capacity is 1,000"])
})
