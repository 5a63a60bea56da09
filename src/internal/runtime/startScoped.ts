/**
 * What lives in a scope, for programs without Effect.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

/** Something that runs until it is stopped. */
export interface Stoppable extends AsyncDisposable {
  /** Again: does nothing more. */
  readonly stop: () => Promise<void>
}

/** Starts it. When that fails, what was there by then is closed; the promise rejects with the failure. */
export const startScoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<readonly [A, Stoppable]> => {
  const scope = Scope.makeUnsafe()
  const stop = (): Promise<void> => Effect.runPromise(Scope.close(scope, Exit.void))
  return effect.pipe(
    Scope.provide(scope),
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
    Effect.map((value) => [value, { stop, [Symbol.asyncDispose]: stop }] as const),
    Effect.runPromise
  )
}
