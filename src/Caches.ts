/**
 * Measures caches of Effect: hits, lookups and size.
 *
 * | metric | kind | unit | labels |
 * | --- | --- | --- | --- |
 * | `effect.cache.hits` | ratio | 1 | `effect.cache.name` |
 * | `effect.cache.lookup.duration` | histogram | s | `effect.cache.name`, `error.type` |
 * | `effect.cache.size` | gauge | {item} | `effect.cache.name` |
 * | `effect.cache.capacity` | gauge | {item} | `effect.cache.name` |
 *
 * `error.type` is the tag or the name of the error of a lookup, or `aborted` for one that was interrupted.
 *
 * @example
 * ```ts
 * import { Cache, Effect } from "effect"
 * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
 * import * as Caches from "mvx-metrics/Caches"
 *
 * const program = Effect.gen(function* () {
 *   const cache = yield* Cache.make({ lookup: (id: string) => Effect.succeed(`user ${id}`), capacity: 1000 })
 *   const users = yield* Caches.observe("users", cache)
 *   yield* users.get("1")
 *   yield* users.get("1") // a hit
 *
 *   const recorder = yield* (yield* MetricsRuntime).getRecorder("caches")
 *   return (yield* recorder.snapshot(Caches.CacheMetrics))["effect.cache.hits"].dimensions.ratio
 * }).pipe(Effect.scoped, Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * await Effect.runPromise(program) // 0.5
 * ```
 *
 * @since 0.2.0
 */
import * as Cache from "effect/Cache"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { type Check, got, longerThanZero, notBlank, refuse, whyInvalid } from "./internal/model/optionChecks.ts"
import { type MeasureError, measuringRecorder } from "./internal/runtime/measuring.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { CacheMetrics } from "./internal/structures/cacheMetrics.ts"
import { measuredCache, measuredGet } from "./internal/structures/measureCache.ts"
import { limitOf, sampled } from "./internal/structures/sampling.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { MeasureError } from "./internal/runtime/measuring.ts"
export { CacheEvent, CacheMetrics } from "./internal/structures/cacheMetrics.ts"

/**
 * The options of {@link observe}.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /**
   * The id of the recorder. All layers and functions that use the same id in a runtime share it, including
   * `Recorder.layer`. Default: `"caches"`.
   */
  readonly recorderId?: string
  /** The interval between measurements of the size. Hits and lookups are separate events. Default: 10 seconds. */
  readonly interval?: Duration.Input
}

/**
 * A cache that is measured.
 *
 * @category models
 * @since 0.2.0
 */
export interface Measured<Key, A, E, R> {
  /** Gets a value like `Cache.get`, and counts a hit or a miss. A value that is being looked up counts as a hit. */
  readonly get: (key: Key) => Effect.Effect<A, E, R>
  /** The cache, for all other functions of `Cache`. Its lookups are measured, but hits are not counted. */
  readonly cache: Cache.Cache<Key, A, E, R>
}

/**
 * Measures the size of a cache immediately and then at each interval, until the scope closes. Returns the cache with its
 * lookups measured, and a `get` that counts hits. `name` becomes a label, so it is one of a few.
 *
 * @category running
 * @since 0.2.0
 */
export const observe = <Key, A, E, R>(
  name: string,
  cache: Cache.Cache<Key, A, E, R>,
  options: Options = {}
): Effect.Effect<Measured<Key, A, E, R>, MeasureError, MetricsRuntime | Scope.Scope> =>
  Effect.gen(function* () {
    yield* refuse(whyInvalid("name", name, notBlank) ?? whyInvalid("cache", cache, aCache))
    const runtime = yield* providedRuntime(MetricsRuntime)
    const checks = { recorderId: notBlank, interval: longerThanZero }
    const { emitUnsafe } = yield* measuringRecorder(runtime, CacheMetrics, "caches", options, checks)
    const sample = Effect.map(Cache.size(cache), (size) => {
      emitUnsafe({ _tag: "effect.cache.sample", cache: name, size, capacity: limitOf(cache.capacity) })
    })
    yield* sampled(sample, options.interval ?? "10 seconds")
    const measured = measuredCache(name, cache, emitUnsafe)
    return { get: (key) => measuredGet(name, measured, emitUnsafe, key), cache: measured }
  })

const aCache: Check = (value) =>
  Predicate.hasProperty(value, "~effect/Cache") ? undefined : `must be a Cache of Effect, got ${got(value)}`
