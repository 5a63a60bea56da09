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
import type { IncomingMessage } from "node:http"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import {
  type FetchHandler,
  type NodeHandler,
  nodeHandler as onNode,
  signalOf
} from "./internal/exporters/httpHandlers.ts"
import { liveResources, type Resources } from "./internal/live/server/resources.ts"
import { type Check, positiveInteger, refuse, whyInvalidOptions } from "./internal/model/optionChecks.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { FetchHandler, NodeHandler } from "./internal/exporters/httpHandlers.ts"

/**
 * The options of the live page.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** The path of the page. Default: `/metrics/live`. */
  readonly path?: `/${string}`
  /** The maximum number of recorders shown, oldest first. The page shows how many there are in all. Default: 100. */
  readonly maxRecorders?: number
  /** The maximum number of series shown per metric, largest first. The page shows how many there are in all. Default: 100. */
  readonly maxSeries?: number
}

const aPath: Check = (value) =>
  typeof value === "string" && /^\/[^?#]*$/.test(value) ? undefined : 'must be a path such as "/metrics/live"'

const checks: { readonly [K in keyof Required<Options>]: Check } = {
  path: aPath,
  maxRecorders: positiveInteger,
  maxSeries: positiveInteger
}

interface Mounted {
  /** Without a slash at its end. */
  readonly path: string
  readonly resources: Resources
}

const mounted = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Mounted, never, MetricsRuntime | Scope.Scope> {
  yield* refuse(whyInvalidOptions(options, checks))
  const { maxRecorders = 100, maxSeries = 100, path = "/metrics/live" } = options
  const resources = yield* liveResources(yield* providedRuntime(MetricsRuntime), { maxRecorders, maxSeries })
  return { path: path.replace(/\/+$/, ""), resources }
})

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
      const { path, resources } = yield* mounted(options)
      for (const [name, resource] of Object.entries(resources)) {
        yield* router.add(
          "GET",
          name === "" ? (path === "" ? "/" : (path as "/")) : `${path as "/"}/${name}`,
          (request) => resource({ ...placeOf(request.originalUrl), open: () => isListening(request.source) })
        )
      }
    })
  )

const placeOf = (url: string): { readonly pathname: string; readonly query: URLSearchParams } => {
  const { pathname, searchParams } = new URL(url, "http://localhost")
  return { pathname, query: searchParams }
}

/**
 * A server of Node that is closing waits for its responses, and only then do those who made it end them. `true` for
 * anything else.
 */
const isListening = (source: object): boolean => {
  const { socket } = source as Partial<IncomingMessage> & {
    readonly socket?: { readonly server?: { readonly listening?: boolean } }
  }
  return socket?.server?.listening ?? true
}

const refused = (status: number, body: string, headers: { readonly [name: string]: string } = {}): Response =>
  new Response(`${body}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } })

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
  Effect.map(handlerUntil(options), (handle) => (request) => handle(request, () => true))

const handlerUntil = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<(request: Request, open: () => boolean) => Promise<Response>, never, MetricsRuntime | Scope.Scope> {
  const { path, resources } = yield* mounted(options)
  const context = yield* Effect.context<never>()
  return async (request, open) => {
    const { method, url } = request
    const signal = signalOf(request)
    const { pathname, query } = placeOf(url)
    const resource = pathname === path ? resources[""] : resourceBelow(resources, path, pathname)
    if (resource === undefined) return refused(404, "There is no such page")
    if (method !== "GET" && method !== "HEAD") return refused(405, "Use GET", { allow: "GET, HEAD" })
    const response = await Effect.runPromiseWith(context)(resource({ pathname, query, open }), { signal })
    return HttpServerResponse.toWeb(response, { withoutBody: method === "HEAD", context, signal })
  }
})

const resourceBelow = (resources: Resources, path: string, pathname: string): Resources[string] | undefined => {
  if (!pathname.startsWith(`${path}/`)) return undefined
  const name = pathname.slice(path.length + 1)
  return Object.hasOwn(resources, name) ? resources[name] : undefined
}

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
  Effect.map(
    handlerUntil(options),
    (handle): NodeHandler =>
      (request, response) =>
        onNode((asked) => handle(asked, () => isListening(request)))(request, response)
  )
