/**
 * Decides when an ended worker is replaced: by a schedule, which starts over after a worker that has run for a while.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import { RuntimeFailed } from "../model/runtimeErrors.ts"
import { messageOf } from "../util/describeError.ts"

/** A worker that has run this long did not end for the same reasons as the one before. */
const Steady = Duration.toMillis("10 seconds")

/** The first delay is 50 ms, and each further delay is twice as long. After five in a row the runtime fails. */
export const defaultRestart: Schedule.Schedule<unknown, unknown> = Schedule.exponential("50 millis").pipe(
  Schedule.upTo({ times: 5 })
)

/** Returns how long to wait before the next worker. Fails with the whole cause if there will be none. */
type NextRestart = (cause: unknown) => Effect.Effect<Duration.Duration, unknown>

/** The reason why a worker could not be started. */
export const causeOfStart = (cause: Cause.Cause<unknown>): unknown => {
  const error = Cause.squash(cause)
  return error instanceof RuntimeFailed ? error.cause : error
}

export const restartsOf = (schedule: Schedule.Schedule<unknown, unknown>): Effect.Effect<NextRestart> =>
  Effect.gen(function* () {
    let step = yield* Schedule.toStep(schedule)
    let tries = 0
    let lastAt = Number.NEGATIVE_INFINITY
    return Effect.fnUntraced(function* (cause: unknown) {
      const now = performance.now()
      if (now - lastAt > Steady) {
        step = yield* Schedule.toStep(schedule)
        tries = 0
      }
      const next = yield* Effect.exit(step(now, cause))
      if (Exit.isFailure(next)) {
        if (tries === 0) return yield* Effect.fail(cause)
        const reason = `the worker was replaced ${tries} times in a row, and ended again: ${messageOf(cause)}`
        return yield* Effect.fail(new Error(reason, { cause }))
      }
      const [, delay] = next.value
      tries++
      lastAt = now
      return delay
    })
  })
