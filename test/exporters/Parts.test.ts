// The exported form of metrics: unambiguous names, monotonic sums, and fixed buckets.
import { afterEach, describe, expect, it } from "@effect/vitest"
import { AggregationTemporality, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as PromClient from "mvx-metrics/PromClient"
import { MetricsRuntime } from "mvx-metrics/promise"
import { AggregatorRegistry, Registry } from "prom-client"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import { counterOf, gaugeOf, samplesOf, textOf } from "../support/exposition.ts"
import { parseExposition } from "../support/expositionParser.ts"

const events = Schema.TaggedUnion({ hit: { n: Schema.Number, slow: Schema.Boolean } })
const hit = (n: number, slow = false) => ({ _tag: "hit", n, slow }) as const
const value = { events, value: "n" } as const

const runtimes: Array<MetricsRuntime> = []
const start = async (...metrics: ReadonlyArray<Metric.Any>) => {
  const runtime = await MetricsRuntime.start({ namespace: "a", inProcess: true, logging: "silent" })
  runtimes.push(runtime)
  const recorder = await runtime.createRecorder("r")
  for (const metric of metrics) await recorder.registerMetric(metric)
  return { runtime, recorder }
}
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.shutdown()
})

describe("a ratio", () => {
  it("does not present the number of checked events as the number of hits", () => {
    const metric = Metric.ratio("http.slow_requests", { events, hits: "slow", description: "Slow requests" })
    const state = Metric.fold(metric, [hit(1, true), hit(1), hit(1)])
    const families = parseExposition(textOf(metricData(metric, Metric.snapshot(metric, state).dimensions)), "text")
    expect(Array.from(families.values(), ({ help, samples }) => [samples[0]!.name, samples[0]!.value, help])).toEqual([
      ["http_slow_requests_ratio", 1 / 3, "Slow requests. The share of hits in all checks."],
      ["http_slow_requests_hits_total", 1, "Slow requests. The number of hits."],
      ["http_slow_requests_checked_total", 3, "Slow requests. The number of all checks, hits and misses."]
    ])
  })
})

describe("a sum of values that may be negative", () => {
  const metrics = [
    Metric.histogram("classic", { ...value, boundaries: [1, 10] }),
    Metric.exponentialHistogram("exponential", value),
    Metric.summary("quantiles", value),
    Metric.average("mean", value)
  ]

  it("is in every exporter until a value is below 0, and in none afterwards", async () => {
    const { recorder, runtime } = await start(...metrics)
    const registry = new Registry()
    PromClient.registerInto(registry, runtime)
    const reader = new Reader(AggregationTemporality.DELTA)
    OpenTelemetry.observe(new MeterProvider({ readers: [reader] }).getMeter("test"), runtime)
    const sums = async () => {
      const scraped = await (await runtime.prometheus().handler(new Request("http://localhost/"))).text()
      const found = (text: string) =>
        Array.from(text.matchAll(/^(\w+)_sum\{.*\} (.*)$/gm), ([, name, sum]) => [name, sum])
      const observed = (await reader.points()).flatMap(([name, , sum]) =>
        name.endsWith(".sum") ? [[name.slice(0, -".sum".length), String(sum)]] : []
      )
      return [found(scraped), found(await registry.metrics()), observed].map((each) => each.sort())
    }
    recorder.registerEvent(hit(5))
    const five = metrics.map(({ name }) => [name, "5"]).sort()
    expect(await sums()).toEqual([five, five, five])
    recorder.registerEvent(hit(-2))
    recorder.registerEvent(hit(90))
    expect(await sums()).toEqual([[], [], []])
    // A scrape may tell that counting began again. A meter cannot: a sum that goes on from a lower one would go back.
    await recorder.resetMetrics()
    recorder.registerEvent(hit(1))
    const one = metrics.map(({ name }) => [name, "1"]).sort()
    expect(await sums()).toEqual([one, one, []])
  })
})

