/**
 * Serves a page that shows every recorder and metric of a runtime as they change: `GET /metrics/live`.
 *
 * It is off unless an application mounts it: with {@link layerHttp} on Effect's `HttpRouter`, with {@link handler} in a
 * `fetch` server, or with {@link nodeHandler} in `node:http`. It loads only same-origin assets, its
 * `Content-Security-Policy` allows nothing else, and it changes nothing. Anyone who can reach it can read every metric, so
 * mount it behind the access control of your other internal pages.
 *
 * Below its path are `data`, which returns the present state as JSON, `events`, which sends the same once a second as
 * server-sent events, and `queries`, which returns the queries of a metric in PromQL.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { MetricsRuntime } from "mvx-metrics"
 * import * as LivePage from "mvx-metrics/LivePage"
 *
 * const program = Effect.gen(function* () {
 *   const runtime = yield* MetricsRuntime.makeInProcess({ namespace: "example.metrics" })
 *   yield* runtime.start
 *   const handle = yield* Effect.provideService(LivePage.handler(), MetricsRuntime, runtime)
 *   const response = yield* Effect.promise(() => handle(new Request("http://localhost/metrics/live")))
 *   return response.headers.get("content-type")
 * })
 * await Effect.runPromise(Effect.scoped(program)) // "text/html; charset=utf-8"
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { FetchHandler, NodeHandler } from "./internal/exporters/httpHandlers.ts"
import {
  fetchHandler,
  isListening,
  mounted,
  type Options,
  nodeHandler as onNode,
  placeOf
} from "./internal/live/server/handlers.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { FetchHandler, NodeHandler } from "./internal/exporters/httpHandlers.ts"
export type { Options } from "./internal/live/server/handlers.ts"

/**
 * Mounts the page on the `HttpRouter`.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { HttpRouter } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as LivePage from "mvx-metrics/LivePage"
 *
 * const App = LivePage.layerHttp().pipe(
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const { dispose, handler } = HttpRouter.toWebHandler(App, { disableLogger: true })
 * const response = await handler(new Request("http://localhost/metrics/live/data"))
 * (await response.json()).namespace // "example.metrics"
 * await dispose()
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerHttp = (options: Options = {}): Layer.Layer<never, never, HttpRouter.HttpRouter | MetricsRuntime> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const router = yield* HttpRouter.HttpRouter
      const { path, resources } = yield* mounted(yield* providedRuntime(MetricsRuntime), options)
      for (const [name, resource] of Object.entries(resources)) {
        yield* router.add(
          "GET",
          name === "" ? (path === "" ? "/" : (path as "/")) : `${path as "/"}/${name}`,
          (request) => resource({ ...placeOf(request.originalUrl), open: () => isListening(request.source) })
        )
      }
    })
  )

/**
 * Makes a `fetch` handler. Its streams end when the scope closes.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as LivePage from "mvx-metrics/LivePage"
 *
 * const program = Effect.gen(function* () {
 *   const handle = yield* LivePage.handler({ path: "/live" })
 *   const response = yield* Effect.promise(() => handle(new Request("http://localhost/live")))
 *   return response.status
 * }).pipe(Effect.scoped, Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // 200
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const handler = (options: Options = {}): Effect.Effect<FetchHandler, never, MetricsRuntime | Scope.Scope> =>
  Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) => fetchHandler(runtime, options))

/**
 * Makes a handler for `node:http` and frameworks built on it: `createServer(handler)`, `app.use(handler)`. Its streams
 * end when the scope closes.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http"
 * import { Effect } from "effect"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as LivePage from "mvx-metrics/LivePage"
 *
 * const program = Effect.gen(function* () {
 *   const server = createServer(yield* LivePage.nodeHandler({ path: "/live" }))
 *   return server.listenerCount("request")
 * }).pipe(Effect.scoped, Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // 1
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const nodeHandler = (options: Options = {}): Effect.Effect<NodeHandler, never, MetricsRuntime | Scope.Scope> =>
  Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) => onNode(runtime, options))
