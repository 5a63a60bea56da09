/**
 * Files generated from definitions use the names of the exposition.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { KeyValueStore } from "effect/persistence"
import { Metric, MetricsRuntime } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import * as Prometheus from "mvx-metrics/Prometheus"
import { dashboardOf } from "../../src/internal/catalogue/dashboard.ts"
import { catalogueMarkdown } from "../../src/internal/catalogue/markdown.ts"
import { rulesOf, rulesYaml } from "../../src/internal/catalogue/rules.ts"

const events = Schema.TaggedUnion({
  "save.attempt": { format: Schema.String, seconds: Schema.Number, saved: Schema.Boolean, bytes: Schema.Number }
})
const when = { events, labels: ["format"] } as const

const metrics = [
  Metric.counter("save.attempts", { ...when, unit: "{attempt}", description: "How often | <b>it</b> was tried" }),
  Metric.counter("save.bytes", { ...when, value: "bytes", unit: "By" }),
  Metric.upDownCounter("save.balance", { ...when, value: "bytes" }),
  Metric.gauge("save.last", { ...when, value: "seconds", unit: "ms" }),
  Metric.histogram("save.duration", { ...when, value: "seconds", unit: "s" }),
  Metric.exponentialHistogram("save.size", { ...when, value: "bytes", unit: "KiBy" }),
  Metric.summary("save.recent", { ...when, value: "seconds", unit: "s" }),
  Metric.average("save.mean", { ...when, value: "bytes", unit: "By" }),
  Metric.minMax("save.extremes", { ...when, value: "bytes", unit: "By" }),
  Metric.ratio("save.successes", { ...when, hits: "saved" }),
  Metric.rate("save.rate", { ...when, value: "bytes", unit: "By" }),
  Metric.window("save.window", { ...when, value: "seconds", unit: "s" }),
  Metric.frequency("save.formats", { events, value: "format" }),
  Metric.distinct("save.different", { events, value: "format" }),
  Metric.make("save.own", { events, initial: 0, reduce: { "save.attempt": (total) => total + 1 } }),
  Metric.derive("save.derived", {
    from: { attempts: Metric.counter("attempts", { events }) },
    view: ({ attempts }) => ({ value: attempts.value * 2 })
  })
]

/** The names of the samples that a scrape has. */
const scraped = Effect.gen(function* () {
  const durable = { store: KeyValueStore.layerMemory }
  const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "test", logging: "silent", durable })
  yield* runtime.start
  const recorder = yield* runtime.createRecorder("saves")
  yield* Effect.forEach(metrics, (metric) => recorder.register(metric))
  for (const seconds of [0.5, 1.5, Number.NaN]) {
    yield* recorder.emit({ _tag: "save.attempt", format: "text", seconds, saved: true, bytes: 3 })
  }
  const collector = HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response())))
  yield* Layer.build(
    Otlp.layer({ shutdownTimeout: 1 }).pipe(
      Layer.provide(Layer.succeed(MetricsRuntime, runtime)),
      Layer.provide(Layer.succeed(HttpClient.HttpClient, collector))
    )
  )
  const render = Effect.provideService(Prometheus.render("text"), MetricsRuntime, runtime)
  yield* runtime.flush()
  // How long the fold took to come to it is known from the first one on.
  yield* render
  const text = yield* render
  return new Set(Array.from(text.matchAll(/^([a-zA-Z_]\w*)[{ ]/gm), ([, name]) => name))
}).pipe(Effect.scoped)

/** The names of series in expressions, which stand before their labels, their range, or an operator. */
const namesIn = (expressions: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(
    expressions.flatMap((expr) => Array.from(expr.matchAll(/([a-zA-Z_]\w*)(?=[{[]| [>/])/g), ([, name]) => name!))
  )
]

interface Dashboard {
  readonly schemaVersion: number
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string }> }
  readonly panels: ReadonlyArray<{
    readonly id: number
    readonly title: string
    readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
    readonly targets?: ReadonlyArray<{ readonly expr: string; readonly refId: string }>
  }>
}

