/** Why a registration failed. */
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsError } from "mvx-metrics"

/** The reason of a failed registration. Fails the test on an error other than a `RegisterError`. */
export const reasonOf = <A, E, R>(
  registration: Effect.Effect<A, E, R>
): Effect.Effect<MetricsError.RegisterError["reason"], A, R> =>
  Effect.map(Effect.flip(registration), (error: unknown) => {
    expect(error).toBeInstanceOf(MetricsError.RegisterError)
    const { cause, message, reason } = error as MetricsError.RegisterError
    expect(cause).toBe(reason)
    expect(message).toBe(reason.message)
    return reason
  })
