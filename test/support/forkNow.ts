import { Effect } from "effect"

/** Runs the effect in a fiber that begins at once and ends with the scope of the test. */
export const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkScoped(effect, { startImmediately: true })
