import * as Effect from "effect/Effect"

/** Lets the event loop turn: messages and timers come in between. */
export const nextTurn: Effect.Effect<void> = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})
