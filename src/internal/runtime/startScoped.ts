/**
 * What lives in a scope, for programs without Effect.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

/**
 * Something that runs until it is stopped.
 *
 * @category models
 * @since 0.2.0
 */
export interface Stoppable extends AsyncDisposable {
  /** Again: does nothing more. */
  readonly stop: () => Promise<void>
}

/**
 * Starts it, and later stops it, in a context. When the start fails, what was there by then is closed; the promise rejects
 * with the failure.
 */
export const startScoped = <A, E>(
  context: Context.Context<never>,
  effect: Effect.Effect<A, E, Scope.Scope>
): Promise<readonly [A, Stoppable]> => {
  const scope = Scope.makeUnsafe()
  const run = Effect.runPromiseWith(context)
  const stop = (): Promise<void> => run(Scope.close(scope, Exit.void))
  return effect.pipe(
    Scope.provide(scope),
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
    Effect.map((value) => [value, { stop, [Symbol.asyncDispose]: stop }] as const),
    run
  )
}
