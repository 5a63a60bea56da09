// A prom-client registry shows the same metrics as a scrape of the runtime, next to its own.
import { afterEach, describe, expect, it } from "@effect/vitest"
import * as prometheusIo from "@prometheus-io/client"
import { Effect, Layer, Schema } from "effect"
import { Metric, MetricsLayer } from "mvx-metrics"
import * as PromClient from "mvx-metrics/PromClient"
import { MetricsRuntime } from "mvx-metrics/promise"
import * as promClient from "prom-client"
import { all, done, Jobs, waiting } from "../support/exported.metrics.ts"
import { parseExposition } from "../support/expositionParser.ts"

const TracedEvent = Schema.TaggedUnion({ traced: { millis: Schema.Number, trace: Schema.String } })
const traced = { events: TracedEvent, exemplar: "trace" } as const
const TracedCalls = Metric.counter("traced.calls", traced)
const TracedTime = Metric.histogram("traced.time", { ...traced, value: "millis", unit: "ms", boundaries: [10, 1000] })

/** Samples by name and labels, whatever their order. */
const samples = (text: string) =>
  Object.fromEntries(
    // prom-client has empty lines between families.
    [...parseExposition(text.replaceAll("\n\n", "\n"), "text").values()]
      .flatMap((family) => family.samples)
      .filter(({ name }) => name !== "mvx_metrics_fold_lag_seconds")
      .map(({ labels, name, value }) => [`${name} ${JSON.stringify(Object.entries(labels).sort())}`, value])
  )

const runtimes: Array<MetricsRuntime> = []
const start = async () => {
  const runtime = await MetricsRuntime.start({ namespace: "test.prom", inProcess: true, logging: "silent" })
  runtimes.push(runtime)
  return runtime
}
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.shutdown()
})

const scrape = async (runtime: MetricsRuntime): Promise<string> =>
  (await runtime.prometheus().handler(new Request("http://localhost/metrics"))).text()

