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
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { aString } from "./internal/model/optionChecks.ts"
import { EventStore } from "./internal/store/eventStore.ts"
import { redisConnection } from "./internal/store/redisConnection.ts"
import { redisEvents } from "./internal/store/redisEvents.ts"
import { redisStates } from "./internal/store/redisStates.ts"
import { serverSettings } from "./internal/store/serverOptions.ts"
import { StateStore } from "./internal/store/stateStore.ts"
import { type StoreModule, storeModule } from "./internal/store/storeModule.ts"
import { siblingModule } from "./internal/util/siblingModule.ts"

/**
 * Where the store is.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** The URL of the server, with its password where it needs one: `redis://`, or `rediss://` for TLS. */
  readonly url: string
  /** What the keys begin with. Applications that share a server use different ones. Default: `"mvx-metrics:"`. */
  readonly prefix?: string
  /** The time limit of each use of the server, connecting included, by the real clock. Default: 5 seconds. */
  readonly timeout?: Duration.Input
}

/**
 * Describes the store as plain data, so that it can be opened by the thread that folds. Throws `InvalidArgument` for an
 * invalid option. Connects to nothing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options): StoreModule => {
  const { place } = serverSettings(options, server)
  return storeModule(siblingModule("RedisStore", import.meta.url), options, place)
}

/**
 * Provides the store. It connects when it is first used, so a server that cannot be reached fails each use and not the
 * layer.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<StateStore | EventStore> =>
  Layer.effectContext(
    Effect.map(
      Effect.suspend(() => redisConnection(serverSettings(options, server))),
      (connection) =>
        Context.add(Context.make(StateStore, redisStates(connection)), EventStore, redisEvents(connection))
    )
  )

const server = { protocols: ["redis:", "rediss:"], defaultPrefix: "mvx-metrics:", aPrefix: aString }
