/** A cache of Effect that reports what happens to its values. */
import * as Cache from "effect/Cache"
import * as Effect from "effect/Effect"
import { errorTypeOfExit } from "../util/errorType.ts"
import { stopwatch } from "../util/timing.ts"
import type { CacheEvent } from "./cacheMetrics.ts"

type Emit = (event: CacheEvent) => void

/** The same cache, with each of its lookups measured. */
export const measuredCache = <Key, A, E, R>(
  name: string,
  cache: Cache.Cache<Key, A, E, R>,
  emit: Emit
): Cache.Cache<Key, A, E, R> =>
  lookingUp(cache, (key) =>
    Effect.clockWith((clock) => {
      const seconds = stopwatch(clock)
      return Effect.onExit(cache.lookup(key), (exit) =>
        Effect.sync(() => {
          emit({ _tag: "effect.cache.lookup", cache: name, seconds: seconds(), error: errorTypeOfExit(exit) })
        })
      )
    })
  )

/** Gets a value, and reports whether it was there. */
export const measuredGet = <Key, A, E, R>(
  name: string,
  cache: Cache.Cache<Key, A, E, R>,
  emit: Emit,
  key: Key
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let hit = true
    const asked = lookingUp(cache, (missing) => {
      hit = false
      return cache.lookup(missing)
    })
    return Effect.onExit(Cache.get(asked, key), () =>
      Effect.sync(() => void emit({ _tag: "effect.cache.request", cache: name, hit }))
    )
  })

/** The same cache with another lookup function. */
const lookingUp = <Key, A, E, R>(
  cache: Cache.Cache<Key, A, E, R>,
  lookup: (key: Key) => Effect.Effect<A, E, R>
): Cache.Cache<Key, A, E, R> => Object.create(cache, { lookup: { value: lookup } })