const dashboard = JSON.parse(JSON.stringify(dashboardOf(metrics, "Saves"))) as Dashboard

describe("the dashboard", () => {
  it.effect("queries only names that a scrape contains", () =>
    Effect.gen(function* () {
      const names = namesIn(dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)))
      expect(names.length).toBeGreaterThan(metrics.length)
      const known = yield* scraped
      expect(names.filter((name) => !known.has(name))).toEqual([])
    })
  )

  it("has a panel for each metric", () => {
    const titles = dashboard.panels.map(({ title }) => title)
    expect(metrics.filter(({ name }) => !titles.includes(name))).toEqual([])
  })

  it("is valid for Grafana: ids of panels and targets are unique, positions do not overlap", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36)
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(["datasource", "job", "instance", "recorder"])
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    for (const { targets = [] } of dashboard.panels) {
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
    }
    const cells = dashboard.panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`)
    )
    expect(new Set(cells).size).toBe(cells.length)
  })

  it("has matching units: a counter has the unit of its rate", () => {
    const units = new Map(
      (dashboard.panels as ReadonlyArray<{ title: string; fieldConfig?: { defaults: { unit: string } } }>).map(
        ({ fieldConfig, title }) => [title, fieldConfig?.defaults.unit]
      )
    )
    expect(Object.fromEntries(metrics.map(({ name }) => [name, units.get(name)]))).toEqual({
      "save.attempts": "cps",
      "save.bytes": "binBps",
      "save.balance": "short",
      "save.last": "s",
      "save.duration": "s",
      "save.size": "bytes",
      "save.recent": "s",
      "save.mean": "bytes",
      "save.extremes": "bytes",
      "save.successes": "percentunit",
      "save.rate": "binBps",
      "save.window": "s",
      "save.formats": "cps",
      "save.different": "short",
      "save.own": "short",
      "save.derived": "short"
    })
  })

  it("is the same for the same definitions", () => {
    expect(dashboardOf(metrics, "Saves")).toEqual(dashboardOf(metrics, "Saves"))
  })
})

describe("the recording and alerting rules", () => {
  const { groups } = rulesOf(metrics)
  const rules = groups.flatMap((group) => group.rules)

  it.effect("query only names that a scrape contains", () =>
    Effect.gen(function* () {
      const known = yield* scraped
      const names = namesIn(rules.map(({ expr }) => expr))
      expect(names.filter((name) => !known.has(name))).toEqual([])
    })
  )

  it("record ratios over recent time", () => {
    expect(rules.flatMap((rule) => ("record" in rule ? [rule.record] : []))).toEqual([
      "recorder:save_mean_bytes:mean5m",
      "recorder:save_successes_ratio:rate5m"
    ])
  })

  it("are rendered as YAML", () => {
    const yaml = rulesYaml({
      groups: [
        {
          name: "g",
          rules: [
            {
              alert: "A",
              expr: 'up{job="x"} == 0',
              for: "1m",
              labels: { severity: "info" },
              annotations: { summary: "one: two", description: "{{ $value }}" }
            },
            { record: "r", expr: "1" }
          ]
        }
      ]
    })
    expect(yaml).toBe(`groups:
  - name: "g"
    rules:
      - alert: "A"
        expr: "up{job=\\"x\\"} == 0"
        for: "1m"
        labels:
          severity: "info"
        annotations:
          summary: "one: two"
          description: "{{ $value }}"
      - record: "r"
        expr: "1"
`)
  })
})

describe("the catalogue", () => {
  const rows = catalogueMarkdown(metrics).trimEnd().split("\n").slice(4)

  it("has a row for each metric, with as many cells as there are columns", () => {
    expect(rows).toHaveLength(metrics.length)
    for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(9)
  })

  it("shows all facts of a metric, and renders descriptions as text", () => {
    expect(rows[0]).toBe(
      "| `save.attempts` | How often \\| \\<b\\>it\\</b\\> was tried | counter | `{attempt}` | `format` | `save.attempt` | `save_attempts_total` |"
    )
  })
})
