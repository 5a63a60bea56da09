import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const live: Clock.Clock = Clock.Clock.defaultValue()

/**
 * Gives an effect the real clock. For waiting on what lives outside the program (a thread to start, to stop), which no
 * `TestClock` can move.
 */
export const withLiveClock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Clock.Clock, live)
