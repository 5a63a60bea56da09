/**
 * Effects of the facade run in one context: that of its runtime.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

export interface Run {
  readonly context: Context.Context<never>
  readonly promise: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly promiseExit: <A, E>(effect: Effect.Effect<A, E>, options?: Effect.RunOptions) => Promise<Exit.Exit<A, E>>
  /** Throws a failure itself. */
  readonly sync: <A, E>(effect: Effect.Effect<A, E>) => A
}

export const runIn = (context: Context.Context<never>): Run => ({
  context,
  promise: Effect.runPromiseWith(context),
  promiseExit: Effect.runPromiseExitWith(context),
  sync: Effect.runSyncWith(context)
})
