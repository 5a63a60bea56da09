/** Invalid input of a program is a defect, never a failure. */
import { expect } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { MetricsError } from "mvx-metrics"

/** Returns why an effect rejects its input. Fails the test unless the effect dies of an `InvalidArgument`. */
export const badInputOf = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<MetricsError.InvalidArgument, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    const reasons = Exit.isFailure(exit) ? exit.cause.reasons : []
    expect(reasons).toMatchObject([{ _tag: "Die", defect: expect.any(MetricsError.InvalidArgument) }])
    return (reasons[0] as { readonly defect: unknown }).defect as MetricsError.InvalidArgument
  })
