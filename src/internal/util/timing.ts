import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"

/** Returns the seconds since this call, by the monotonic clock. */
export const stopwatch = (clock: Clock.Clock): (() => number) => {
  const start = clock.monotonicTimeNanosUnsafe()
  return () => Number(clock.monotonicTimeNanosUnsafe() - start) / 1e9
}

/** A duration as text for messages: `10s`. */
export const durationText = (duration: Duration.Input): string => Duration.format(Duration.fromInputUnsafe(duration))

/** A duration in milliseconds. */
export const millisOf = (duration: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(duration))
