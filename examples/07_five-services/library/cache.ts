import { Context, Effect, Layer } from "effect"
import { Recorder } from "mvx-metrics"
import { CacheMetrics } from "./cache.metrics.ts"

export class Cache extends Context.Service<
  Cache,
  { readonly get: <E, R>(key: string, load: Effect.Effect<string, E, R>) => Effect.Effect<string, E, R> }
>()("library/Cache") {
  static readonly layer = Layer.effect(
    Cache,
    Effect.gen(function* () {
      const metrics = yield* Recorder.register(CacheMetrics)
      const entries = new Map<string, string>()
      return Cache.of({
        get: Effect.fn("Cache.get")(function* (key, load) {
          const entry = entries.get(key)
          yield* metrics.emit({ _tag: "cache.lookup", hit: entry !== undefined })
          if (entry !== undefined) return entry
          const loaded = yield* load
          entries.set(key, loaded)
          return loaded
        })
      })
    })
  )
}
