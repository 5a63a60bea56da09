/** The output of each exporter for some runtimes, as values by identity, read without the library's code. */
import { AggregationTemporality, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import { Effect, Metric as EffectMetric, Layer } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as PromClient from "mvx-metrics/PromClient"
import * as Prometheus from "mvx-metrics/Prometheus"
import { Registry } from "prom-client"
import { type Collected, collect } from "../../src/internal/exporters/collect.ts"
import type { Temporality } from "../../src/internal/model/otlp.ts"
import type { DeltaReader } from "../../src/internal/recorder/service.ts"
import { encode } from "./encodeOtlp.ts"
import { parseExposition } from "./expositionParser.ts"
import { metricsOfRequest, renderedOtlp } from "./renderedOtlp.ts"
import type { SunkMetric } from "./sink.ts"
import { type Exported, streams } from "./streams.ts"

/** Throws if two values have one identity. */
export type Shown = ReadonlyMap<string, string>

type Runtime = MetricsRuntime["Service"]

export interface World {
  readonly runtimes: ReadonlyArray<Runtime>
  /** The values before the last events, for each runtime; deltas are relative to them. */
  readonly midway: ReadonlyArray<Collected>
  /** By recorder, for those whose values were read. */
  readonly readers: ReadonlyArray<readonly [recorder: string, reader: DeltaReader]>
}

const setOf = (entries: Iterable<readonly [identity: unknown, value: unknown]>): Shown => {
  const shown = new Map<string, string>()
  for (const [identity, value] of entries) {
    const key = JSON.stringify(identity)
    if (shown.has(key)) throw new Error(`two values of ${key}`)
    shown.set(key, JSON.stringify(value))
  }
  return shown
}

const sorted = (labels: object) => Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))

const samplesIn = (text: string, format: "openmetrics" | "text" = "text") =>
  [...parseExposition(text.replaceAll("\n\n", "\n"), format).values()]
    .filter(({ name }) => !name.startsWith("mvx_metrics"))
    .flatMap(({ samples, type }) =>
      samples.map(({ labels, name, value }) => [[type, name, sorted(labels)], value] as const)
    )

class Reader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.DELTA })
  }
  protected override onShutdown = async (): Promise<void> => {}
  protected override onForceFlush = async (): Promise<void> => {}
}

const isOwn = (name: string): boolean => !name.startsWith("mvx_metrics.")

/** By the names of the exporters. A runtime that an exporter rejects is missing from its output. */
export const exporters: { readonly [name: string]: (world: World) => Effect.Effect<Shown> } = {
  scrape: ({ runtimes }) =>
    Effect.forEach(runtimes, (runtime) =>
      Effect.map(Effect.provideService(Prometheus.render(), MetricsRuntime, runtime), samplesIn)
    ).pipe(
      Effect.map((all) => setOf(all.flat())),
      Effect.orDie
    ),
  openmetrics: ({ runtimes }) =>
    Effect.forEach(runtimes, (runtime) =>
      Effect.map(Effect.provideService(Prometheus.render("openmetrics"), MetricsRuntime, runtime), (text) =>
        samplesIn(text, "openmetrics")
      )
    ).pipe(
      Effect.map((all) => setOf(all.flat())),
      Effect.orDie
    ),
  "prom-client": ({ runtimes }) =>
    Effect.promise(async () => {
      const registry = new Registry()
      const removals = runtimes.map((runtime) => PromClient.registerInto(registry, runtime))
      const shown = setOf(samplesIn(await registry.metrics()))
      for (const remove of removals) remove()
      return shown
    }),
  meter: ({ runtimes }) =>
    Effect.promise(async () => {
      const reader = new Reader()
      const meter = new MeterProvider({ readers: [reader] }).getMeter("test")
      const stops = runtimes.map((runtime) => OpenTelemetry.observe(meter, runtime))
      const { resourceMetrics } = await reader.collect()
      for (const stop of stops) stop()
      return setOf(
        resourceMetrics.scopeMetrics
          .flatMap(({ metrics }) => metrics)
          .filter(({ descriptor }) => isOwn(descriptor.name))
          .flatMap(({ dataPointType, dataPoints, descriptor: { name, unit } }) =>
            dataPoints.map(({ attributes, value }) => [[dataPointType, name, unit, sorted(attributes)], value] as const)
          )
      )
    }),
  "Effect's registry": ({ runtimes }) =>
    Effect.gen(function* () {
      for (const runtime of runtimes) {
        const Exported = Layer.provide(EffectMetrics.layer(), Layer.succeed(MetricsRuntime, runtime))
        yield* Effect.provide(EffectMetrics.refresh, yield* Layer.build(Exported))
      }
      return setOf(
        (yield* EffectMetric.snapshot)
          .filter(({ id }) => isOwn(id))
          .map(({ attributes = {}, id, state, type }) => [[type, id, sorted(attributes)], state] as const)
      )
    }).pipe(Effect.scoped, Effect.provideService(EffectMetric.MetricRegistry, new Map()), Effect.orDie),
  otlp: ({ runtimes }) =>
    Effect.gen(function* () {
      const collected = otlpSet(
        encoded(streamsOf("cumulative", yield* Effect.forEach(runtimes, collect), undefined)[0])
      )
      const rendered = yield* Effect.forEach(runtimes, (runtime) => renderedOtlp(runtime, "http/json"))
      const shown = otlpSet(rendered.flatMap(({ metrics }) => metrics))
      if (JSON.stringify([...shown].sort()) !== JSON.stringify([...collected].sort())) {
        throw new Error("the fold encodes something else")
      }
      return shown
    }).pipe(Effect.orDie),
  "otlp delta": ({ midway, runtimes }) =>
    Effect.map(Effect.forEach(runtimes, collect), (all) => {
      const [, exported] = streamsOf("delta", midway, undefined)
      return otlpSet(encoded(streamsOf("delta", all, exported)[0]))
    }),
  "delta readers": ({ readers }) =>
    Effect.map(
      Effect.forEach(readers, ([recorder, { read }]) =>
        Effect.map(read, (snapshots) =>
          Object.entries(snapshots).map(([name, { dimensions }]) => [[recorder, name], dimensions] as const)
        )
      ),
      (all) => setOf(all.flat())
    ).pipe(Effect.orDie)
}

const streamsOf = (temporality: Temporality, all: ReadonlyArray<Collected>, before: Exported) =>
  streams(
    all.flatMap((each) => each.all),
    before,
    { temporality, begun: 0n, now: 0n }
  )

const encoded = (streamed: ReturnType<typeof streamsOf>[0]) =>
  metricsOfRequest("http/json", encode("http/json", streamed))

const otlpSet = (metrics: ReadonlyArray<SunkMetric>): Shown =>
  setOf(
    metrics
      .filter(({ name }) => isOwn(name))
      .flatMap(({ description: _, name, unit, ...data }) =>
        Object.entries(data as { [type: string]: { dataPoints: ReadonlyArray<Record<string, unknown>> } }).flatMap(
          ([type, { dataPoints, ...kind }]) =>
            dataPoints.map(
              ({ attributes, startTimeUnixNano: _start, timeUnixNano: _time, ...value }) =>
                [[type, kind, name, unit, attributes], value] as const
            )
        )
      )
  )
