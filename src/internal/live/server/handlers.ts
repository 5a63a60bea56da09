/** Handlers of the live page in the forms that servers accept. */
import type { IncomingMessage } from "node:http"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Scope from "effect/Scope"
import { type FetchHandler, type NodeHandler, nodeHandler as onNode, signalOf } from "../../exporters/httpHandlers.ts"
import { type Check, positiveInteger, refuse, whyInvalidOptions } from "../../model/optionChecks.ts"
import type { RuntimeService } from "../../runtime/service.ts"
import { liveResources, type Resources } from "./resources.ts"

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

export const mounted = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  options: Options
): Effect.fn.Return<Mounted, never, Scope.Scope> {
  yield* refuse(whyInvalidOptions(options, checks))
  const { maxRecorders = 100, maxSeries = 100, path = "/metrics/live" } = options
  const resources = yield* liveResources(runtime, { maxRecorders, maxSeries })
  return { path: path.replace(/\/+$/, ""), resources }
})

export const placeOf = (url: string): { readonly pathname: string; readonly query: URLSearchParams } => {
  const { pathname, searchParams } = new URL(url, "http://localhost")
  return { pathname, query: searchParams }
}

/**
 * A closing Node server waits for its responses, which only end when their makers end them. `true` for any other
 * source.
 */
export const isListening = (source: object): boolean => {
  const { socket } = source as Partial<IncomingMessage> & {
    readonly socket?: { readonly server?: { readonly listening?: boolean } }
  }
  return socket?.server?.listening ?? true
}

const refused = (status: number, body: string, headers: { readonly [name: string]: string } = {}): Response =>
  new Response(`${body}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } })

/** Answers requests while `open` returns that the server still accepts them. */
const handlerUntil = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  options: Options
): Effect.fn.Return<(request: Request, open: () => boolean) => Promise<Response>, never, Scope.Scope> {
  const { path, resources } = yield* mounted(runtime, options)
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

export const fetchHandler = (
  runtime: RuntimeService,
  options: Options
): Effect.Effect<FetchHandler, never, Scope.Scope> =>
  Effect.map(handlerUntil(runtime, options), (handle) => (request) => handle(request, () => true))

export const nodeHandler = (
  runtime: RuntimeService,
  options: Options
): Effect.Effect<NodeHandler, never, Scope.Scope> =>
  Effect.map(
    handlerUntil(runtime, options),
    (handle): NodeHandler =>
      (request, response) =>
        onNode((asked) => handle(asked, () => isListening(request)))(request, response)
  )