describe.each([
  ["prom-client", promClient],
  ["@prometheus-io/client", prometheusIo as unknown as typeof promClient]
] as const)("a registry of %s", (_, { Counter, Registry }) => {
  it("leaves out a recorder whose hook does not end, and does not wait for it", async () => {
    const runtime = await start()
    let release!: () => void
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const held = await runtime.createRecorder("held", { onMetricChanged: () => released })
    const other = await runtime.createRecorder("other")
    for (const recorder of [held, other]) {
      await recorder.registerMetric(Jobs)
      recorder.registerEvent(done(1))
    }
    const registry = new Registry()
    PromClient.registerInto(registry, runtime)
    const text = await registry.metrics()
    const jobs = text.split("\n").filter((line) => /^jobs\S*\{/.test(line))
    expect(jobs.some((line) => line.includes('recorder="other"'))).toBe(true)
    expect(jobs.some((line) => line.includes('recorder="held"'))).toBe(false)
    release()
  })

  it("shows the same as a scrape, including metrics registered later", async () => {
    const runtime = await start()
    const registry = new Registry()
    PromClient.registerInto(registry, runtime)
    const recorder = await runtime.createRecorder('one "1"')
    for (const metric of all) await recorder.registerMetric(metric)
    for (const seconds of [0.2, 3, 7, -1]) recorder.registerEvent(done(seconds, "ü\\\n"))
    recorder.registerEvent(done(0, null, false))
    recorder.registerEvent(waiting(-2))
    const shown = samples(await registry.metrics())
    expect(shown).toEqual(samples(await scrape(runtime)))
    expect(shown).toMatchObject({
      [`jobs_waiting ${JSON.stringify([
        ["namespace", "test.prom"],
        ["recorder", 'one "1"']
      ])}`]: -2
    })

    recorder.registerEvent(waiting(5))
    const [again, json] = await Promise.all([registry.metrics(), registry.getMetricsAsJSON()])
    expect(samples(again)).toMatchObject({
      [`jobs_waiting ${JSON.stringify([
        ["namespace", "test.prom"],
        ["recorder", 'one "1"']
      ])}`]: 3
    })
    expect(json.find(({ name }) => name === "jobs_waiting")).toMatchObject({
      type: "gauge",
      values: [{ value: 3, labels: { namespace: "test.prom", recorder: 'one "1"' } }]
    })
  })

  it("shows the total of removed recorders next to a metric in another unit, as a scrape does", async () => {
    const runtime = await start()
    const registry = new Registry()
    PromClient.registerInto(registry, runtime)
    for (const [id, unit] of [
      ["before", "ms"],
      ["after", "s"]
    ] as const) {
      const recorder = await runtime.createRecorder(id)
      await recorder.registerMetric(Metric.counter("spent", { events: TracedEvent, value: "millis", unit }))
      recorder.registerEvent({ _tag: "traced", millis: 1500, trace: "" })
      if (id === "before") await runtime.stopAndRemoveRecorder(id)
    }
    const text = await registry.metrics()
    expect(text.split("\n").filter((line) => line.startsWith("spent"))).toEqual([
      'spent_seconds_total{recorder="after",namespace="test.prom"} 1500',
      'spent_seconds_total{recorder="removed",namespace="test.prom"} 1.5'
    ])
    expect(samples(text)).toEqual(samples(await scrape(runtime)))
  })

  it("also shows metrics of its own", async () => {
    const runtime = await start()
    const registry = new Registry()
    const own = new Counter({ name: "own_total", help: "Its own.", registers: [registry] })
    own.inc(3)
    PromClient.registerInto(registry, runtime)
    const recorder = await runtime.createRecorder("one")
    await recorder.registerMetric(Jobs)
    recorder.registerEvent(done(1))
    registry.resetMetrics()
    const text = await registry.metrics()
    expect(text).toContain("own_total 0\n")
    expect(text).toContain('jobs_total{recorder="one",namespace="test.prom",queue="a",ok="true"} 1\n')
  })

  it("shows exemplars in OpenMetrics, as a scrape does", async () => {
    const runtime = await start()
    const registry = new Registry()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    PromClient.registerInto(registry, runtime)
    const recorder = await runtime.createRecorder("one")
    for (const metric of [TracedCalls, TracedTime]) await recorder.registerMetric(metric)
    recorder.registerEvent({ _tag: "traced", millis: 3, trace: "x".repeat(200) })
    recorder.registerEvent({ _tag: "traced", millis: 250, trace: "0af7651916cd43dd8448eb211c80319c" })
    recorder.registerEvent({ _tag: "traced", millis: 20_000, trace: 'a "long" one' })
    const withExemplars = (text: string) =>
      text.split("\n").flatMap((line) => {
        const [sample, exemplar] = line.split(" # ")
        return exemplar === undefined ? [] : [[sample!.replace(/[{ ].*/, ""), exemplar]]
      })
    const request = new Request("http://localhost/metrics", { headers: { accept: "application/openmetrics-text" } })
    const expected = withExemplars(await (await runtime.prometheus().handler(request)).text())
    expect(expected).toHaveLength(3)
    expect(withExemplars(await registry.metrics())).toEqual(expected)
  })

  it("supports OpenMetrics", async () => {
    const runtime = await start()
    const registry = new Registry()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    PromClient.registerInto(registry, runtime)
    const recorder = await runtime.createRecorder("one")
    await recorder.registerMetric(Jobs)
    recorder.registerEvent(done(1))
    // Twice: the first changes the names of counters.
    await registry.metrics()
    const text = await registry.metrics()
    expect(text).toContain(
      '# TYPE jobs counter\njobs_total{recorder="one",namespace="test.prom",queue="a",ok="true"} 1\n'
    )
    expect(text.endsWith("# EOF\n")).toBe(true)
  })

  it("drops a metric that no recorder has any longer, and all of them at the end", async () => {
    const runtime = await start()
    const registry = new Registry()
    const remove = PromClient.registerInto(registry, runtime)
    for (const id of ["one", "two"]) await (await runtime.createRecorder(id)).registerMetric(Jobs)
    await runtime.stopAndRemoveRecorder("one")
    expect(await registry.metrics()).toContain("# TYPE jobs_total counter")
    await runtime.stopAndRemoveRecorder("two")
    expect(await registry.metrics()).not.toContain("jobs_total")
    remove()
    expect(registry.getMetricsAsArray()).toEqual([])
    await (await runtime.createRecorder("three")).registerMetric(Jobs)
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it("keeps its own metric if a name is taken", async () => {
    const runtime = await start()
    const registry = new Registry()
    new Counter({ name: "jobs_total", help: "Its own.", registers: [registry] })
    const recorder = await runtime.createRecorder("one")
    await recorder.registerMetric(Jobs)
    expect(() => PromClient.registerInto(registry, runtime)).toThrow(
      expect.objectContaining({ _tag: "mvx-metrics/MetricNameCollision", as: "jobs_total" })
    )
    expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(["jobs_total"])
  })

  it("has the metrics for the scope of a layer", async () => {
    const registry = new Registry()
    const Metrics = PromClient.layer(registry).pipe(
      Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "test.prom", logging: "silent" }))
    )
    const text = await Effect.runPromise(
      Effect.provide(
        Effect.promise(() => registry.metrics()),
        Metrics
      )
    )
    expect(text).toContain("# TYPE mvx_metrics_events_accepted_total counter")
    expect(registry.getMetricsAsArray()).toEqual([])
  })
})

describe("registerInto", () => {
  it("rejects an invalid registry and an invalid runtime", async () => {
    const runtime = await start()
    expect(() => PromClient.registerInto({} as never, runtime)).toThrow(
      expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument: "registry" })
    )
    expect(() => PromClient.registerInto(new promClient.Registry(), {} as never)).toThrow(
      expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument: "runtime" })
    )
  })
})
