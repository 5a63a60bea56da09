/**
 * Delivers a request to its receiver. It is sent again while it may succeed and there is time, following a schedule,
 * and no sooner than the receiver requests.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Schedule from "effect/Schedule"
import { atMost, OutsideClock, sleepInBackground } from "../util/liveClock.ts"
import { durationText } from "../util/timing.ts"
import { type AttemptFailure, attempt, type Receiver } from "./attempt.ts"

/** The receiver's answer to an accepted request. */
interface Answer {
  readonly contentType?: string | undefined
  readonly body: Uint8Array
}

/** A request, and what is known of it. */
export class Parcel {
  readonly request: HttpClientRequest.HttpClientRequest
  /** How often it was sent in the last delivery. */
  attempts = 0
  /** Set as soon as the receiver has confirmed the request, whatever happens to the waiting fiber. */
  accepted: Answer | undefined
  /**
   * Whether the receiver may have it without having confirmed it. Applies to all attempts, because later ones do not
   * undo it.
   */
  mayHaveArrived = false
  /** Why the last attempt failed. */
  failure: AttemptFailure | undefined
  /** The request in progress; completes when it is answered or abandoned. */
  underWay: Deferred.Deferred<void> | undefined

  constructor(request: HttpClientRequest.HttpClientRequest) {
    this.request = request
  }
}

export interface Transport<E> {
  readonly client: HttpClient.HttpClient
  readonly receiver: Receiver
  /** The time limit of each request, by the real clock. */
  readonly timeout: Duration.Input
  /** When to send it again. Its input is the error. */
  readonly retry: Schedule.Schedule<unknown, unknown>
  /** The error of a parcel that did not arrive. */
  readonly errorOf: (failure: AttemptFailure, attempts: number) => E
}

/** The longest delay that a receiver can request. */
const LongestRetryAfter = Duration.minutes(1)

/** The delay that the receiver requests after a failure. */
export const askedToWait = (failure: AttemptFailure | undefined): Duration.Duration =>
  atMost(failure?.retryAfter ?? Duration.zero, LongestRetryAfter)

/** Sends a parcel for up to `most`, by the real clock: the rest of `limit`. Waiting does not keep the process alive. */
export const deliver = Effect.fnUntraced(function* <E>(
  { client, errorOf, receiver, retry, timeout }: Transport<E>,
  parcel: Parcel,
  most: Duration.Input,
  limit: Duration.Input = most
): Effect.fn.Return<Answer, E> {
  const left = yield* leftOf(most)
  parcel.attempts = 0
  parcel.failure = undefined

  const failed = Effect.suspend(() => {
    const { attempts, failure = late(`it did not arrive within ${durationText(limit)}`) } = parcel
    return Effect.fail(errorOf(failure, attempts))
  })
  if (Duration.isZero(left())) return yield* Effect.fail(errorOf(late("there was no time left for it"), 0))

  const once = Effect.suspend(() => {
    parcel.attempts++
    const underWay = Deferred.makeUnsafe<void>()
    parcel.underWay = underWay
    const received = Effect.flatMap(attempt(client, receiver, parcel.request), (response) => {
      parcel.accepted = { body: new Uint8Array() }
      return Effect.map(Effect.option(response.arrayBuffer), (body) => {
        if (body._tag === "None") return
        parcel.accepted = { contentType: response.headers["content-type"], body: new Uint8Array(body.value) }
      })
    })
    const answered = until(timeout, received, () =>
      parcel.accepted === undefined
        ? Effect.fail(late(`${receiver.name} did not answer within ${durationText(timeout)}`))
        : Effect.void
    )
    return Effect.onExit(answered, (exit) => {
      // Everything is recorded before the fibers that wait for its end continue.
      const failure = Exit.findErrorOption(exit)
      if (failure._tag === "Some") note(parcel, failure.value)
      // A request that is in progress when its fiber is interrupted counts as possibly delivered.
      else if (Exit.isFailure(exit) && parcel.accepted === undefined) parcel.mayHaveArrived = true
      parcel.underWay = undefined
      return Deferred.succeed(underWay, undefined)
    })
  })

  const sent = Effect.gen(function* () {
    const next = yield* Schedule.toStep(retry)
    for (;;) {
      if (Exit.isSuccess(yield* Effect.exit(once))) return
      const { attempts, failure } = parcel
      if (failure === undefined || !failure.canBeRetried) return yield* failed
      const again = yield* Effect.exit(next(yield* Clock.currentTimeMillis, errorOf(failure, attempts)))
      if (Exit.isFailure(again)) return yield* failed
      const delay = Duration.max(again.value[1], askedToWait(failure))
      // Waiting beyond the limit would only delay the result.
      if (Duration.isGreaterThanOrEqualTo(delay, left())) return yield* failed
      yield* sleepInBackground(delay)
    }
  })

  const ended = until(most, sent, () => failed)
  yield* Effect.catch(ended, (error) => (parcel.accepted === undefined ? Effect.fail(error) : Effect.void))
  return parcel.accepted!
})

/** A refusal of these very points settles what an earlier attempt left open. */
const note = (parcel: Parcel, failure: AttemptFailure): void => {
  parcel.failure = failure
  parcel.mayHaveArrived = !failure.isRefused && (parcel.mayHaveArrived || failure.mayHaveArrived)
}

const late = (reason: string): AttemptFailure => ({
  reason,
  kind: "timeout",
  canBeRetried: true,
  mayHaveArrived: true,
  isRefused: false
})

/** The rest of a time limit that starts now, by the real clock. */
export const leftOf = (most: Duration.Input): Effect.Effect<() => Duration.Duration> =>
  Effect.map(OutsideClock, (clock) => {
    const begun = clock.monotonicTimeNanosUnsafe()
    const limit = Duration.fromInputUnsafe(most)
    return () => {
      const passed = Duration.nanos(clock.monotonicTimeNanosUnsafe() - begun)
      return Duration.max(Duration.subtract(limit, passed), Duration.zero)
    }
  })

/** An effect, or another one after a time limit by the real clock. */
const until = <A, E, B, E2>(
  most: Duration.Input,
  effect: Effect.Effect<A, E>,
  orElse: () => Effect.Effect<B, E2>
): Effect.Effect<A | B, E | E2> => {
  const limit = Duration.fromInputUnsafe(most)
  if (!Duration.isFinite(limit)) return effect
  const over = Effect.flatMap(OutsideClock, (clock) =>
    Effect.provideService(sleepInBackground(limit), Clock.Clock, clock)
  )
  return Effect.raceFirst(
    Effect.interruptible(effect),
    Effect.interruptible(Effect.andThen(over, Effect.suspend(orElse)))
  )
}
