import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { liveClock } from "./liveClock.ts"

const nanosPerMilli = 1_000_000

/** A clock whose readings come from `next`, in milliseconds. Sleeps take real time. */
export const clockOf = (next: () => number): Clock.Clock => {
  const currentTimeNanosUnsafe = (): bigint => BigInt(Math.round(next() * nanosPerMilli))
  return {
    currentTimeMillisUnsafe: next,
    currentTimeMillis: Effect.sync(next),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: currentTimeNanosUnsafe,
    monotonicTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    sleep: (duration) => liveClock.sleep(duration)
  }
}

/** A clock that always shows the same time. */
export const fixedTime = (millis: number): Clock.Clock => clockOf(() => millis)
