/** Clocks whose time a test sets. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import { aDuration, type Check, check } from "../internal/model/optionChecks.ts"
import { clockOf } from "../internal/util/fixedTime.ts"
import { isOf } from "../internal/util/realms.ts"

/**
 * A point in time: a date, milliseconds since the Unix epoch, or a date in ISO 8601.
 *
 * @category models
 * @since 0.2.0
 */
export type Time = Date | number | string

const millisOf = (time: Time): number => {
  check("time", time, aPointInTime)
  return toMillis(time)
}

const toMillis = (time: Time): number => (typeof time === "number" ? time : new Date(time).getTime())

const aPointInTime: Check = (value) =>
  (typeof value === "number" || typeof value === "string" || isOf(value, "Date")) &&
  Number.isFinite(toMillis(value as Time))
    ? undefined
    : "must be a date, milliseconds since the Unix epoch, or a date in ISO 8601: 2026-01-31T12:00:00Z"

/**
 * Provides a clock that always shows the same time. Sleeps take real time. To move time in a test, use Effect's
 * `TestClock`.
 *
 * Throws `InvalidArgument` for an invalid time.
 *
 * @example
 * ```ts
 * import { Clock, Effect } from "effect"
 * import { fixedClock } from "mvx-metrics/testing"
 *
 * const now = Effect.provide(Clock.currentTimeMillis, fixedClock("1970-01-01T00:00:05Z"))
 * Effect.runSync(now) // 5000
 * ```
 *
 * @category testing
 * @since 0.2.0
 */
export const fixedClock = (time: Time): Layer.Layer<never> => {
  const millis = millisOf(time)
  return Layer.succeed(
    Clock.Clock,
    clockOf(() => millis)
  )
}

/**
 * Provides a clock that moves by `step` with each reading, from `start` on. A duration measured with two readings is
 * exactly one step. Each layer starts again at `start`.
 *
 * Throws `InvalidArgument` for an invalid time or duration.
 *
 * @example
 * ```ts
 * import { Clock, Effect } from "effect"
 * import { steppingClock } from "mvx-metrics/testing"
 *
 * const twice = Effect.all([Clock.currentTimeMillis, Clock.currentTimeMillis])
 * Effect.runSync(Effect.provide(twice, steppingClock(0, "1 second"))) // [0, 1000]
 * ```
 *
 * @category testing
 * @since 0.2.0
 */
export const steppingClock = (start: Time, step: Duration.Input): Layer.Layer<never> => {
  const first = millisOf(start)
  check("step", step, aDuration)
  const millis = Duration.toMillis(step)
  return Layer.sync(Clock.Clock, () => {
    let readings = 0
    return clockOf(() => first + millis * readings++)
  })
}
