/**
 * Measures Effect's HTTP servers and clients, by OpenTelemetry's conventions: `HttpRouter`, `HttpApi` and `HttpClient`.
 *
 * | metric | kind | unit |
 * | --- | --- | --- |
 * | `http.server.request.duration`, `http.client.request.duration` | histogram | s |
 * | `http.server.active_requests`, `http.client.active_requests` | up-down counter | {request} |
 * | `http.server.request.body.size`, `http.client.request.body.size` and so on | histogram | By |
 *
 * Labels of a server are `http.request.method`, `url.scheme`, `http.route`, `http.response.status_code`, `error.type`
 * and `network.protocol.version`. A route is the template in the router, such as `/users/:id`, never the path of a
 * request. A request that matches no route has no route label. `error.type` is the status of a response from 500 on, or
 * `aborted` if the client disconnected before the response was complete. Such a request has no status if no response
 * was started.
 *
 * Labels of a client are `http.request.method`, `server.address`, `server.port`, `http.response.status_code` and
 * `error.type`: the status of a response from 400 on, or the reason of an `HttpClientError`, such as `TransportError`, or
 * `aborted` for a request that was interrupted.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { HttpRouter, HttpServerResponse } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Http from "mvx-metrics/Http"
 *
 * const Metrics = MetricsLayer.layerInProcess({ namespace: "example.metrics" })
 *
 * const Routes = HttpRouter.add("GET", "/users/:id", HttpServerResponse.text("hello")).pipe(
 *   Layer.provide(Http.layer()), // measures them
 *   Layer.provide(Metrics)
 * )
 *
 * const { dispose, handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })
 * const response = await handler(new Request("http://localhost/users/1"))
 * response.status // 200
 * await dispose()
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { HttpClient, isHttpClient } from "effect/http/HttpClient"
import { HttpRouter } from "effect/http/HttpRouter"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { HttpClientMetrics } from "./internal/http/clientMetrics.ts"
import { type ClientOptions, clientOptionChecks, clientRequests } from "./internal/http/clientRequests.ts"
import { measureClient } from "./internal/http/effectClient.ts"
import { measureEffect, notingRoute } from "./internal/http/effectServer.ts"
import { HttpServerMetrics } from "./internal/http/serverMetrics.ts"
import { type ServerOptions, serverOptionChecks, serverRequests } from "./internal/http/serverRequests.ts"
import { type Check, got, refuse, whyInvalid } from "./internal/model/optionChecks.ts"
import { type MeasureError, measuringRecorder } from "./internal/runtime/measuring.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export { HttpClientEvent, HttpClientMetrics } from "./internal/http/clientMetrics.ts"
export type { ClientOptions } from "./internal/http/clientRequests.ts"
export { HttpServerEvent, HttpServerMetrics } from "./internal/http/serverMetrics.ts"
export type { ServerOptions } from "./internal/http/serverRequests.ts"
export type { MeasureError } from "./internal/runtime/measuring.ts"

/**
 * Measures the effect of an HTTP server. It adds no failure.
 *
 * @category models
 * @since 0.2.0
 */
export type Middleware = <E, R>(
  effect: Effect.Effect<HttpServerResponse, E, R>
) => Effect.Effect<HttpServerResponse, E, R | HttpServerRequest | Scope.Scope>

