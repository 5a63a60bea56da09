/** Opens the store that a module makes, in the thread that calls this. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { MetricsStoreError } from "../model/exportErrors.ts"
import { messageOf } from "../util/describeError.ts"
import type { StateStore } from "./stateStore.ts"
import { isStoreModule, type StoreModule } from "./storeModule.ts"

/** A store as a layer, which has no requirements. */
export type StoreLayer<A = StateStore> = Layer.Layer<A, unknown>

/**
 * The services of a store until the scope closes. `A`: those that the module is to provide. A store of this package opens
 * no connection here: one that cannot be reached fails when it is used.
 */
export const openStore = <A = StateStore>(
  store: StoreModule | StoreLayer<A>
): Effect.Effect<Context.Context<A>, MetricsStoreError, Scope.Scope> => {
  const isModule = isStoreModule(store)
  const failed = (cause: unknown) =>
    new MetricsStoreError({ store: isModule ? store.url : "layer", operation: "open", reason: messageOf(cause) })
  return Effect.flatMap(isModule ? layerOf<A>(store) : Effect.succeed(store), (layer) => Layer.build(layer)).pipe(
    Effect.mapError((error) => (error instanceof MetricsStoreError ? error : failed(error))),
    Effect.catchDefect((defect) => Effect.fail(failed(defect)))
  )
}

const layerOf = <A>({ settings, url }: StoreModule): Effect.Effect<StoreLayer<A>, MetricsStoreError> => {
  const failed = (reason: string) => new MetricsStoreError({ store: url, operation: "open", reason })
  return Effect.tryPromise({
    try: (): Promise<unknown> => import(url),
    catch: (cause) => failed(`the module could not be imported: ${messageOf(cause)}`)
  }).pipe(
    Effect.flatMap((module) => {
      const made = Predicate.hasProperty(module, "layer") && typeof module.layer === "function" ? module : undefined
      if (made === undefined) return Effect.fail(failed("the module does not export a function `layer`"))
      const layer: unknown = (made.layer as (settings: unknown) => unknown)(settings)
      return Layer.isLayer(layer)
        ? Effect.succeed(layer as StoreLayer<A>)
        : Effect.fail(failed("the `layer` of the module did not return a Layer"))
    })
  )
}
