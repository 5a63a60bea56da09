/**
 * A store of metrics in Redis 7 or Valkey, which the processes of an application share: see `mvx-metrics/MetricsStore`.
 * Needs the package `redis`, which is a peer dependency of `@effect/platform-node`.
 *
 * @example
 * ```ts
 * import * as RedisStore from "mvx-metrics/RedisStore"
 *
 * const store = RedisStore.make({ url: "redis://127.0.0.1:6379" })
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { aString } from "./internal/model/optionChecks.ts"
import type { EventStore } from "./internal/store/eventStore.ts"
import { redisConnection } from "./internal/store/redisConnection.ts"
import { redisEvents } from "./internal/store/redisEvents.ts"
import { redisStates } from "./internal/store/redisStates.ts"
import { type ServerOptions, serverStore, servicesOf } from "./internal/store/serverOptions.ts"
import type { StateStore } from "./internal/store/stateStore.ts"
import type { StoreModule } from "./internal/store/storeModule.ts"
import { siblingModule } from "./internal/util/siblingModule.ts"

export type { ServerOptions as Options } from "./internal/store/serverOptions.ts"

const store = serverStore({
  protocols: ["redis:", "rediss:"],
  defaultPrefix: "mvx-metrics:",
  aPrefix: aString,
  module: () => siblingModule("RedisStore", import.meta.url),
  open: (settings) =>
    Effect.map(redisConnection(settings), (connection) => servicesOf(redisStates(connection), redisEvents(connection)))
})

/**
 * Describes the store as plain data, so that the thread that folds can open it. Throws `InvalidArgument` for an invalid
 * option. Does not connect.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make: (options: ServerOptions) => StoreModule = store.make

/**
 * Provides the store. It connects when it is first used. If the server cannot be reached, each use fails, but the layer
 * does not.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: (options: ServerOptions) => Layer.Layer<StateStore | EventStore> = store.layer
