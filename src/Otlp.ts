/**
 * Sends the metrics of a runtime to an OpenTelemetry collector, or to any other receiver of OTLP over HTTP.
 *
 * Each export reads the runtime immediately before it is sent, so it includes every event accepted until then. When the
 * scope closes, it exports once more. A recorder that was removed in between is in the next export with its last state.
 * With `temporality: "delta"`, data from a failed export is included in the next one. Transport, retries and headers are
 * those of Effect's `OtlpExporter`, whose `Flusher` exports immediately, as does a flush of the runtime. Exponential
 * histograms, start times and resets are exported as they are measured.
 *
 * Without Effect: {@link start}.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Metric, MetricsLayer, Recorder } from "mvx-metrics"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const SaveEvent = Schema.TaggedUnion({ saved: { bytes: Schema.Number } })
 * const Saves = Metric.counter("document.saves", { events: SaveEvent })
 *
 * const Export = Otlp.layerProtobuf({
 *   url: "http://localhost:4318/v1/metrics",
 *   resource: { serviceName: "documents", serviceVersion: "1.0.0" },
 *   temporality: "delta",
 *   shutdownTimeout: "1 second"
 * })
 * const Metrics = Layer.merge(Recorder.layer("documents"), Export).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * const program = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(Saves)
 *   yield* metrics.emit({ _tag: "saved", bytes: 100 })
 *   return yield* (yield* Recorder).snapshot(Saves)
 * })
 * const { dimensions } = await Effect.runPromise(Effect.provide(program, Metrics))
 * dimensions // { value: 1 }
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import { takeNamespace } from "./internal/exporters/namespaces.ts"
import { makeExporter, type OtlpOptions, otlpOptionChecks } from "./internal/exporters/otlp/exporter.ts"
import { oneOf, refuse, whyInvalid, whyInvalidOptions } from "./internal/model/optionChecks.ts"
import { type AnyRuntime, serviceOf } from "./internal/runtime/anyRuntime.ts"
import { internalsOf } from "./internal/runtime/internals.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import type { RuntimeService } from "./internal/runtime/service.ts"
import { type Stoppable, startScoped } from "./internal/runtime/startScoped.ts"
import type { NamespaceTaken } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { OtlpOptions } from "./internal/exporters/otlp/exporter.ts"
export type { Temporality } from "./internal/exporters/otlp/temporality.ts"
export type { AnyRuntime } from "./internal/runtime/anyRuntime.ts"
export type { Stoppable } from "./internal/runtime/startScoped.ts"

/**
 * Exports the metrics of the runtime, in the encoding of the provided `OtlpSerialization`. `Flusher` is Effect's: flushing
 * it exports the present metrics, and the data of Effect's other exporters. Fails with `NamespaceTaken` if a runtime of the
 * same namespace is already exported to the same place with the same resource.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { OtlpSerialization, OtlpTracer } from "effect/observability"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const resource = { serviceName: "documents" }
 * const Export = Layer.merge(
 *   Otlp.layer({ url: "http://localhost:4318/v1/metrics", resource }),
 *   OtlpTracer.layer({ url: "http://localhost:4318/v1/traces", resource })
 * ).pipe(
 *   Layer.provide([OtlpSerialization.layerProtobuf, FetchHttpClient.layer]),
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: OtlpOptions
): Layer.Layer<
  OtlpExporter.Flusher,
  NamespaceTaken,
  MetricsRuntime | HttpClient.HttpClient | OtlpSerialization.OtlpSerialization
> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const runtime = serviceOf(yield* providedRuntime(MetricsRuntime))
      const flusher = yield* OtlpExporter.Flusher
      yield* flusher.register(yield* checkedExporter(runtime, options))
    })
  ).pipe(Layer.provideMerge(OtlpExporter.layerFlusher))

/**
 * Exports as {@link layer} does, in JSON.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const Metrics = Otlp.layerJson({
 *   url: "https://collector.example/v1/metrics",
 *   headers: { authorization: "Bearer token" },
 *   exportInterval: "1 minute"
 * }).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerJson = (
  options: OtlpOptions
): Layer.Layer<OtlpExporter.Flusher, NamespaceTaken, MetricsRuntime | HttpClient.HttpClient> =>
  Layer.provide(layer(options), OtlpSerialization.layerJson)

/**
 * Exports as {@link layer} does, in protobuf.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { OtlpExporter } from "effect/observability"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const Metrics = Otlp.layerProtobuf({ url: "http://localhost:4318/v1/metrics", compression: "gzip" }).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * const exportNow = Effect.flatMap(OtlpExporter.Flusher, ({ flush }) => flush)
 * const program = Effect.provide(exportNow, Metrics)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerProtobuf = (
  options: OtlpOptions
): Layer.Layer<OtlpExporter.Flusher, NamespaceTaken, MetricsRuntime | HttpClient.HttpClient> =>
  Layer.provide(layer(options), OtlpSerialization.layerProtobuf)

const checkedExporter = Effect.fnUntraced(function* (runtime: RuntimeService, options: OtlpOptions) {
  yield* refuse(
    whyInvalidOptions(options, otlpOptionChecks, true) ?? whyInvalid("url", options.url, otlpOptionChecks.url)
  )
  const collector = JSON.stringify([options.url, options.resource])
  const take = Effect.try({
    try: () => takeNamespace(options.url, collector, runtime),
    catch: (error) => error as NamespaceTaken
  })
  yield* Effect.acquireRelease(take, (release) => Effect.sync(release))
  return yield* makeExporter(runtime, options)
})

/**
 * The options of {@link start}.
 *
 * @category options
 * @since 0.1.0
 */
export interface StartOptions extends OtlpOptions {
  /** Default: `"json"`. */
  readonly encoding?: "json" | "protobuf"
}

/**
 * A running exporter. `stop` exports once more, even after `runtime.shutdown()`: the final state is retained.
 *
 * @category models
 * @since 0.1.0
 */
export interface Running extends Stoppable {
  /** Exports the present metrics. It settles when they have arrived or could not be delivered. */
  readonly flush: () => Promise<void>
}

/**
 * Starts an exporter without Effect, over `fetch`. Rejects with `InvalidArgument` or `NamespaceTaken`.
 *
 * @example
 * ```ts
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
 * const url = "http://localhost:4318/v1/metrics"
 * const otlp = await Otlp.start(runtime, { url, encoding: "protobuf", shutdownTimeout: "1 second" })
 * await runtime.shutdown()
 * await otlp.stop()
 * ```
 *
 * @category exporting
 * @since 0.1.0
 */
export const start = async (runtime: AnyRuntime, options: StartOptions): Promise<Running> => {
  const { encoding = "json", ...rest } = options
  const invalid = whyInvalid("encoding", encoding, oneOf("json", "protobuf"))
  if (invalid !== undefined) throw invalid
  const serialization = encoding === "json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf
  const service = serviceOf(runtime)
  const { context } = internalsOf(service)
  const [exportNow, stoppable] = await startScoped(
    context,
    Effect.provide(checkedExporter(service, rest), [serialization, FetchHttpClient.layer])
  )
  return { flush: () => Effect.runPromiseWith(context)(exportNow), ...stoppable }
}
