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

/** Starts it in a scope of its own. When that fails, what was there by then is closed. */
export const inOwnScope = <A, E>(
  effect: Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<readonly [A, Scope.Closeable], E> =>
  Effect.suspend(() => {
    const scope = Scope.makeUnsafe()
    return effect.pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      Effect.map((value) => [value, scope] as const)
    )
  })

/** Starts it, and later stops it, in a context. The promise rejects with the failure of the start. */
export const startScoped = async <A, E>(
  context: Context.Context<never>,
  effect: Effect.Effect<A, E, Scope.Scope>
): Promise<readonly [A, Stoppable]> => {
  const run = Effect.runPromiseWith(context)
  const [value, scope] = await run(inOwnScope(effect))
  const stop = (): Promise<void> => run(Scope.close(scope, Exit.void))
  return [value, { stop, [Symbol.asyncDispose]: stop }]
}
