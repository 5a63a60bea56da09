/**
 * Looks at something again and again.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { sleepInBackground } from "../util/liveClock.ts"

/** At once, and then at each interval until the scope closes. Keeps no process alive. */
export const sampled = (
  sample: Effect.Effect<void>,
  interval: Duration.Input
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.andThen(
    sample,
    Effect.asVoid(Effect.forkScoped(Effect.forever(Effect.andThen(sleepInBackground(interval), sample))))
  )

/** What has no limit says so by infinity, which is no measurement. */
export const limitOf = (capacity: number): number | undefined => (Number.isFinite(capacity) ? capacity : undefined)
