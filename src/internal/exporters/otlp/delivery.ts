/** Brings a batch to a collector: a request, sent again while there is hope and time. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Schedule from "effect/Schedule"
import { type PartialSuccess, readPartialSuccess } from "../../formats/otlp/response.ts"
import { ExportFailed } from "../../model/errors.ts"
import { OutsideClock, sleepInBackground } from "../../util/liveClock.ts"
import { type AttemptFailure, attempt } from "./attempt.ts"
import type { Told } from "./batches.ts"

/** A batch in the bytes that are sent. */
export class Parcel {
  readonly told: Told
  readonly points: number
  readonly request: HttpClientRequest.HttpClientRequest
  /** Set as soon as a collector has answered that it has it, whatever becomes of the fiber that waits for that. */
  accepted: PartialSuccess | undefined
  /** Whether a collector may have it without having said so. Of all attempts: what follows does not undo it. */
  mayHaveArrived = false
  /** Why the last attempt failed. */
  failure: AttemptFailure | undefined
  /** The request that is on its way; done when that is answered or given up. */
  underWay: Deferred.Deferred<void> | undefined

  constructor(told: Told, points: number, request: HttpClientRequest.HttpClientRequest) {
    this.told = told
    this.points = points
    this.request = request
  }
}

export interface Transport {
  readonly client: HttpClient.HttpClient
  readonly url: string
  readonly timeout: Duration.Duration
  readonly retry: Schedule.Schedule<unknown, unknown>
}

/** The longest that a collector can ask to wait. */
export const LongestRetryAfter = Duration.minutes(1)

/** Sends a parcel for up to `most`, by the real clock. */
export const deliver = Effect.fnUntraced(function* (
  { client, retry, timeout, url }: Transport,
  parcel: Parcel,
  most: Duration.Duration
): Effect.fn.Return<PartialSuccess, ExportFailed> {
  const clock = yield* OutsideClock
  const left = leftOf(clock, most)
  let attempts = 0
  parcel.failure = undefined

  const failed = (failure: AttemptFailure | undefined): ExportFailed => {
    const { cause, reason } = failure ?? {
      reason: `it did not arrive within ${Duration.format(most)}`,
      cause: undefined
    }
    return new ExportFailed({ url, attempts, points: parcel.points, reason, ...(cause !== undefined && { cause }) })
  }

  const once = Effect.suspend(() => {
    attempts++
    const underWay = Deferred.makeUnsafe<void>()
    parcel.underWay = underWay
    const received = Effect.flatMap(attempt(client, parcel.request), (response) => {
      parcel.accepted = { rejected: 0, message: "" }
      return Effect.map(Effect.option(response.arrayBuffer), (body) => {
        if (body._tag === "None") return
        parcel.accepted = readPartialSuccess(response.headers["content-type"], new Uint8Array(body.value))
      })
    })
    const answered = until(timeout, received, () =>
      parcel.accepted === undefined ? Effect.fail(late(timeout)) : Effect.void
    )
    return Effect.onExit(answered, (exit) => {
      // All that there is to know of it is known before those who wait for its end go on.
      const failure = Exit.findErrorOption(exit)
      if (failure._tag === "Some") note(parcel, failure.value)
      // One that is interrupted is given up with its request on its way.
      else if (Exit.isFailure(exit) && parcel.accepted === undefined) parcel.mayHaveArrived = true
      parcel.underWay = undefined
      return Deferred.succeed(underWay, undefined)
    })
  })

  const sent = Effect.gen(function* () {
    const next = yield* Schedule.toStep(retry)
    for (;;) {
      const exit = yield* Effect.exit(once)
      if (Exit.isSuccess(exit)) return
      const { failure } = parcel
      if (failure === undefined || !failure.canBeRetried) return yield* Effect.fail(failed(failure))
      const again = yield* Effect.exit(next(yield* Clock.currentTimeMillis, failed(failure)))
      if (Exit.isFailure(again)) return yield* Effect.fail(failed(failure))
      const asked = Duration.min(failure.retryAfter ?? Duration.zero, LongestRetryAfter)
      const delay = Duration.max(again.value[1], asked)
      // Waiting beyond the end would only keep from saying so.
      if (Duration.isGreaterThanOrEqualTo(delay, left())) return yield* Effect.fail(failed(failure))
      yield* sleepInBackground(delay)
    }
  })

  const ended = until(most, sent, () => Effect.fail(failed(parcel.failure)))
  yield* Effect.catch(ended, (error) => (parcel.accepted === undefined ? Effect.fail(error) : Effect.void))
  return parcel.accepted ?? { rejected: 0, message: "" }
})

/** A refusal of these very points settles what an earlier attempt left open. */
const note = (parcel: Parcel, failure: AttemptFailure): void => {
  parcel.failure = failure
  parcel.mayHaveArrived = !failure.isRefused && (parcel.mayHaveArrived || failure.mayHaveArrived)
}

const late = (timeout: Duration.Duration): AttemptFailure => ({
  reason: `the collector did not answer within ${Duration.format(timeout)}`,
  kind: "timeout",
  canBeRetried: true,
  mayHaveArrived: true,
  isRefused: false
})

/** What is left of a time limit that begins now. */
export const leftOf = (clock: Clock.Clock, most: Duration.Duration): (() => Duration.Duration) => {
  const begun = clock.monotonicTimeNanosUnsafe()
  return () => Duration.subtract(most, Duration.nanos(clock.monotonicTimeNanosUnsafe() - begun))
}

/** An effect, or another one once it has taken so long by the real clock. Waiting keeps no process alive. */
const until = <A, E, B, E2>(
  most: Duration.Duration,
  effect: Effect.Effect<A, E>,
  orElse: () => Effect.Effect<B, E2>
): Effect.Effect<A | B, E | E2> => {
  if (!Duration.isFinite(most)) return effect
  const over = Effect.flatMap(OutsideClock, (clock) =>
    Effect.provideService(sleepInBackground(most), Clock.Clock, clock)
  )
  return Effect.raceFirst(
    Effect.interruptible(effect),
    Effect.interruptible(Effect.andThen(over, Effect.suspend(orElse)))
  )
}
