import * as Effect from "effect/Effect"
import type { Steps } from "./steps.ts"

/** Milliseconds of steps before others have a turn. */
const LongestSlice = 2

/** Takes steps on the application thread without holding it. */
export const inSlices = Effect.fnUntraced(function* <A>(steps: Steps<A>): Effect.fn.Return<A> {
  for (;;) {
    const until = performance.now() + LongestSlice
    do {
      const step = steps.next()
      if (step.done) return step.value
    } while (performance.now() < until)
    yield* Effect.yieldNow
  }
})
