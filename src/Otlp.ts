/**
 * Sends the metrics of a runtime to an OpenTelemetry collector, or to any other receiver of OTLP over HTTP.
 *
 * Each export reads the runtime immediately before it is sent, so it includes every event accepted until then. When the
 * scope closes, it exports once more, even if an earlier export failed or hangs. A recorder that was removed in between
 * is in the next export with its last state. Data that did not arrive is sent with the next export, also with
 * `temporality: "delta"`. Exponential histograms, exemplars, start times and resets are exported as they are measured.
 *
 * The provided `HttpClient` sends the requests. A flush of the runtime exports immediately, and fails if the export
 * does not arrive. So does `flush` of {@link Exporter}.
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
 * const Export = Otlp.layer({
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
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import { takeNamespace } from "./internal/exporters/namespaces.ts"
import { makeExporter } from "./internal/exporters/otlp/exporter.ts"
import { type OtlpOptions, otlpOptionChecks } from "./internal/exporters/otlp/options.ts"
import { settingsOf } from "./internal/exporters/otlp/settings.ts"
import type { ExportFailed } from "./internal/model/exportErrors.ts"
import { refuse, whyInvalidOptions } from "./internal/model/optionChecks.ts"
import { internalsOf } from "./internal/runtime/internals.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import type { RuntimeService } from "./internal/runtime/service.ts"
import { type AnyRuntime, type Stoppable, serviceOf, startScoped } from "./internal/runtime/withoutEffect.ts"
import type { NamespaceTaken } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { OtlpOptions } from "./internal/exporters/otlp/options.ts"
export type { Protocol, Temporality } from "./internal/model/otlp.ts"
export type { AnyRuntime, Stoppable } from "./internal/runtime/withoutEffect.ts"

/**
 * A running exporter. `flush` exports the present metrics, and fails with `ExportFailed` if they do not arrive.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const exportNow = Effect.gen(function* () {
 *   const { flush } = yield* Otlp.Exporter
 *   yield* Effect.timeout(flush, "2 seconds")
 * })
 * ```
 *
 * @category services
 * @since 0.2.0
 */
export class Exporter extends Context.Service<Exporter, { readonly flush: Effect.Effect<void, ExportFailed> }>()(
  "mvx-metrics/Otlp/Exporter"
) {}

/**
 * Exports the metrics of the runtime, in the encoding of `protocol`. Fails with `NamespaceTaken` if a runtime of the same
 * namespace is already exported to the same place with the same resource.
 *
 * `Flusher` is Effect's: flushing it exports the present metrics, and the data of Effect's other exporters.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { OtlpSerialization, OtlpTracer } from "effect/observability"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * // The endpoint and so on are those of OTEL_EXPORTER_OTLP_ENDPOINT and its like.
 * const Export = Layer.merge(
 *   Otlp.layer(),
 *   OtlpTracer.layer({ url: "http://localhost:4318/v1/traces", resource: { serviceName: "documents" } })
 * ).pipe(
 *   Layer.provide([OtlpSerialization.layerProtobuf, FetchHttpClient.layer]),
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: OtlpOptions = {}
): Layer.Layer<Exporter | OtlpExporter.Flusher, NamespaceTaken, MetricsRuntime | HttpClient.HttpClient> =>
  layerOf(options)

/**
 * Exports as {@link layer} does, in JSON, regardless of the variables.
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
 *   exportInterval: "30 seconds"
 * }).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerJson = (options?: Omit<OtlpOptions, "protocol">): ReturnType<typeof layer> =>
  layerOf(options, "http/json")

/**
 * Exports as {@link layer} does, in protobuf, regardless of the variables.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Otlp from "mvx-metrics/Otlp"
 *
 * const Metrics = Otlp.layerProtobuf({ url: "http://localhost:4318/v1/metrics", compression: "gzip" }).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * const exportNow = Effect.flatMap(Otlp.Exporter, ({ flush }) => flush)
 * const program = Effect.provide(exportNow, Metrics)
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerProtobuf = (options?: Omit<OtlpOptions, "protocol">): ReturnType<typeof layer> =>
  layerOf(options, "http/protobuf")

const checkedExporter = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  options: OtlpOptions,
  protocol?: OtlpOptions["protocol"]
) {
  yield* refuse(whyInvalidOptions(options, otlpOptionChecks, []))
  const { instanceId, log } = internalsOf(runtime)
  const all = protocol === undefined ? options : { ...options, protocol }
  const settings = yield* settingsOf(all, runtime.namespace, instanceId)
  for (const warning of settings.warnings) yield* log.warning(warning)
  if (settings.isDisabled) {
    yield* log.notice("OTEL_SDK_DISABLED is true: nothing is exported")
    return Effect.void
  }
  const collector = JSON.stringify([settings.url, settings.resource])
  const take = Effect.try({
    try: () => takeNamespace(settings.place, collector, runtime),
    catch: (error) => error as NamespaceTaken
  })
  yield* Effect.acquireRelease(take, (release) => Effect.sync(release))
  return yield* makeExporter(runtime, settings)
})

/**
 * An exporter that was started by {@link start}. `stop` exports once more, even after `runtime.shutdown()`: the final
 * state is retained.
 *
 * @category models
 * @since 0.2.0
 */
export interface Running extends Stoppable {
  /** Exports the present metrics. Rejects with `ExportFailed` if they do not arrive. */
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
 * const otlp = await Otlp.start(runtime, { url, shutdownTimeout: "1 second" })
 * await runtime.shutdown()
 * await otlp.stop()
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const start = async (runtime: AnyRuntime, options: OtlpOptions = {}): Promise<Running> => {
  const service = serviceOf(runtime)
  const { context } = internalsOf(service)
  const [flush, stoppable] = await startScoped(
    context,
    Effect.provide(checkedExporter(service, options), FetchHttpClient.layer)
  )
  return { flush: () => Effect.runPromiseWith(context)(flush), ...stoppable }
}

const layerOf = (
  options: OtlpOptions = {},
  protocol?: OtlpOptions["protocol"]
): Layer.Layer<Exporter | OtlpExporter.Flusher, NamespaceTaken, MetricsRuntime | HttpClient.HttpClient> =>
  Layer.effect(
    Exporter,
    Effect.gen(function* () {
      const runtime = serviceOf(yield* providedRuntime(MetricsRuntime))
      const flusher = yield* OtlpExporter.Flusher
      const flush = yield* checkedExporter(runtime, options, protocol)
      yield* flusher.register(Effect.ignore(flush))
      return { flush }
    })
  ).pipe(Layer.provideMerge(OtlpExporter.layerFlusher))