/**
 * Makes the middleware that measures a server without a router, `HttpServer.serve(app, middleware)`. Its requests have no
 * route.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { HttpEffect, HttpServerResponse } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Http from "mvx-metrics/Http"
 *
 * const program = Effect.gen(function* () {
 *   const measured = yield* Http.middleware()
 *   const handler = HttpEffect.toWebHandler(measured(Effect.succeed(HttpServerResponse.text("hello"))))
 *   const response = yield* Effect.promise(() => handler(new Request("http://localhost/")))
 *   return response.status
 * }).pipe(Effect.scoped, Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // 200
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const middleware = (
  options: ServerOptions = {}
): Effect.Effect<Middleware, MeasureError, MetricsRuntime | Scope.Scope> =>
  Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) =>
    Effect.map(
      measuringRecorder(runtime, HttpServerMetrics, "http", options, serverOptionChecks),
      ({ emitUnsafe }): Middleware => {
        const requests = serverRequests(emitUnsafe, options)
        return (effect) => measureEffect(requests, effect)
      }
    )
  )

/**
 * Measures all requests of the router: those of `HttpRouter`, of `HttpApi`, and those that no route takes. Provide it
 * to the routes and to global middleware. Requests that other middleware handles may have no route.
 *
 * The duration ends when the response is sent. All layers of one runtime with the same `recorderId` count in one
 * recorder.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { HttpRouter, HttpServer } from "effect/http"
 * import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Http from "mvx-metrics/Http"
 *
 * const Users = HttpApiGroup.make("users").add(
 *   HttpApiEndpoint.get("user", "/users/:id", { params: { id: Schema.String }, success: Schema.String })
 * )
 * const Api = HttpApi.make("api").add(Users)
 * const UsersLive = HttpApiBuilder.group(Api, "users", (handlers) =>
 *   handlers.handle("user", ({ params }) => Effect.succeed(`user ${params.id}`))
 * )
 * const Routes = HttpApiBuilder.layer(Api).pipe(
 *   Layer.provide(UsersLive),
 *   Layer.provide(Http.layer()),
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })),
 *   Layer.provide(HttpServer.layerServices)
 * )
 *
 * const { dispose, handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })
 * const response = await handler(new Request("http://localhost/users/1"))
 * await response.json() // "user 1"
 * await dispose()
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: ServerOptions = {}
): Layer.Layer<HttpRouter, MeasureError, HttpRouter | MetricsRuntime> =>
  Layer.effect(
    HttpRouter,
    Effect.gen(function* () {
      const router = yield* HttpRouter
      const measure = yield* middleware(options)
      yield* router.addGlobalMiddleware(measure)
      // Middleware that provides a service puts back the context that was there before the route was.
      const addGlobalMiddleware: HttpRouter["addGlobalMiddleware"] = (other) =>
        router.addGlobalMiddleware(((effect) => other(notingRoute(effect))) as typeof other)
      return HttpRouter.of({ ...router, addGlobalMiddleware })
    })
  )

/**
 * Returns a client that measures its requests and is otherwise the same. Each attempt of a retried request counts. A
 * request is measured until the head of the response has arrived.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { HttpClient, HttpClientResponse } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Http from "mvx-metrics/Http"
 *
 * const client = HttpClient.make((request) =>
 *   Effect.succeed(HttpClientResponse.fromWeb(request, new Response("hello")))
 * )
 * const program = Effect.gen(function* () {
 *   const measured = yield* Http.client(client)
 *   const response = yield* measured.get("https://example.com/")
 *   return response.status
 * }).pipe(Effect.scoped, Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // 200
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const client = <E, R>(
  self: HttpClient.With<E, R>,
  options: ClientOptions = {}
): Effect.Effect<HttpClient.With<E, R>, MeasureError, MetricsRuntime | Scope.Scope> =>
  Effect.gen(function* () {
    yield* refuse(whyInvalid("self", self, aClient))
    const runtime = yield* providedRuntime(MetricsRuntime)
    const recorder = yield* measuringRecorder(runtime, HttpClientMetrics, "http", options, clientOptionChecks)
    return measureClient(clientRequests(recorder.emitUnsafe, options), self)
  })

const aClient: Check = (value) =>
  isHttpClient(value) ? undefined : `must be an HttpClient of Effect, got ${got(value)}`

/**
 * Provides an `HttpClient` that measures its requests, like {@link client}, based on the client that is provided to the
 * layer.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as Http from "mvx-metrics/Http"
 *
 * const Client = Http.layerClient().pipe(
 *   Layer.provide(FetchHttpClient.layer),
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerClient = (
  options: ClientOptions = {}
): Layer.Layer<HttpClient, MeasureError, HttpClient | MetricsRuntime> =>
  Layer.effect(
    HttpClient,
    Effect.flatMap(HttpClient, (self) => client(self, options))
  )
