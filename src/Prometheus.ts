/**
 * Serves the metrics of a runtime to Prometheus, in its text format, in OpenMetrics 1.0 or in its protobuf format, as the
 * client asks.
 *
 * Mount it with {@link layerHttp} on Effect's `HttpRouter`, with {@link handler} in a `fetch` server, or with
 * {@link nodeHandler} in `node:http`. {@link render} returns the body itself. The worker renders it, and compresses it
 * for clients that accept gzip, so a scrape costs the application thread little. It includes every event accepted
 * before. Concurrent scrapes share one rendering. A metric whose view throws is left out. If the fold is gone or does
 * not answer, a scrape is answered with 503 and the reason.
 *
 * | metric | in Prometheus |
 * | --- | --- |
 * | counter `http.requests`, unit `{request}` | `http_requests_total` |
 * | histogram `http.request.duration`, unit `ms` | `http_request_duration_seconds`, values in seconds |
 * | exponential histogram | a native one in protobuf; classic buckets, the same for all replicas, in every format |
 * | ratio `cache.hits` | `cache_hits_ratio`, `cache_hits_hits_total`, `cache_hits_checked_total` (hits or not) |
 * | `Metric.make` | a gauge, each number by the label `dimension` |
 *
 * A job that ends before it is scraped, or a function that cannot be scraped, pushes its metrics to a Pushgateway or by
 * remote write: {@link push} once, {@link layerPush} at an interval and at the end. Without Effect: {@link pushFrom}
 * and {@link startPush}.
 *
 * Each sample has the labels `recorder` and `namespace`. A label of a metric with one of these names, or `le`, is
 * called `exported_...`. Events beyond the cardinality limit have the label `otel_metric_overflow="true"`.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { FetchHandler, NodeHandler } from "./internal/exporters/httpHandlers.ts"
import { type Pushed, push as pushMetrics } from "./internal/exporters/push.ts"
import { pushing } from "./internal/exporters/pushing.ts"
import type { PushingOptions, PushOptions } from "./internal/exporters/pushOptions.ts"
import { answer, type ScrapeOptions, scrape, scrapeOptionChecks } from "./internal/exporters/scrape.ts"
import * as handlers from "./internal/exporters/scrapeHandlers.ts"
import type { Format } from "./internal/model/format.ts"
import { type Check, oneOf, refuse, whyInvalid, whyInvalidOptions } from "./internal/model/optionChecks.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { inSlices } from "./internal/util/inSlices.ts"
import { inOne, lengthOf, textOf } from "./internal/util/pieces.ts"
import type { PushError, RenderError } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { FetchHandler, NodeHandler } from "./internal/exporters/httpHandlers.ts"
export type { Pushed } from "./internal/exporters/push.ts"
export { type Pushing, pushFrom, startPush } from "./internal/exporters/pushFrom.ts"
export type {
  PushgatewayOptions,
  PushingGroup,
  PushingOptions,
  PushingTimes,
  PushOptions,
  PushTarget,
  RemoteWriteOptions
} from "./internal/exporters/pushOptions.ts"
export type { ScrapeOptions } from "./internal/exporters/scrape.ts"
export type { Format, RecorderLabel, RemoteWriteVersion } from "./internal/model/format.ts"
export type { AnyRuntime, Stoppable } from "./internal/runtime/withoutEffect.ts"

/**
 * The options of {@link layerHttp}.
 *
 * @category options
 * @since 0.2.0
 */
export interface HttpOptions extends ScrapeOptions {
  /** The path of the route. Default: `/metrics`. */
  readonly path?: `/${string}`
}

const aPath: Check = (value) =>
  typeof value === "string" && value.startsWith("/") ? undefined : 'must be a path such as "/metrics"'

const checked = <O extends ScrapeOptions>(
  options: O,
  checks: { readonly [option: string]: Check } = scrapeOptionChecks
): Effect.Effect<O> => Effect.as(refuse(whyInvalidOptions(options, checks)), options)

