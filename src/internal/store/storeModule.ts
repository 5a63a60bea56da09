/**
 * A store described by plain data, which can be sent to the thread that folds: a module that creates it, and settings.
 */
import * as Predicate from "effect/Predicate"
import type { Check } from "../model/optionChecks.ts"

/**
 * A store that a module creates in any thread that needs it. Plain data, so it can be sent to another thread.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoreModule {
  readonly _tag: "mvx-metrics/StoreModule"
  /** The URL of the module, which exports `layer`. */
  readonly url: string
  /** The argument of `layer`. */
  readonly settings: unknown
  /** The name of the store in messages. */
  readonly place: string
}

export const storeModule = (url: string | URL, settings: unknown, place = String(url)): StoreModule => ({
  _tag: "mvx-metrics/StoreModule",
  url: String(url),
  settings,
  place
})

export const isStoreModule = (value: unknown): value is StoreModule =>
  Predicate.isTagged(value, "mvx-metrics/StoreModule") &&
  Predicate.hasProperty(value, "url") &&
  typeof value.url === "string"

/** Checks that a value can be cloned, so it contains neither functions nor layers. */
export const cloneable: Check = (value) => {
  try {
    structuredClone(value)
    return undefined
  } catch {
    return "must be plain data, because they are sent to the thread that folds"
  }
}
