// Several runtimes in one registry, on one meter, at one collector: the namespace distinguishes them.
import { afterEach, describe, expect, it } from "@effect/vitest"
import { MeterProvider } from "@opentelemetry/sdk-metrics"
import { Effect, Metric as EffectMetric, Layer, Schema } from "effect"
import { Metric, MetricsLayer, MetricsRuntime as RuntimeService } from "mvx-metrics"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as Otlp from "mvx-metrics/Otlp"
import * as PromClient from "mvx-metrics/PromClient"
import { MetricsRuntime } from "mvx-metrics/promise"
import { Registry } from "prom-client"
import { parseExposition } from "../support/expositionParser.ts"
import { Reader } from "../support/sdkReader.ts"

const events = Schema.TaggedUnion({ hit: { n: Schema.Number } })
const Hits = Metric.counter("hits", { events, value: "n" })

const runtimes: Array<MetricsRuntime> = []
const start = async (namespace: string, hits: number, metric: Metric.Any = Hits) => {
  const runtime = await MetricsRuntime.start({ namespace, inProcess: true, logging: "silent" })
  runtimes.push(runtime)
  const recorder = await runtime.createRecorder("r")
  await recorder.registerMetric(metric)
  recorder.registerEvent({ _tag: "hit", n: hits })
  return runtime
}
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.shutdown()
})

const taken = expect.objectContaining({ _tag: "mvx-metrics/NamespaceTaken", namespace: "a" })

describe("a registry of prom-client", () => {
  const samplesOf = async (registry: Registry, family: string) =>
    parseExposition((await registry.metrics()).replaceAll("\n\n", "\n"), "text")
      .get(family)
      ?.samples.map(({ labels, value }) => [labels, value])

  it("shows two runtimes, and one after the other has left", async () => {
    const registry = new Registry()
    const remove = PromClient.registerInto(registry, await start("a", 2))
    PromClient.registerInto(registry, await start("b", 3))
    const b = [{ namespace: "b", recorder: "r" }, 3]
    expect(await samplesOf(registry, "hits_total")).toEqual([[{ namespace: "a", recorder: "r" }, 2], b])
    remove()
    expect(await samplesOf(registry, "hits_total")).toEqual([b])
  })

  it("rejects a second runtime with the same namespace until the first has left", async () => {
    const registry = new Registry()
    const remove = PromClient.registerInto(registry, await start("a", 2))
    const second = await start("a", 3)
    expect(() => PromClient.registerInto(registry, second)).toThrow(taken)
    remove()
    PromClient.registerInto(registry, second)
    expect(await samplesOf(registry, "hits_total")).toEqual([[{ namespace: "a", recorder: "r" }, 3]])
  })

  it("rejects a runtime whose metrics are indistinguishable from those of another", async () => {
    const registry = new Registry()
    const value = { events, value: "n" } as const
    PromClient.registerInto(registry, await start("a", 2, Metric.histogram("h", { ...value, boundaries: [1] })))
    for (const metric of [Metric.gauge("h", value), Metric.gauge("h.count", value)]) {
      const other = await start("b", 3, metric)
      expect(() => PromClient.registerInto(registry, other)).toThrow(
        expect.objectContaining({ _tag: "mvx-metrics/MetricNameCollision", metric: metric.name, other: "h" })
      )
    }
    expect(await samplesOf(registry, "h")).toHaveLength(4)
  })

  it("shows the remaining metric in one unit, whatever the units of two runtimes", async () => {
    const registry = new Registry()
    PromClient.registerInto(registry, await start("a", 2, Metric.counter("t", { events, value: "n", unit: "ms" })))
    PromClient.registerInto(registry, await start("b", 2, Metric.counter("t", { events, value: "n", unit: "s" })))
    expect((await samplesOf(registry, "t_seconds_total"))?.map(([, value]) => value)).toEqual([0.002, 2])
  })
})

describe("a meter", () => {
  it("shows two runtimes, and rejects a second one with the same namespace", async () => {
    const reader = new Reader()
    const meter = new MeterProvider({ readers: [reader] }).getMeter("test")
    OpenTelemetry.observe(meter, await start("a", 2))
    OpenTelemetry.observe(meter, await start("b", 3))
    const { resourceMetrics } = await reader.collect()
    const points = resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === "hits")
      .flatMap(({ dataPoints }) =>
        dataPoints.map(({ attributes, value }) => ({
          namespace: attributes.namespace,
          recorder: attributes.recorder,
          value
        }))
      )
    // The SDK reads both at once, so either may come first.
    expect(new Map(points.map((point) => [point.namespace, point]))).toEqual(
      new Map([
        ["a", { namespace: "a", recorder: "r", value: 2 }],
        ["b", { namespace: "b", recorder: "r", value: 3 }]
      ])
    )
    expect(points).toHaveLength(2)
    const second = await start("a", 4)
    expect(() => OpenTelemetry.observe(meter, second)).toThrow(taken)
  })
})

describe("Effect's registry", () => {
  const exported = (namespace: string, hits: number) =>
    EffectMetrics.layer({ interval: "1 hour" }).pipe(
      Layer.tap((context) => Effect.provide(EffectMetrics.refresh, context)),
      Layer.provide(
        Layer.effectDiscard(
          Effect.gen(function* () {
            const recorder = yield* (yield* RuntimeService).createRecorder("r")
            yield* recorder.register(Hits)
            yield* recorder.emit({ _tag: "hit", n: hits })
          })
        )
      ),
      Layer.provide(MetricsLayer.layerInProcess({ namespace, logging: "silent" }))
    )

  const alone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provideService(effect, EffectMetric.MetricRegistry, new Map())

  it.effect("shows two runtimes, and rejects a second one with the same namespace", () =>
    Effect.gen(function* () {
      yield* Layer.build(exported("a", 2))
      yield* Layer.build(exported("b", 3))
      const hits = (yield* EffectMetric.snapshot).filter(({ id }) => id === "hits")
      expect(hits.map(({ attributes, state }) => [attributes, state])).toEqual([
        [
          { namespace: "a", recorder: "r" },
          { count: 2, incremental: true }
        ],
        [
          { namespace: "b", recorder: "r" },
          { count: 3, incremental: true }
        ]
      ])
      expect(yield* Effect.flip(Layer.build(exported("a", 4)))).toEqual(taken)
    }).pipe(Effect.scoped, alone)
  )
})

describe("a collector", () => {
  it("rejects a second runtime with the same namespace until the first has stopped", async () => {
    const options = {
      url: "http://localhost:9/v1/metrics",
      exportInterval: "1 hour",
      shutdownTimeout: "1 millis"
    } as const
    const first = await Otlp.start(await start("a", 2), options)
    const second = await start("a", 3)
    await expect(Otlp.start(second, options)).rejects.toEqual(taken)
    const apart = await Otlp.start(second, { ...options, resource: { serviceName: "other" } })
    await apart.stop()
    await first.stop()
    await (await Otlp.start(second, options)).stop()
  })
})
