import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** The very clock that a fiber has when none was provided: its default value is made once. */
export const liveClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)

/**
 * Gives an effect the real clock. For waiting on what lives outside the program (a thread to start, to stop), which no
 * `TestClock` can move.
 */
export const withLiveClock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Clock.Clock, liveClock)

/** Waits for an effect no longer than this, by the real clock, and interrupts it then, be it in a finalizer. */
export const giveUpAfter =
  (duration: Duration.Input) =>
  <R>(effect: Effect.Effect<unknown, never, R>): Effect.Effect<void, never, R> =>
    Effect.asVoid(
      Effect.raceFirst(Effect.interruptible(effect), Effect.interruptible(withLiveClock(Effect.sleep(duration))))
    )
