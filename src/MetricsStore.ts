/**
 * Merges metrics across processes and hosts, through a store that they share: Redis, PostgreSQL, or one of your own.
 *
 * @since 0.2.0
 */
import * as Layer from "effect/Layer"
import { type Check, check } from "./internal/model/optionChecks.ts"
import { makeMemory } from "./internal/store/memory.ts"
import { StateStore } from "./internal/store/stateStore.ts"
import { cloneable, type StoreModule, storeModule } from "./internal/store/storeModule.ts"

export {
  type SourcesRetired,
  type SourceVersion,
  type SourceWrite,
  StateStore,
  type StateStoreService,
  type StatesRead,
  type StoredSource,
  type WriteOutcome
} from "./internal/store/stateStore.ts"
export type { StoreModule } from "./internal/store/storeModule.ts"

/**
 * Names a module that makes a store, in whichever thread needs it. The module exports `layer`, a function that is called
 * with the settings and returns a layer with the store. Throws `InvalidArgument` for settings that are not plain data.
 *
 * @category constructors
 * @since 0.2.0
 */
export const module = (url: URL | string, settings?: unknown): StoreModule => {
  check("url", url, aUrl)
  check("settings", settings, cloneable)
  return storeModule(url, settings)
}

const aUrl: Check = (value) =>
  URL.canParse(String(value)) ? undefined : "must be the URL of a module, such as import.meta.url"

/**
 * Provides a store in the memory of the process, which is empty when the layer is built: for tests, and for several
 * runtimes of one process.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerMemory: Layer.Layer<StateStore> = Layer.sync(StateStore, makeMemory)
