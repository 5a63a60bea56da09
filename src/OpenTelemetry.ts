/**
 * Adds the metrics of a runtime to an OpenTelemetry SDK with its own readers and exporters.
 *
 * - {@link producer} is a `MetricProducer` for a reader of `@opentelemetry/sdk-metrics`: histograms and exponential
 *   histograms arrive as they are, and each series with its own start time.
 * - {@link observe} adds observable instruments to a meter of `@opentelemetry/api`, where you have no access to the reader.
 *
 * Each collection of the SDK reads the runtime once and includes every event accepted before. Metrics that are
 * registered later appear from then on. Data for the SDK is made in short steps. The SDK and its exporters process it
 * in one go, which blocks the event loop if there are tens of thousands of series.
 *
 * | metric | producer | observable instruments |
 * | --- | --- | --- |
 * | a sum that only goes up | a monotonic sum | an observable counter |
 * | another sum | a sum | an observable up-down counter |
 * | a gauge | a gauge | an observable gauge |
 * | a histogram | a histogram | the counters `NAME.count`, `NAME.sum` and `NAME.bucket`, the last by the attribute `le`, added up as in Prometheus: the API has no histogram that can be observed |
 * | an exponential histogram | an exponential histogram | likewise. The boundaries are 0 and powers of four, so that they never move |
 * | a summary | the sums `NAME.count` and `NAME.sum`, and the gauge `NAME` by the attribute `quantile`: the SDK has no summaries | likewise |
 *
 * @example
 * ```ts
 * import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
 * const reader = new PeriodicExportingMetricReader({
 *   exporter: new ConsoleMetricExporter(),
 *   metricProducers: [OpenTelemetry.producer(runtime)]
 * })
 * const provider = new MeterProvider({ readers: [reader] })
 * await runtime.shutdown()
 * await provider.shutdown() // exports the final state
 * ```
 *
 * @since 0.2.0
 */
import type { BatchObservableCallback, Meter, MetricOptions, Observable } from "@opentelemetry/api"
import type { MetricProducer } from "@opentelemetry/sdk-metrics"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import { CarriedSeries } from "./internal/exporters/carried.ts"
import { carriedReads } from "./internal/exporters/carriedReads.ts"
import { sharedCollection, watchFamilies } from "./internal/exporters/descriptors.ts"
import { takeNamespace } from "./internal/exporters/namespaces.ts"
import { type Observed, observations } from "./internal/exporters/otelObservations.ts"
import { makeProducer } from "./internal/exporters/sdk/producer.ts"
import { inParts } from "./internal/formats/inParts.ts"
import { type MetricData, together } from "./internal/formats/metricData.ts"
import { type Check, check, refuse } from "./internal/model/optionChecks.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { type AnyRuntime, serviceOf } from "./internal/runtime/withoutEffect.ts"
import { inSlices } from "./internal/util/inSlices.ts"
import type { InvalidArgument, NamespaceTaken } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { AnyRuntime } from "./internal/runtime/withoutEffect.ts"