it("non-additive values are not added up over the processes of a prom-client cluster", async () => {
  const { recorder, runtime } = await start(
    Metric.minMax("sizes", value),
    Metric.counter("all", { events }),
    Metric.ratio("share", { events, hits: ({ n }) => n > 4 })
  )
  const registry = new Registry()
  PromClient.registerInto(registry, runtime)
  recorder.registerEvent(hit(5))
  const one = await registry.getMetricsAsJSON()
  recorder.registerEvent(hit(2))
  const other = await registry.getMetricsAsJSON()
  const text = await AggregatorRegistry.aggregate([one, other]).metrics()
  const values = Array.from(
    text.matchAll(/^(sizes_min|sizes_max|all_total|share_ratio)\{.*\} (.*)$/gm),
    ([, name, is]) => [name, Number(is)]
  )
  expect(Object.fromEntries(values)).toEqual({ sizes_min: 2, sizes_max: 5, all_total: 3, share_ratio: 0.75 })
})

class Reader extends MetricReader {
  constructor(temporality: AggregationTemporality) {
    super({ aggregationTemporalitySelector: () => temporality })
  }
  protected override onShutdown = async (): Promise<void> => {}
  protected override onForceFlush = async (): Promise<void> => {}
  async points() {
    const { resourceMetrics } = await this.collect()
    return resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ dataPoints, descriptor }) =>
        dataPoints.map(({ attributes, value }) => [descriptor.name, attributes, value as number] as const)
      )
  }
}

describe("an exponential histogram on a meter", () => {
  it("has buckets that match its count for a delta reader, however it rescales", async () => {
    const { recorder, runtime } = await start(Metric.exponentialHistogram("h", { ...value, maxSize: 4 }))
    const reader = new Reader(AggregationTemporality.DELTA)
    OpenTelemetry.observe(new MeterProvider({ readers: [reader] }).getMeter("test"), runtime)
    for (const values of [
      [3, 3.1, 3.2, 3.3],
      [1e-3, 5, 700, -1],
      [1e9, 1e-9, 0, 2]
    ]) {
      for (const each of values) recorder.registerEvent(hit(each))
      const points = await reader.points()
      const buckets = points.filter(([name]) => name === "h.bucket")
      expect(buckets.length).toBeGreaterThan(2)
      for (const [, { le }, count] of buckets) {
        const upTo = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le)
        expect([le, count]).toEqual([le, values.filter((each) => each <= upTo).length])
      }
    }
  })
})

describe("a metric name", () => {
  it.each([
    "mvx_metrics.events.accepted",
    "mvx_metrics_events_accepted",
    "mvx.metrics.events",
    " MVX-metrics/x",
    "mvx_metrics"
  ])("%s is reserved", (name) => {
    const refused = expect.objectContaining({
      _tag: "mvx-metrics/InvalidArgument",
      argument: "name",
      metric: name.trim()
    })
    expect(() => Metric.counter(name, { events })).toThrow(refused)
    expect(() => Metric.make(name, { events, initial: 0, reduce: { hit: (n) => n + 1 } })).toThrow(refused)
    expect(() => Metric.counter("a", { events }).pipe(Metric.named(name))).toThrow(refused)
  })

  it.each([
    ["mvx", "metrics_events_pending"],
    ["MVX", "metrics"],
    ["mvx", "mvx_metrics"]
  ])("%s with the unit %s is reserved", (name, unit) => {
    const refused = expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument: "unit", metric: name })
    expect(() => Metric.gauge(name, { ...value, unit })).toThrow(refused)
    expect(() => Metric.rate(name, { events, unit, window: "1 minute" })).toThrow(refused)
  })

  it.each([
    ["bytes", "By", "bytes"],
    ["sent.bytes", "By", "sent_bytes"],
    ["seconds", "ms", "seconds"],
    ["ratio", "1", "ratio"],
    ["hit.ratio", "%", "hit_ratio"],
    ["sent.bytes", "By/s", "sent_bytes_per_second"],
    ["bytes", "By/s", "bytes_per_second"],
    ["bytes.per.second", "By/s", "bytes_per_second"],
    ["kilobytes", "By", "kilobytes_bytes"]
  ])("%s in %s is exported as %s, with no repeated word", (name, unit, expected) => {
    expect(samplesOf([gaugeOf(1, { name, unit })])[0]!.split(" ")[0]).toBe(expected)
  })

  it("of a counter ends in its unit and _total, each once", () => {
    for (const name of ["bytes", "bytes.total", "bytes_total"]) {
      expect(samplesOf([counterOf(1, { name, unit: "By" })])).toEqual(["bytes_total 1"])
    }
  })
})
