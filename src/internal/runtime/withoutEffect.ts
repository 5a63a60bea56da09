/**
 * What exporters accept from programs without Effect, and return to them: a runtime, and something that can be stopped.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { hasInternals, notARuntime } from "./internals.ts"
import type { RuntimeService } from "./service.ts"

/**
 * The `MetricsRuntime` of `mvx-metrics/promise`, or the service of Effect: `yield* MetricsRuntime`.
 *
 * @category models
 * @since 0.2.0
 */
export type AnyRuntime = RuntimeService | FacadeRuntime

/** Distinguishes the facade's runtime from other values without importing it. */
interface FacadeRuntime extends AsyncDisposable {
  readonly namespace: string
  readonly recorderIds: ReadonlyArray<string>
}

const services = new WeakMap<object, RuntimeService>()

/** Remembers the service behind an object of the facade. */
export const withService = (facade: object, service: RuntimeService): void => void services.set(facade, service)

export const serviceOf = (runtime: AnyRuntime): RuntimeService => {
  if (hasInternals(runtime)) return runtime
  const service = typeof runtime === "object" && runtime !== null ? services.get(runtime) : undefined
  if (service === undefined) throw notARuntime()
  return service
}

/**
 * A process that runs until it is stopped.
 *
 * @category models
 * @since 0.2.0
 */
export interface Stoppable extends AsyncDisposable {
  /** Stops it. A second call does nothing. */
  readonly stop: () => Promise<void>
}

/** Starts it in its own scope. If that fails, everything opened so far is closed. */
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