/**
 * Makes a producer of the metrics of the runtime, for the option `metricProducers` of a reader. Make one for each reader.
 *
 * Names, units and attributes are those of `mvx-metrics/Otlp`, with the attributes `namespace` and `recorder` and the
 * scope `mvx-metrics`. All data is cumulative, whatever temporality the reader prefers, because the SDK passes a
 * producer's data on unchanged. A removed recorder is in the next collection with its last state, and so are all
 * recorders after a shutdown of the runtime. A read that fails, or takes longer than the reader allows, is among the
 * errors of the collection.
 *
 * The data points of the SDK have no field for exemplars, so its exporters write none; `mvx-metrics/Otlp` does. For
 * your own exporters, points of counters and histograms carry exemplars in an extra field `exemplars`, in the shape of
 * the SDK's reservoirs.
 *
 * @example
 * ```ts
 * import { MeterProvider, PeriodicExportingMetricReader, InMemoryMetricExporter } from "@opentelemetry/sdk-metrics"
 * import { Effect } from "effect"
 * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
 * import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
 *
 * const program = Effect.gen(function* () {
 *   const reader = new PeriodicExportingMetricReader({
 *     exporter: new InMemoryMetricExporter(1),
 *     metricProducers: [OpenTelemetry.producer(yield* MetricsRuntime)]
 *   })
 *   const provider = new MeterProvider({ readers: [reader] })
 *   const { resourceMetrics } = yield* Effect.promise(() => reader.collect())
 *   yield* Effect.promise(() => provider.shutdown())
 *   return resourceMetrics.scopeMetrics.map(({ scope }) => scope.name)
 * }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * const scopes = await Effect.runPromise(program)
 * scopes.includes("mvx-metrics") // true
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const producer = (runtime: AnyRuntime): MetricProducer => makeProducer(serviceOf(runtime))

/**
 * Lets the meter observe all metrics of the runtime, with the attributes `namespace` and `recorder`, until the returned
 * function is called. A meter accepts several runtimes with different namespaces. Throws `NamespaceTaken` for a second
 * runtime with the same namespace.
 *
 * A recorder that was removed is in the next collection with its last state, and so are all recorders after a shutdown
 * of the runtime; for each metric, up to 2000 such series. Counters and histograms of the same series continue from
 * that state. Counts since the last collection are lost if no further one follows. Shut down the runtime before the
 * SDK, because the SDK's shutdown or flush collects for the last time. Call the returned function after that.
 *
 * @example
 * ```ts
 * import * as Sdk from "@opentelemetry/sdk-metrics"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
 *
 * const exporter = new Sdk.InMemoryMetricExporter(Sdk.AggregationTemporality.CUMULATIVE)
 * const reader = new Sdk.PeriodicExportingMetricReader({ exporter })
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
 * await runtime.createRecorder("documents")
 * OpenTelemetry.observe(new Sdk.MeterProvider({ readers: [reader] }).getMeter("documents"), runtime)
 *
 * const { resourceMetrics } = await reader.collect()
 * const names = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name))
 * names.includes("mvx_metrics.events.accepted") // true
 * await runtime.shutdown()
 * await reader.shutdown() // collects the final state
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const observe = (meter: Meter, runtime: AnyRuntime): (() => void) => {
  check("meter", meter, aMeter)
  const service = serviceOf(runtime)
  const release = takeNamespace("the meter", meter, service)
  const carried = new CarriedSeries(MostSeries, false)
  const reads = carriedReads(service, carried, function* (all) {
    carried.nextRead(true)
    return together(yield* carried.of(all))
  })
  const collection = sharedCollection(service, ({ name }) => name, reads.read)
  /**
   * By what is observed. Those of metrics that were removed as well: a meter keeps them, and the last state of a recorder
   * is still to come, when another metric may have its name.
   */
  const instruments = new Map<string, Observable>()
  /** The observables that the callback is registered for. A meter accepts values for no others. */
  let observed: Array<Observable> = []

  const callback: BatchObservableCallback = async (result) => {
    const observe = (part: MetricData): ReadonlyArray<never> => {
      for (const { instrument, observations: all } of observations(part)) {
        const known = instruments.get(observedKey(instrument))
        if (known === undefined) continue
        for (const { attributes, value } of all) result.observe(known, value, attributes)
      }
      return []
    }
    for (const data of [...(await collection()).values()].flat())
      await Effect.runPromise(inSlices(inParts(data, observe)))
  }

  const observeAll = (): void => {
    if (observed.length > 0) meter.removeBatchObservableCallback(callback, observed)
    observed = [...instruments.values()]
    if (observed.length > 0) meter.addBatchObservableCallback(callback, observed)
  }

  const watch = (data: MetricData, isThere: boolean): void => {
    if (!isThere) return
    for (const { instrument: observed } of observations(data)) {
      const key = observedKey(observed)
      if (!instruments.has(key)) instruments.set(key, make(meter, observed))
    }
    if (isSetUp) observeAll()
  }

  let isSetUp = false
  const unwatch = watchFamilies(service, watch)
  isSetUp = true
  observeAll()
  return () => {
    release()
    reads.stop()
    unwatch()
    instruments.clear()
    observeAll()
  }
}

/** An SDK keeps as many series of a metric apart by default. */
const MostSeries = 2000

const aMeter: Check = (value) =>
  Predicate.hasProperty(value, "addBatchObservableCallback") && typeof value.addBatchObservableCallback === "function"
    ? undefined
    : "must be a Meter of @opentelemetry/api"

const observedKey = ({ description, kind, name, unit }: Observed): string =>
  JSON.stringify([name, kind, description, unit])

const make = (meter: Meter, { description, kind, name, unit }: Observed): Observable => {
  const options: MetricOptions = {
    ...(description !== undefined && { description }),
    ...(unit !== undefined && { unit })
  }
  switch (kind) {
    case "counter":
      return meter.createObservableCounter(name, options)
    case "upDownCounter":
      return meter.createObservableUpDownCounter(name, options)
    case "gauge":
      return meter.createObservableGauge(name, options)
  }
}

/**
 * Observes the metrics, as {@link observe} does, for the scope of the layer. Events counted after the last collection
 * in that scope are not observed. To include them, flush the SDK before the scope closes, or use {@link producer}.
 *
 * @example
 * ```ts
 * import { metrics } from "@opentelemetry/api"
 * import { Layer } from "effect"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 * import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
 *
 * const Metrics = Layer.merge(Recorder.layer("documents"), OpenTelemetry.layer(metrics.getMeter("documents"))).pipe(
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (meter: Meter): Layer.Layer<never, NamespaceTaken, MetricsRuntime> =>
  Layer.effectDiscard(
    Effect.acquireRelease(
      Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) =>
        Effect.try({
          try: () => observe(meter, runtime),
          catch: (error) => error as InvalidArgument | NamespaceTaken
        }).pipe(Effect.catch(refuse))
      ),
      (stop) => Effect.sync(stop)
    )
  )
