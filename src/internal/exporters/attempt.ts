/** One request, and the consequence of its outcome for the points in it. */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { describeError, messageOf } from "../util/describeError.ts"

/** The receiver of requests. */
export interface Receiver {
  /** Its name in errors: `the collector`. */
  readonly name: string
  /** Whether it may accept later what it answered with this status. */
  readonly takesLater: (status: number) => boolean
  /** Why it refused a request, if the answer contains the reason. */
  readonly refusalIn: (contentType: string | undefined, body: Uint8Array) => string
}

export interface AttemptFailure {
  readonly reason: string
  /** A short reason, for attributes. */
  readonly kind: string
  readonly canBeRetried: boolean
  /** Whether the receiver may have the points nevertheless. */
  readonly mayHaveArrived: boolean
  /** Whether the receiver examined and refused the points. */
  readonly isRefused: boolean
  /** The delay that the receiver requests. */
  readonly retryAfter?: Duration.Duration | undefined
  readonly cause?: unknown
}

/** Sends a request. Succeeds with a successful response. */
export const attempt = (
  client: HttpClient.HttpClient,
  receiver: Receiver,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientResponse.HttpClientResponse, AttemptFailure> =>
  client.execute(request).pipe(
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    Effect.withTracerEnabled(false),
    Effect.mapError(notSent),
    Effect.flatMap((response) => (isSuccess(response) ? Effect.succeed(response) : refused(receiver, response))),
    Effect.catchDefect((defect) => Effect.fail(broken(defect)))
  )

const isSuccess = ({ status }: HttpClientResponse.HttpClientResponse): boolean => status >= 200 && status < 300

/** A gateway does not know the outcome of the request behind it. */
const mayHaveArrived = new Set([502, 504])

const refused = Effect.fnUntraced(function* (
  { name, refusalIn, takesLater }: Receiver,
  response: HttpClientResponse.HttpClientResponse
): Effect.fn.Return<never, AttemptFailure> {
  const { headers, status } = response
  // An unread body keeps its connection open.
  const body = yield* Effect.orElseSucceed(response.arrayBuffer, () => new ArrayBuffer(0))
  const why = refusalIn(headers["content-type"], new Uint8Array(body))
  const canBeRetried = takesLater(status)
  const said = why === "" ? "" : `: ${messageOf(new Error(why))}`
  return yield* Effect.fail({
    reason: `${name} answered ${status}${said}`,
    kind: String(status),
    canBeRetried,
    mayHaveArrived: mayHaveArrived.has(status),
    isRefused: status < 500 && !canBeRetried,
    retryAfter: yield* retryAfter(headers["retry-after"])
  })
})

/** In seconds, or as a date. */
const retryAfter = (header: string | undefined): Effect.Effect<Duration.Duration | undefined> => {
  const parsed = header === undefined ? undefined : Headers.parseRetryAfter(header)
  if (parsed === undefined || Result.isFailure(parsed)) return Effect.succeed(undefined)
  return Effect.map(Clock.currentTimeMillis, (now) => Headers.retryAfterDelay(parsed.success, now))
}

const notSent = (error: HttpClientError.HttpClientError): AttemptFailure => {
  const { reason } = error
  const cause = "cause" in reason ? reason.cause : undefined
  const code = codeIn(cause)
  const isTransport = reason._tag === "TransportError"
  return {
    // Neither the message of the error nor the error itself, because they contain the URL and the headers, which may be
    // secrets.
    reason: [...new Set([reason.description ?? [], messagesIn(cause)].flat())].join(": ") || reason._tag,
    kind: code ?? reason._tag,
    canBeRetried: isTransport,
    mayHaveArrived: isTransport && (code === undefined || !neverConnected.test(code)),
    isRefused: false,
    cause
  }
}

/** An `HttpClient` that throws. The state of the request is unknown. */
const broken = (defect: unknown): AttemptFailure => ({
  reason: describeError(defect),
  kind: "defect",
  canBeRetried: false,
  mayHaveArrived: true,
  isRefused: false,
  cause: defect
})

/** Errors of connections that were never made: of the system, of the resolver, of TLS. */
const neverConnected =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/

/** The code of an error of Node, at any depth. */
const codeIn = (error: unknown, depth = 0): string | undefined => {
  if (!Predicate.isObject(error) || depth > 5) return undefined
  const { cause, code, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  if (typeof code === "string") return code
  return codeIn(cause, depth + 1) ?? (Array.isArray(errors) ? codeIn(errors[0], depth + 1) : undefined)
}

/** The message of an error of `fetch`, and the messages of its causes. */
const messagesIn = (error: unknown, depth = 0): ReadonlyArray<string> => {
  if (!Predicate.isObject(error) || depth > 5) return []
  const { cause, errors, message } = error as { message?: unknown; cause?: unknown; errors?: unknown }
  const own = typeof message === "string" && message !== "" ? [messageOf(error)] : []
  return [...own, ...messagesIn(cause ?? (Array.isArray(errors) ? errors[0] : undefined), depth + 1)]
}
