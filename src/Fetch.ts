/**
 * Measures servers and clients based on `fetch`, by OpenTelemetry's conventions: servers that answer a `Request` with a
 * `Response`, such as those of Hono, Next, Bun and Deno, and requests that the process makes with `fetch` or undici.
 *
 * | metric | kind | unit |
 * | --- | --- | --- |
 * | `http.server.request.duration`, `http.client.request.duration` | histogram | s |
 * | `http.server.active_requests`, `http.client.active_requests` | up-down counter | {request} |
 * | `http.server.request.body.size`, `http.client.request.body.size` and so on | histogram | By |
 *
 * Labels of a server are those of {@link ./NodeHttp.ts | NodeHttp}; those of a client are `http.request.method`,
 * `server.address`, `server.port`, `http.response.status_code` and `error.type`.
 *
 * @example
 * ```ts
 * import * as Fetch from "mvx-metrics/Fetch"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * const handler = await Fetch.handler(runtime, () => new Response("hello"), { route: () => "/" })
 * const response = await handler(new Request("http://localhost/"))
 * response.status // 200
 * ```
 *
 * @since 0.2.0
 */

import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { HttpClientMetrics } from "./internal/http/clientMetrics.ts"
import { type ClientOptions, clientOptionChecks, clientRequests } from "./internal/http/clientRequests.ts"
import { measureFetch } from "./internal/http/fetchRequests.ts"
import { HttpServerMetrics } from "./internal/http/serverMetrics.ts"
import { type ServerOptions, serverOptionChecks, serverRequests } from "./internal/http/serverRequests.ts"
import { observeUndici } from "./internal/http/undici.ts"
import { aFunction, check } from "./internal/model/optionChecks.ts"
import { internalsOf } from "./internal/runtime/internals.ts"
import { measuringRecorder, measuringWith } from "./internal/runtime/measuring.ts"
import { type AnyRuntime, type Stoppable, serviceOf, startScoped } from "./internal/runtime/withoutEffect.ts"
import { listening } from "./internal/util/listeners.ts"

export { HttpClientEvent, HttpClientMetrics } from "./internal/http/clientMetrics.ts"
export type { ClientOptions } from "./internal/http/clientRequests.ts"
export { HttpServerEvent, HttpServerMetrics } from "./internal/http/serverMetrics.ts"
export type { ServerOptions } from "./internal/http/serverRequests.ts"
export type { AnyRuntime, Stoppable } from "./internal/runtime/withoutEffect.ts"

/**
 * The options of {@link handler}.
 *
 * @category options
 * @since 0.2.0
 */
export interface HandlerOptions<Rest extends ReadonlyArray<unknown>> extends ServerOptions {
  /**
   * Returns the template of the route that handled a request. It is called with the arguments of the handler once there
   * is a response. It must return one of the few templates of the application, never the path itself. Default: no
   * route.
   */
  readonly route?: (request: Request, ...rest: Rest) => string | undefined
}

/**
 * Wraps a request handler and measures its requests.
 *
 * A request is measured until there is a response. The time of the response body is not included. A handler that throws
 * counts as status 500, because servers answer with that. Rejects with `InvalidArgument` for an invalid option, and if
 * the recorder cannot be made or the metrics cannot be registered.
 *
 * @example
 * ```ts
 * import * as Fetch from "mvx-metrics/Fetch"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * const handler = await Fetch.handler(
 *   runtime,
 *   async (request: Request) => new Response(`you asked for ${request.url}`),
 *   { route: (request) => (new URL(request.url).pathname.startsWith("/users/") ? "/users/:id" : undefined) }
 * )
 * const response = await handler(new Request("http://localhost/users/1"))
 * response.status // 200
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const handler = async <Rest extends ReadonlyArray<unknown>>(
  runtime: AnyRuntime,
  handle: (request: Request, ...rest: Rest) => Response | PromiseLike<Response>,
  options: HandlerOptions<Rest> = {}
): Promise<(request: Request, ...rest: Rest) => Promise<Response>> => {
  check("handle", handle, aFunction)
  const [recorder, clock] = await measuringWith(runtime, HttpServerMetrics, "http", options, {
    ...serverOptionChecks,
    route: aFunction
  })
  const { route = noRoute } = options
  const requests = serverRequests(recorder.emitUnsafe, options)
  return (request, ...rest) =>
    measureFetch(
      requests,
      clock,
      request,
      () => handle(request, ...rest),
      () => route(request, ...rest)
    )
}

const noRoute = (): undefined => undefined

/**
 * Measures a request until `respond` returns a response, and then calls `route` for the template of its route.
 *
 * @category models
 * @since 0.2.0
 */
export type Middleware = (
  request: Request,
  respond: () => Response | PromiseLike<Response>,
  route?: () => string | undefined
) => Promise<Response>

/**
 * Makes a function that measures one request, for middleware of frameworks that know the route.
 *
 * @example
 * ```ts
 * import * as Fetch from "mvx-metrics/Fetch"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * interface HonoContext {
 *   readonly req: { readonly raw: Request; readonly routePath: string }
 *   readonly res: Response
 * }
 * const app = { use: (_: (c: HonoContext, next: () => Promise<void>) => Promise<Response>) => {} } // new Hono()
 *
 * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * const measure = await Fetch.middleware(runtime)
 * app.use((c, next) => measure(c.req.raw, () => next().then(() => c.res), () => c.req.routePath)) // before the routes
 * runtime.recorderIds // ["http"]
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const middleware = async (runtime: AnyRuntime, options: ServerOptions = {}): Promise<Middleware> => {
  const [recorder, clock] = await measuringWith(runtime, HttpServerMetrics, "http", options, serverOptionChecks)
  const requests = serverRequests(recorder.emitUnsafe, options)
  return (request, respond, route = noRoute) => measureFetch(requests, clock, request, respond, route)
}

/**
 * Measures all requests that this process makes with `fetch` or undici, until `stop` of the result. They are measured
 * until the end of the body; a response whose body is never read is not measured. Each redirect is a request.
 *
 * `error.type` is the status of a response from 400 on, or the name of the error: `ECONNREFUSED`, `AbortError`. Rejects
 * with `InvalidArgument` for an invalid option, and if the recorder cannot be made or the metrics cannot be registered.
 *
 * @example
 * ```ts
 * import * as Fetch from "mvx-metrics/Fetch"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * const measuring = await Fetch.start(runtime)
 * runtime.recorderIds // ["http"]
 * await measuring.stop()
 * runtime.recorderIds // []
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const start = async (runtime: AnyRuntime, options: ClientOptions = {}): Promise<Stoppable> => {
  const service = serviceOf(runtime)
  const { context } = internalsOf(service)
  const clock = Context.get(context, Clock.Clock)
  const measure = Effect.flatMap(
    measuringRecorder(service, HttpClientMetrics, "http", options, clientOptionChecks),
    ({ emitUnsafe }) => listening(() => observeUndici(clientRequests(emitUnsafe, options), clock))
  )
  const [, stoppable] = await startScoped(context, measure)
  return stoppable
}
