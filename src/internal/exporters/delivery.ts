/**
 * A request that is sent until it arrives: again after what may pass, as a schedule says, and no sooner than the receiver
 * asks for.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { cutText } from "../util/cutText.ts"
import { describeError, messageOf } from "../util/describeError.ts"
import { atMost, withLiveClock } from "../util/liveClock.ts"

export interface DeliveryOptions {
  /** How long each request may take, by the real clock. */
  readonly timeout: Duration.Input
  /** How long all of them may take together. */
  readonly most: Duration.Input
  /** When to send it again. */
  readonly retry: Schedule.Schedule<unknown>
}

/** Why a request did not arrive. */
export interface NotDelivered {
  readonly reason: string
  /** The reason in a word: the status of the answer, `timeout`, or the code of an error. */
  readonly kind: string
  /** Requests that were sent. */
  readonly attempts: number
  /** Whether it may arrive later. */
  readonly isTransient: boolean
}

interface Failure extends Omit<NotDelivered, "attempts"> {
  readonly retryAfter?: Duration.Duration
}

/** The longest that a receiver can ask to wait. */
const LongestRetryAfter = Duration.minutes(1)

/** Gives the number of requests that it took. */
export const deliver = Effect.fnUntraced(function* (
  request: HttpClientRequest.HttpClientRequest,
  { most, retry, timeout }: DeliveryOptions
): Effect.fn.Return<number, NotDelivered, HttpClient.HttpClient> {
  const client = yield* HttpClient.HttpClient
  const next = yield* Schedule.toStep(retry)
  const left = leftOf(most)
  if (Duration.isZero(left())) {
    return yield* Effect.fail({ ...late("there was no time left for it"), attempts: 0 })
  }
  for (let attempts = 1; ; attempts++) {
    const sent = yield* Effect.result(attempt(client, request, atMost(timeout, left())))
    if (Result.isSuccess(sent)) return attempts
    const { retryAfter = Duration.zero, ...failure } = sent.failure
    const failed = Effect.fail({ ...failure, attempts })
    if (!failure.isTransient) return yield* failed
    const again = yield* Effect.exit(next(yield* Clock.currentTimeMillis, failure))
    if (Exit.isFailure(again)) return yield* failed
    const delay = Duration.max(again.value[1], Duration.min(retryAfter, LongestRetryAfter))
    // Waiting beyond the end would only keep from saying so.
    if (Duration.isGreaterThanOrEqualTo(delay, left())) return yield* failed
    yield* Effect.sleep(delay)
  }
})

/** What is left of a time that begins now, in whole milliseconds. */
export const leftOf = (most: Duration.Input): (() => Duration.Duration) => {
  const end = performance.now() + Duration.toMillis(most)
  return () => Duration.millis(Math.max(0, Math.floor(end - performance.now())))
}

const attempt = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  most: Duration.Duration
): Effect.Effect<void, Failure> => {
  const over = Effect.fail(late(`it was not answered within ${Duration.format(most)}`))
  return client.execute(request).pipe(
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    Effect.withTracerEnabled(false),
    Effect.mapError(notSent),
    Effect.flatMap(read),
    Effect.catchDefect((defect) => Effect.fail({ reason: describeError(defect), kind: "defect", isTransient: false })),
    Effect.raceFirst(Effect.andThen(withLiveClock(Effect.sleep(most)), over))
  )
}

const late = (reason: string): Failure => ({ reason, kind: "timeout", isTransient: true })

const MostOfAnswer = 200

const read = Effect.fnUntraced(function* (
  response: HttpClientResponse.HttpClientResponse
): Effect.fn.Return<void, Failure> {
  const { headers, status } = response
  // A body that is not read keeps its connection.
  const body = yield* Effect.orElseSucceed(response.text, () => "")
  if (status >= 200 && status < 300) return
  const said = messageOf(new Error(cutText(body.trim(), MostOfAnswer)))
  return yield* Effect.fail({
    reason: `it was answered ${status}${body.trim() === "" ? "" : `: ${said}`}`,
    kind: String(status),
    isTransient: status === 408 || status === 429 || status >= 500,
    ...(yield* retryAfterIn(headers["retry-after"]))
  })
})

/** In seconds, or as a date. */
const retryAfterIn = (header: string | undefined): Effect.Effect<Pick<Failure, "retryAfter">> => {
  const parsed = header === undefined ? undefined : Headers.parseRetryAfter(header)
  if (parsed === undefined || Result.isFailure(parsed)) return Effect.succeed({})
  return Effect.map(Clock.currentTimeMillis, (now) => ({ retryAfter: Headers.retryAfterDelay(parsed.success, now) }))
}

const notSent = (error: HttpClientError.HttpClientError): Failure => {
  const { reason } = error
  const cause = rootOf("cause" in reason ? reason.cause : undefined)
  return {
    // Not its message, which has the URL with all its secrets.
    reason: cause === undefined ? (reason.description ?? reason._tag) : messageOf(cause),
    kind: Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : reason._tag,
    isTransient: reason._tag === "TransportError"
  }
}

/** `fetch` hides why it failed in the cause of its error. */
const rootOf = (error: unknown, depth = 0): unknown =>
  depth < 5 && Predicate.hasProperty(error, "cause") && error.cause !== undefined
    ? rootOf(error.cause, depth + 1)
    : error
