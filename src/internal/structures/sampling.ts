/** Takes samples at intervals. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { sleepInBackground } from "../util/liveClock.ts"

/** Immediately, and then at each interval until the scope closes. It does not keep the process alive. */
export const sampled = (
  sample: Effect.Effect<void>,
  interval: Duration.Input
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.andThen(
    sample,
    Effect.asVoid(Effect.forkScoped(Effect.forever(Effect.andThen(sleepInBackground(interval), sample))))
  )

/** An unlimited capacity is infinity, which is not a measurement. */
export const limitOf = (capacity: number): number | undefined => (Number.isFinite(capacity) ? capacity : undefined)