/**
 * Returns a scrape: the text, or the bytes of the protobuf format.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Metric, MetricsLayer, Recorder } from "mvx-metrics"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const HttpEvent = Schema.TaggedUnion({ "http.request": { method: Schema.Literals(["GET", "PUT"]) } })
 * const Requests = Metric.counter("http.requests", { events: HttpEvent, labels: ["method"] })
 *
 * const program = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(Requests)
 *   yield* metrics.emit({ _tag: "http.request", method: "GET" })
 *   return (yield* Prometheus.render()).split("\n").find((line) => line.startsWith("http"))
 * }).pipe(Effect.provide(Recorder.layer("api")), Effect.provide(MetricsLayer.layerInProcess({ namespace: "example" })))
 *
 * await Effect.runPromise(program) // 'http_requests_total{recorder="api",namespace="example",method="GET"} 1'
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const render: {
  (format?: "text" | "openmetrics", options?: ScrapeOptions): Effect.Effect<string, RenderError, MetricsRuntime>
  (format: "protobuf", options?: ScrapeOptions): Effect.Effect<Uint8Array<ArrayBuffer>, RenderError, MetricsRuntime>
} = Effect.fnUntraced(function* (
  format: Format = "text",
  options: ScrapeOptions = {}
  // biome-ignore lint/suspicious/noExplicitAny: the overloads say which format is text.
): Effect.fn.Return<any, RenderError, MetricsRuntime> {
  yield* refuse(whyInvalid("format", format, oneOf("text", "openmetrics", "protobuf")))
  const body = yield* scrape(yield* providedRuntime(MetricsRuntime), format, yield* checked(options))
  return yield* format === "protobuf" ? inSlices(inOne(body)) : inSlices(textOf(body))
})

/**
 * Serves the metrics on the `HttpRouter`.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { HttpRouter } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const App = Prometheus.layerHttp({ path: "/metrics" }).pipe(
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const { dispose, handler } = HttpRouter.toWebHandler(App, { disableLogger: true })
 * const response = await handler(new Request("http://localhost/metrics"))
 * response.headers.get("content-type") // "text/plain; version=0.0.4; charset=utf-8"
 * await dispose()
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerHttp = (
  options: HttpOptions = {}
): Layer.Layer<never, never, HttpRouter.HttpRouter | MetricsRuntime> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { path = "/metrics", ...rest } = yield* checked(options, { ...scrapeOptionChecks, path: aPath })
      const router = yield* HttpRouter.HttpRouter
      const runtime = yield* providedRuntime(MetricsRuntime)
      yield* router.add("*", path, ({ headers, method, url }) =>
        Effect.map(
          answer(runtime, { method, url, accept: headers.accept, acceptEncoding: headers["accept-encoding"] }, rest),
          ({ body, headers, status }) => {
            const options = { status, headers, contentType: headers["content-type"]! }
            if (body.length <= 1) return HttpServerResponse.uint8Array(body[0] ?? new Uint8Array(), options)
            const pieces = Stream.fromIterable(body, { chunkSize: 1 })
            return HttpServerResponse.stream(pieces, { ...options, contentLength: lengthOf(body) })
          }
        )
      )
    })
  )

/**
 * Makes a `fetch` handler. It answers at any path it is mounted at.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const program = Effect.gen(function* () {
 *   const handle = yield* Prometheus.handler()
 *   const response = yield* Effect.promise(() => handle(new Request("http://localhost/metrics")))
 *   return response.status
 * }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // 200
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const handler = (options: ScrapeOptions = {}): Effect.Effect<FetchHandler, never, MetricsRuntime> =>
  made(handlers.fetchHandler, options)

/**
 * Makes a handler for `node:http` and frameworks built on it: `createServer(handler)`, `app.use("/metrics", handler)`.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http"
 * import { Effect } from "effect"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const program = Effect.gen(function* () {
 *   const server = createServer(yield* Prometheus.nodeHandler())
 *   return server.listenerCount("request")
 * }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // 1
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const nodeHandler = (options: ScrapeOptions = {}): Effect.Effect<NodeHandler, never, MetricsRuntime> =>
  made(handlers.nodeHandler, options)

const made = Effect.fnUntraced(function* <A>(
  make: (runtime: MetricsRuntime["Service"], options: ScrapeOptions, run: handlers.Run) => A,
  options: ScrapeOptions
): Effect.fn.Return<A, never, MetricsRuntime> {
  const context = yield* Effect.context<never>()
  return make(yield* providedRuntime(MetricsRuntime), yield* checked(options), Effect.runPromiseWith(context))
})

/**
 * Pushes the metrics of the runtime once, with every event accepted before. Succeeds when they have arrived. Fails with
 * `PushFailed` if they have not arrived within `pushTimeout`, retries included.
 *
 * A Pushgateway keeps one group of metrics for each `job` and `labels`. In remote write all series have these labels.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Metric, MetricsLayer, Recorder } from "mvx-metrics"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const JobEvent = Schema.TaggedUnion({ "row.copied": { bytes: Schema.Number } })
 * const Rows = Metric.counter("rows.copied", { events: JobEvent })
 *
 * const job = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(Rows)
 *   yield* metrics.emit({ _tag: "row.copied", bytes: 100 })
 *   yield* Prometheus.push({ url: "http://localhost:9091", job: "nightly_copy" })
 * }).pipe(
 *   Effect.provide(Recorder.layer("copy")),
 *   Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.jobs" })),
 *   Effect.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const push = Effect.fnUntraced(function* (
  options: PushOptions
): Effect.fn.Return<Pushed, PushError, MetricsRuntime | HttpClient.HttpClient> {
  return yield* pushMetrics(yield* providedRuntime(MetricsRuntime), options)
})

/**
 * Pushes the metrics of the runtime every `pushInterval`, when the runtime is flushed, and when the layer is released.
 * The last push ends within `shutdownTimeout`. The first of several failures is logged as a warning.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const Metrics = Prometheus.layerPush({
 *   protocol: "remote-write",
 *   url: "https://mimir.example/api/v1/push",
 *   headers: { authorization: "Bearer token", "x-scope-orgid": "team" },
 *   labels: { instance: "checkout-1" },
 *   nativeHistograms: true,
 *   pushInterval: "1 minute"
 * }).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerPush = (options: PushingOptions): Layer.Layer<never, never, MetricsRuntime | HttpClient.HttpClient> =>
  Layer.effectDiscard(Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) => pushing(runtime, options)))
