/**
 * A clock that runs faster than real time, to show in seconds what takes minutes.
 */
import { Clock, Context, Duration, Effect } from "effect"

const real = Context.get(Context.empty(), Clock.Clock)

export const fasterClock = (times: number): Clock.Clock => {
  const from = real.currentTimeMillisUnsafe()
  const millis = (): number => from + (real.currentTimeMillisUnsafe() - from) * times
  const nanos = (): bigint => BigInt(Math.round(millis() * 1e6))
  return {
    ...real,
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) => real.sleep(Duration.millis(Duration.toMillis(duration) / times))
  }
}
