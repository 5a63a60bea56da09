import * as Effect from "effect/Effect"

/** Waits for one turn of the event loop, so that messages and timers are handled. */
export const nextTurn: Effect.Effect<void> = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})
