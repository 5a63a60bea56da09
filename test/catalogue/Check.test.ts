/**
 * The findings of a check: each with a definition that has it and one that does not.
 */
import { describe, expect, it } from "@effect/vitest"
import * as conventions from "@opentelemetry/semantic-conventions/incubating"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { CacheMetrics } from "mvx-metrics/Caches"
import { HttpClientMetrics, HttpServerMetrics } from "mvx-metrics/Fetch"
import { ProcessMetrics } from "mvx-metrics/NodeProcess"
import { QueueMetrics } from "mvx-metrics/Queues"
import { SqlMetrics } from "mvx-metrics/Sql"
import { findingsOf } from "../../src/internal/catalogue/check.ts"
import { fewByConvention } from "../../src/internal/catalogue/conventions.ts"
import { type FindingCode, findingGravity } from "../../src/internal/catalogue/findings.ts"
import { isUcum } from "../../src/internal/naming/ucum.ts"

const events = Schema.TaggedUnion({
  "app.request": {
    seconds: Schema.Number,
    durationMs: Schema.Number,
    n: Schema.Number,
    ok: Schema.Boolean,
    method: Schema.Literals(["GET", "PUT"]),
    region: Schema.Literals(["eu", "us", "ap"]),
    host: Schema.String,
    route: Schema.String,
    path: Schema.String,
    address: Schema.String,
    userId: Schema.String,
    status: Schema.Number
  }
})
const base = { events, description: "What it is.", when: "app.request" } as const
const seconds = { ...base, value: "seconds", unit: "s" } as const
/** Of one metric of the conventions, for clients of databases. */
const conventional = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
const defaults = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The codes found in one metric, but for those of its events. */
const codesOf = (...metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<FindingCode> =>
  findingsOf(metrics).flatMap(({ code }) => (code === "field-unread" ? [] : [code]))

type Case = readonly [code: FindingCode, wrong: ReadonlyArray<Metric.Any>, right: ReadonlyArray<Metric.Any>]

const cases: ReadonlyArray<Case> = [
  ["name-syntax", [Metric.counter("1 request!", base)], [Metric.counter("app.requests", base)]],
  ["name-case", [Metric.counter("app.httpRequests", base)], [Metric.counter("app.http_requests", base)]],
  ["name-namespace", [Metric.counter("requests", base)], [Metric.counter("app.requests", base)]],
  [
    "name-total",
    [Metric.gauge("app.requests_total", { ...base, value: "n" })],
    [Metric.gauge("app.requests", { ...base, value: "n" })]
  ],
  ["name-unit", [Metric.histogram("app.duration_seconds", seconds)], [Metric.histogram("app.duration", seconds)]],
  ["name-unit-mismatch", [Metric.histogram("app.duration_ms", seconds)], [Metric.histogram("app.duration", seconds)]],
  ["name-kind", [Metric.counter("app.request.counter", base)], [Metric.counter("app.counter.requests", base)]],
  [
    "name-suffix",
    [Metric.gauge("app.request.count", { ...base, value: "n" })],
    [Metric.gauge("app.open_requests", { ...base, value: "n" })]
  ],
  [
    "name-suffix",
    [Metric.counter("app.build.info", base)],
    [Metric.gauge("app.build.info", { ...base, value: () => 1, labels: ["method"] })]
  ],
  [
    "name-clash",
    [Metric.counter("app.requests", base), Metric.counter("app_requests", base)],
    [Metric.counter("app.requests", base), Metric.counter("app.others", base)]
  ],
  [
    "convention-kind",
    [Metric.gauge("http.server.request.duration", seconds)],
    [Metric.exponentialHistogram("http.server.request.duration", seconds)]
  ],
  [
    "convention-unit",
    [Metric.histogram("http.server.request.duration", { ...base, value: "durationMs", unit: "ms" })],
    [Metric.histogram("http.server.request.duration", seconds)]
  ],
  [
    "unit-unknown",
    [Metric.counter("app.requests", { ...base, unit: "requests" })],
    [Metric.counter("app.requests", { ...base, unit: "{request}" })]
  ],
  [
    "unit-missing",
    [Metric.gauge("app.age", { ...base, value: "durationMs" })],
    [Metric.gauge("app.age", { ...base, value: "n" })]
  ],
  [
    "unit-of-field",
    [Metric.gauge("app.age", { ...base, value: "durationMs", unit: "s" })],
    [Metric.gauge("app.age", { ...base, value: "durationMs", unit: "ms" })]
  ],
  [
    "unit-one",
    [Metric.counter("app.requests", { ...base, unit: "1" })],
    [Metric.gauge("app.share", { ...base, value: "n", unit: "1" })]
  ],
  [
    "label-open",
    [Metric.counter("app.requests", { ...base, labels: ["host"] })],
    [Metric.counter("app.requests", { ...base, labels: ["host"], maxSeries: 100 })]
  ],
  [
    "label-open",
    [Metric.counter("app.requests", { ...base, labels: ["status"] })],
    [Metric.counter("app.requests", { ...base, labels: ["method", "ok"] })]
  ],
  [
    "label-open",
    [Metric.frequency("app.hosts", { ...base, value: "host" })],
    [Metric.frequency("app.methods", { ...base, value: "method" })]
  ],
  [
    "label-open",
    [Metric.frequency("app.hosts", { ...base, value: "host", labels: ["host"], maxValues: 10 })],
    [Metric.frequency("app.hosts", { ...base, value: "host", maxValues: 10 })]
  ],
  [
    "label-unbounded",
    [Metric.counter("app.requests", { ...base, labels: { user: "userId" }, expireAfter: "1 hour" })],
    [Metric.counter("app.requests", { ...base, labels: { user: ({ userId }) => userId.slice(0, 1) } })]
  ],
  [
    "label-unbounded",
    [Metric.counter("app.requests", { ...base, labels: ["userId"] })],
    [Metric.counter("app.requests", { ...base, labels: { user: "userId" }, maxSeries: 100 })]
  ],
  [
    "label-open",
    [Metric.counter("app.requests", { ...base, labels: ["host"] })],
    [Metric.counter("app.requests", { ...base, labels: ["host"], expireAfter: "1 hour" })]
  ],
  [
    "label-open",
    [Metric.counter("app.requests", { ...base, labels: ["host"] })],
    [Metric.counter("app.requests", { ...base, labels: { host: "host" }, maxSeries: 2000 })]
  ],
  [
    "label-open",
    [Metric.counter("app.requests", { ...base, labels: { "app.route": "route" } })],
    [
      Metric.counter("app.requests", {
        ...base,
        labels: { "http.route": "route", "http.response.status_code": "status" }
      })
    ]
  ],
  [
    "label-unbounded",
    [Metric.counter("app.requests", { ...base, labels: { "http.route": "path" } })],
    [Metric.counter("app.requests", { ...base, labels: { "http.route": "route" } })]
  ],
  [
    "label-unbounded",
    [Metric.counter("app.server.requests", { ...base, labels: { "server.address": "address" } })],
    [Metric.counter("app.client.requests", { ...base, labels: { "server.address": "address" } })]
  ],
  [
    "label-overflow",
    [Metric.counter("app.requests", { ...base, labels: ["method", "region"], maxSeries: 5 })],
    [Metric.counter("app.requests", { ...base, labels: ["method", "region"], maxSeries: 6 })]
  ],
  [
    "label-exported",
    [Metric.counter("app.requests", { ...base, labels: { recorder: "method" } })],
    [Metric.counter("app.requests", { ...base, labels: ["method"] })]
  ],
  [
    "label-case",
    [Metric.counter("app.requests", { ...base, labels: { httpMethod: "method" } })],
    [Metric.counter("app.requests", { ...base, labels: { http_method: "method" } })]
  ],
  [
    "boundaries-of-other-unit",
    [Metric.histogram("app.duration", { ...seconds, boundaries: [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000] })],
    [Metric.histogram("app.duration", { ...seconds, boundaries: [1, 2, 5, 10, 30, 60, 120, 300, 900, 1800, 3600] })]
  ],
  [
    "boundaries-of-other-unit",
    [Metric.histogram("app.duration", { ...base, value: "durationMs", unit: "ms", boundaries: defaults })],
    [Metric.histogram("app.duration", { ...base, value: "durationMs", unit: "ms" })]
  ],
  [
    "boundaries-coarse",
    [Metric.histogram("app.duration", { ...seconds, boundaries: [0.1, 1, 2, 10] })],
    [Metric.histogram("app.duration", { ...seconds, boundaries: [0.25, 0.5, 1, 2.5] })]
  ],
  [
    "boundaries-coarse",
    [Metric.histogram("app.duration", { ...seconds, boundaries: [0.5] })],
    [Metric.histogram("app.size", { ...base, value: "n", unit: "By" })]
  ],
  [
    "boundaries-coarse",
    [Metric.histogram("app.operation.duration", { ...seconds, boundaries: conventional })],
    [Metric.histogram("db.client.operation.duration", { ...seconds, boundaries: conventional })]
  ],
  [
    "boundaries-coarse",
    [Metric.exponentialHistogram("app.duration", { ...seconds, maxSize: 4 })],
    [Metric.exponentialHistogram("app.duration", seconds)]
  ],
  [
    "boundaries-coarse",
    [Metric.exponentialHistogram("app.duration", { ...seconds, maxScale: -2 })],
    [Metric.exponentialHistogram("app.duration", { ...seconds, maxScale: 0 })]
  ],
  ["unit-missing", [Metric.counter("app.sent_bytes", base)], [Metric.counter("app.sent", base)]],
  ["description-missing", [Metric.counter("app.requests", { events })], [Metric.counter("app.requests", base)]]
]

describe("a check", () => {
  for (const [i, [code, wrong, right]] of cases.entries()) {
    it(`finds ${code} exactly where it applies (${i})`, () => {
      expect(codesOf(...wrong)).toContain(code)
      expect(codesOf(...right)).toEqual([])
    })
  }

  it("has a test for every code", () => {
    const tested = new Set<string>(cases.map(([code]) => code))
    expect(Object.keys(findingGravity).filter((code) => !tested.has(code))).toEqual(["event-unread", "field-unread"])
  })

  it("finds events and fields that no metric reads, also through derived metrics", () => {
    const family = Schema.TaggedUnion({
      "cache.lookup": { hit: Schema.Boolean, tier: Schema.Literals(["l1", "l2"]), key: Schema.String },
      "cache.evict": { key: Schema.String }
    })
    const hits = Metric.ratio("cache.hits", { events: family, when: "cache.lookup", hits: "hit" })
    const lookups = Metric.counter("cache.lookups", { events: family, when: "cache.lookup", labels: ["tier"] })
    const derived = Metric.derive("cache.both", { from: { hits, lookups }, view: () => ({ value: 1 }) })
    const unread = (...metrics: ReadonlyArray<Metric.Any>) =>
      findingsOf(metrics).flatMap(({ code, part, place, severity }) =>
        code.endsWith("-unread") ? [[severity, place, part]] : []
      )
    const expected = [
      ["warning", "cache.evict", undefined],
      ["note", "cache.lookup", "key"]
    ]
    expect(unread(hits, lookups)).toEqual(expected)
    expect(unread(derived)).toEqual(expected)
    expect(unread(hits.pipe(Metric.filter(({ tier }) => tier === "l1")))).toEqual([
      ["warning", "cache.evict", undefined]
    ])
  })

  it.each([
    ["caches", CacheMetrics],
    ["HTTP clients", HttpClientMetrics],
    ["HTTP servers", HttpServerMetrics],
    ["the process", ProcessMetrics],
    ["queues", QueueMetrics],
    ["databases", SqlMetrics]
  ])("finds nothing in the built-in metrics of %s", (_, { metrics }) => {
    expect(findingsOf(metrics)).toEqual([])
  })

  it("recognises attributes by their names in the semantic conventions", () => {
    const names = new Set<unknown>(
      Object.entries(conventions).flatMap(([key, value]) => (key.startsWith("ATTR_") ? [value] : []))
    )
    expect([...fewByConvention].filter((name) => !names.has(name))).toEqual([])
  })

  it("gives advice in sentences without a full stop", () => {
    for (const { advice, message } of findingsOf(cases.flatMap(([, wrong]) => wrong))) {
      expect(advice).toMatch(/^[A-Z].*[^.]$/)
      expect(message).toMatch(/^[a-z].*[^.]$/)
    }
  })
})

it("accepts UCUM units and reports others", () => {
  const known =
    "s ms us ns min h d wk By kBy KiBy MiBy bit % 1 Cel [degF] {request} By/s {request}/s 1/s /min m2 m/s2 kg.m 10* By{sent}"
  for (const unit of known.split(" ")) expect(isUcum(unit), unit).toBe(true)
  for (const unit of ["", "seconds", "KBy", "requests", "S s", "{a", "By//s", "ms.", "Ms2x"]) {
    expect(isUcum(unit), unit).toBe(false)
  }
})
