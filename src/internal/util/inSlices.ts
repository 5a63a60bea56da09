import * as Effect from "effect/Effect"
import type { Steps } from "./steps.ts"

/** The time for steps in a turn of the event loop in milliseconds, shared by all callers. */
const TurnMillis = 2

/** When the steps of the current turn end. */
let end = Number.NEGATIVE_INFINITY
let isScheduled = false
/** The callers that continue in the next turn, in order. */
let waiting: Array<() => void> = []

const schedule = (): void => {
  if (isScheduled) return
  isScheduled = true
  setImmediate(turn)
}

const turn = (): void => {
  isScheduled = false
  if (waiting.length === 0) return
  end = performance.now() + TurnMillis
  // A caller that takes longer than a turn comes after the others again.
  do waiting.shift()!()
  while (waiting.length > 0 && performance.now() < end)
  schedule()
}

/** Whether there is time left in the current turn. */
const isTimeLeft = (): boolean => {
  const now = performance.now()
  if (!isScheduled) end = now + TurnMillis
  schedule()
  return waiting.length === 0 && now < end
}

const nextTurn: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const goOn = (): void => resume(Effect.void)
  waiting.push(goOn)
  schedule()
  return Effect.sync(() => {
    waiting = waiting.filter((each) => each !== goOn)
  })
})

/** Runs steps on the application thread without blocking it. Concurrent callers take turns. */
export const inSlices = Effect.fnUntraced(function* <A>(steps: Steps<A>): Effect.fn.Return<A> {
  if (!isTimeLeft()) yield* nextTurn
  for (;;) {
    do {
      const step = steps.next()
      if (step.done) return step.value
    } while (performance.now() < end)
    yield* nextTurn
  }
})
