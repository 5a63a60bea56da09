/** The option with which a runtime writes its counts to a store. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Telling } from "../link/toldStore.ts"
import type { MetricsStoreError } from "../model/exportErrors.ts"
import { type Check, finiteDuration, refuse, whyInvalidOptions } from "../model/optionChecks.ts"
import type { InvalidState } from "../model/usageErrors.ts"
import { refuseProgram } from "../store/openStore.ts"
import type { StateStore } from "../store/stateStore.ts"
import { isStoreModule, type StoreModule } from "../store/storeModule.ts"
import { millisOf } from "../util/timing.ts"
import { internalsOf } from "./internals.ts"
import type { RuntimeService } from "./service.ts"

/**
 * Where a runtime writes its counts, and how often.
 *
 * @category options
 * @since 0.2.0
 */
export interface WriterOptions {
  /**
   * The store, made by `RedisStore.make`, `PostgresStore.make` or `MetricsStore.module`. In process, it can also be a
   * layer. Leave it out if the worker has a store of its own: `MetricsWorker.run(metrics, { states })`.
   */
  readonly store?: StoreModule | Layer.Layer<StateStore, unknown>
  /**
   * The interval between writes, by the real clock. A process that is killed loses its counts since the last write.
   * With durable state, a write follows each write of that state, so the `interval` of `durable` applies. Default: 1
   * second.
   */
  readonly every?: Duration.Input
}

export const aStateStore: Check = (value) =>
  isStoreModule(value) || Layer.isLayer(value)
    ? undefined
    : "must be a store: RedisStore.make, PostgresStore.make, MetricsStore.module, or a layer of StateStore"

const checks: { readonly [K in keyof Required<WriterOptions>]: Check } = { store: aStateStore, every: finiteDuration }

/** Runs until the runtime shuts down. */
export const writeTo = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  options: WriterOptions | undefined
): Effect.fn.Return<void, InvalidState | MetricsStoreError> {
  yield* refuse(whyInvalidOptions(options, checks))
  const { every = "1 second", store } = options ?? {}
  if (isStoreModule(store)) yield* refuseProgram(store.url)
  const telling: Telling = {
    namespace: runtime.namespace,
    intervalMillis: millisOf(every),
    ...storeOf(store)
  }
  yield* internalsOf(runtime).tellStore(telling)
})

const storeOf = (store: WriterOptions["store"]): Pick<Telling, "store" | "own" | "place"> => {
  if (store === undefined) return { store: undefined, own: undefined, place: "of the worker" }
  if (!isStoreModule(store)) return { store: undefined, own: store, place: "of the application" }
  const { place, settings, url } = store
  return { store: { url, settings }, own: undefined, place }
}
