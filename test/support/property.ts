import { Effect, type Scope } from "effect"
import fc from "fast-check"

/**
 * Checks that an effect succeeds for every value of an arbitrary, and shrinks to the smallest value for which it does
 * not. Each run has a scope of its own.
 */
export const forEvery = <A, E, R>(
  arbitrary: fc.Arbitrary<A>,
  property: (value: A) => Effect.Effect<void, E, R>,
  numRuns = 40
): Effect.Effect<void, never, Exclude<R, Scope.Scope>> =>
  Effect.flatMap(Effect.context<Exclude<R, Scope.Scope>>(), (context) =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(arbitrary, (value) => Effect.runPromiseWith(context)(Effect.scoped(property(value)))),
        { numRuns }
      )
    )
  )
