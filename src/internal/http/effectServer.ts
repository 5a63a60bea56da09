/** Requests of Effect's HTTP servers. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpRouter from "effect/http/HttpRouter"
import { ClientAbort } from "effect/http/HttpServerError"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Ended, Incoming, ServerRequests } from "./serverRequests.ts"
import { hasNoBody, sizeOf, versionOf } from "./words.ts"

/** What was observed of a request so far. */
class Seen {
  readonly #requests: ServerRequests
  readonly #end: (ended: Ended) => void
  readonly #method: string
  /** The same request in a measurement around this one. */
  readonly #outer: Seen | undefined
  #route: string | undefined
  #response: HttpServerResponse.HttpServerResponse | undefined
  /** Whether there was a response whose body was not sent completely. */
  #isCut = false

  constructor(requests: ServerRequests, end: (ended: Ended) => void, method: string, outer: Seen | undefined) {
    this.#requests = requests
    this.#end = end
    this.#method = method
    this.#outer = outer
  }

  /** Whether it is already counted by these requests. */
  isOf(requests: ServerRequests): boolean {
    return this.#requests.emit === requests.emit || this.#outer?.isOf(requests) === true
  }

  /** The router sets its route in the context of the fiber, until an earlier context is restored. */
  route(fiber: Fiber.Fiber<unknown, unknown>): void {
    this.#route ??= Context.getOrUndefined(fiber.context, HttpRouter.RouteContext)?.route.path
    this.#outer?.route(fiber)
  }

  /** Before it is sent. */
  response(response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse {
    this.#response = response
    const { body } = response
    if (body._tag !== "Stream") return response
    const stream = Stream.onExit(body.stream, (exit) =>
      Effect.sync(() => {
        this.#isCut = Exit.isFailure(exit)
      })
    )
    const watched = HttpServerResponse.setBody(response, HttpBody.stream(stream, body.contentType, body.contentLength))
    return HttpServerResponse.setHeaders(watched, response.headers)
  }

  end(exit: Exit.Exit<unknown, unknown>): void {
    const hasLeft = Exit.isFailure(exit) && exit.cause.reasons.some(isClientAbort)
    // The status for a client that has gone was sent to nobody.
    const response = hasLeft && this.#response?.status === ClientGone ? undefined : this.#response
    this.#end({
      status: response?.status,
      isAborted: hasLeft || this.#isCut,
      route: this.#route,
      size: response === undefined ? undefined : bodySize(this.#method, response)
    })
  }
}

const ClientGone = 499

const isClientAbort = (reason: Cause.Reason<unknown>): boolean =>
  Cause.isInterruptReason(reason) && reason.annotations.has(ClientAbort.key)

const bodySize = (method: string, { body, headers, status }: HttpServerResponse.HttpServerResponse) =>
  hasNoBody(method, status) || body._tag === "Empty" ? 0 : (body.contentLength ?? sizeOf(headers["content-length"]))

const SeenOfRequest = Context.Service<Seen>("mvx-metrics/HttpRequest")

/** Wraps the effect of a request to record the route that its fiber has reached. */
export const notingRoute = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.onExit(effect, () =>
    Effect.withFiber((fiber) => {
      Context.getOrUndefined(fiber.context, SeenOfRequest)?.route(fiber)
      return Effect.void
    })
  )

/**
 * Measures each run of an effect that answers a request, until the response is sent. A request that is already measured
 * for the same recorder is not measured again.
 */
export const measureEffect = <E, R>(
  requests: ServerRequests,
  effect: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest | Scope.Scope> =>
  Effect.withFiber((fiber) => {
    const context = fiber.context as Context.Context<HttpServerRequest | Scope.Scope>
    const request = Context.get(context, HttpServerRequest)
    const outer = Context.getOrUndefined(context, SeenOfRequest)
    if (outer?.isOf(requests)) return effect
    const end = requests.begin(fiber.getRef(Clock.Clock), incoming(request))
    const seen = new Seen(requests, end, request.method, outer)
    HttpEffect.appendPreResponseHandlerUnsafe(context, (_, response) => Effect.succeed(seen.response(response)))
    // The scope closes when the response is sent.
    const ended = Scope.addFinalizerExit(Context.get(context, Scope.Scope), (exit) => Effect.sync(() => seen.end(exit)))
    return Effect.andThen(ended, Effect.provideService(notingRoute(effect), SeenOfRequest, seen))
  })

const incoming = ({ headers, method, originalUrl, protocol, source }: HttpServerRequest): Incoming => {
  // A request of Node has these properties. One of `fetch` has its scheme in the URL.
  const { httpVersionMajor, httpVersionMinor, socket } = source as {
    readonly httpVersionMajor?: number
    readonly httpVersionMinor?: number
    readonly socket?: { readonly encrypted?: boolean }
  }
  const isSecure = socket?.encrypted ?? originalUrl.startsWith("https:")
  return {
    method,
    scheme: protocol ?? (isSecure ? "https" : "http"),
    version: httpVersionMajor === undefined ? undefined : versionOf(httpVersionMajor, httpVersionMinor ?? 0),
    size: sizeOf(headers["content-length"]) ?? (headers["transfer-encoding"] === undefined ? 0 : undefined),
    host: headers.host
  }
}
