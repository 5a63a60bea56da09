/**
 * Measures the requests of servers on `node:http`, such as Express, Fastify, NestJS and Connect, by OpenTelemetry's
 * conventions. It works with the promise API and with Effect.
 *
 * | metric | kind | unit |
 * | --- | --- | --- |
 * | `http.server.request.duration` | histogram | s |
 * | `http.server.active_requests` | up-down counter | {request} |
 * | `http.server.request.body.size`, `http.server.response.body.size` | histogram | By |
 *
 * Labels are `http.request.method`, `url.scheme`, `http.route`, `http.response.status_code`, `error.type` and
 * `network.protocol.version`. A route is a template, such as `/users/:id`, never the path of a request. `error.type` is
 * the status of a response from 500 on, or `aborted` if the connection was closed before the response was complete;
 * such a request has no status if no response was started. Sizes come from `content-length`. A body without it is not
 * measured.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http"
 * import * as NodeHttp from "mvx-metrics/NodeHttp"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * const measure = await NodeHttp.middleware(runtime, { route: (request) => (request.url === "/" ? "/" : undefined) })
 *
 * const server = createServer((request, response) => {
 *   measure(request, response)
 *   response.end("hello")
 * })
 * await new Promise<void>((resolve) => server.listen(0, resolve))
 * const { port } = server.address() as { port: number }
 * await (await fetch(`http://localhost:${port}/`)).text()
 * await new Promise((resolve) => server.close(resolve))
 *
 * const snapshots = await runtime.getRecorder("http").getMetricSnapshots()
 * Object.keys(snapshots).length // 4
 * ```
 *
 * @since 0.2.0
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { measureNode } from "./internal/http/nodeRequests.ts"
import { HttpServerMetrics } from "./internal/http/serverMetrics.ts"
import { type ServerOptions, serverOptionChecks, serverRequests } from "./internal/http/serverRequests.ts"
import { aFunction } from "./internal/model/optionChecks.ts"
import { measuringWith } from "./internal/runtime/measuring.ts"
import type { AnyRuntime } from "./internal/runtime/withoutEffect.ts"

export { HttpServerEvent, HttpServerMetrics } from "./internal/http/serverMetrics.ts"
export type { ServerOptions } from "./internal/http/serverRequests.ts"
export type { AnyRuntime } from "./internal/runtime/withoutEffect.ts"

/**
 * The options of {@link middleware}.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options extends ServerOptions {
  /**
   * Returns the template of the route that handled a request. It is called when the response is complete. It must
   * return one of the few templates of the application, never the path itself. Default: `request.route.path`, which
   * Express and NestJS set; In Express this excludes the path where a router is mounted.
   */
  readonly route?: (request: IncomingMessage) => string | undefined
}

/**
 * A middleware of `node:http`, Express and Connect. In a plain server call it first, without `next`.
 *
 * @category models
 * @since 0.2.0
 */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void

/**
 * What Fastify passes to a hook.
 *
 * @category models
 * @since 0.2.0
 */
export type FastifyHook = (
  request: { readonly raw: IncomingMessage; readonly routeOptions: { readonly url?: string | undefined } },
  reply: { readonly raw: ServerResponse },
  done: () => void
) => void

/**
 * Makes the middleware that measures requests. All middleware of one runtime with the same `recorderId` counts in one
 * recorder, which lives until the runtime shuts down.
 *
 * Rejects with `InvalidArgument` for an invalid option, and if the recorder cannot be made or the metrics not be
 * registered.
 *
 * @example
 * ```ts
 * import * as NodeHttp from "mvx-metrics/NodeHttp"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * const app = { use: (_: NodeHttp.Middleware) => {} } // express()
 *
 * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * app.use(await NodeHttp.middleware(runtime)) // before the routes
 * runtime.recorderIds // ["http"]
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const middleware = async (runtime: AnyRuntime, options: Options = {}): Promise<Middleware> => {
  const [recorder, clock] = await measuringWith(runtime, HttpServerMetrics, "http", options, {
    ...serverOptionChecks,
    route: aFunction
  })
  const { route = expressRoute } = options
  const requests = serverRequests(recorder.emitUnsafe, options)
  return (request, response, next) => {
    measureNode(requests, clock, request, response, () => route(request))
    next?.()
  }
}

/**
 * Makes the hook that measures the requests of Fastify, with the templates of its routes.
 *
 * @example
 * ```ts
 * import * as NodeHttp from "mvx-metrics/NodeHttp"
 * import { MetricsRuntime } from "mvx-metrics/promise"
 *
 * const app = { addHook: (_name: "onRequest", _hook: NodeHttp.FastifyHook) => {} } // fastify()
 *
 * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * app.addHook("onRequest", await NodeHttp.fastifyHook(runtime)) // before the routes
 * runtime.recorderIds // ["http"]
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const fastifyHook = async (runtime: AnyRuntime, options: ServerOptions = {}): Promise<FastifyHook> => {
  const [recorder, clock] = await measuringWith(runtime, HttpServerMetrics, "http", options, serverOptionChecks)
  const requests = serverRequests(recorder.emitUnsafe, options)
  return (request, reply, done) => {
    measureNode(requests, clock, request.raw, reply.raw, () => request.routeOptions.url)
    done()
  }
}

/** The route that Express has found: a path, an expression, or several. */
const expressRoute = (request: IncomingMessage): string | undefined => {
  const path = (request as { readonly route?: { readonly path?: unknown } }).route?.path
  return path === undefined ? undefined : String(path)
}
