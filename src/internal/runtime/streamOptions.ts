/** The option with which aggregators also fold the events of a runtime. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ShippingProgress } from "../link/shippingEnd.ts"
import { type Check, finiteDuration, integerWithin, oneOf, someOptions } from "../model/optionChecks.ts"
import type { Log } from "../recorder/logging.ts"
import type { EventStore } from "../store/eventStore.ts"
import { isStoreModule, type StoreModule } from "../store/storeModule.ts"
import type { ShippingSettings } from "../stream/workerMessages.ts"
import { millisOf } from "../util/timing.ts"

/**
 * Appends the events of all recorders to a store, from which `MetricsStream` folds them again, together with those of
 * other processes and hosts. The thread that folds appends them, so the application thread pays nothing extra.
 *
 * The store contains only the fields that the metrics of the recorder read.
 *
 * @example
 * ```ts
 * import { MetricsLayer } from "mvx-metrics"
 * import * as RedisStore from "mvx-metrics/RedisStore"
 *
 * const Metrics = MetricsLayer.layerWorker({
 *   namespace: "example.metrics",
 *   stream: { store: RedisStore.make({ url: "redis://127.0.0.1:6379" }) }
 * })
 * ```
 *
 * @category options
 * @since 0.2.0
 */
export interface StreamOptions {
  /**
   * The store: that of `RedisStore.make`, `PostgresStore.make` or `MetricsStore.module`. In process, it can also be a layer.
   */
  readonly store: StoreModule | Layer.Layer<EventStore, unknown>
  /**
   * How long events are gathered before they are appended. A process that is killed loses the events of its last
   * interval. Default: 250 milliseconds.
   */
  readonly interval?: Duration.Input
  /**
   * The maximum memory, in bytes, for events that are kept for the store. When it is full, `overflow` applies. 1 MiB to 4 GiB.
   * Default: 64 MiB.
   */
  readonly memoryLimit?: number
  /**
   * What happens while `memoryLimit` is full, because the store is down or no aggregator commits:
   *
   * - `backpressure`: nothing is folded. Events wait up to the capacity of their recorder, whose overflow policy then
   *   applies. Reads and scrapes of the process fail at their time limit. The stream misses no accepted event;
   * - `drop-newest`: the process continues as if it had no stream, and its own numbers stay complete. The stream
   *   misses the events that do not fit: they are `dropped` in the stats of the runtime, and `missed` in the report.
   *
   * Default: `backpressure`.
   */
  readonly overflow?: "backpressure" | "drop-newest"
  /**
   * How long folded events are kept, by the real clock, in case the store loses its last seconds. Must be longer than
   * what the store may lose. Default: 10 seconds.
   */
  readonly grace?: Duration.Input
  /**
   * How often a process without events signals that it is alive. Must be less than half of `grace`. Default: a third of
   * `grace`.
   */
  readonly heartbeat?: Duration.Input
}

const aModule: Check = (value) =>
  isStoreModule(value) ? undefined : "must be what RedisStore.make, PostgresStore.make or MetricsStore.module returns"

/** A store of this thread, because functions cannot be sent to a worker. */
export const anEventStore: Check = (value) =>
  isStoreModule(value) || Layer.isLayer(value)
    ? undefined
    : "must be what RedisStore.make, PostgresStore.make or MetricsStore.module returns, or a layer of EventStore"

const streamOptions = (store: Check): Check =>
  someOptions<StreamOptions>(
    {
      store,
      interval: finiteDuration,
      memoryLimit: integerWithin(1024 * 1024, 4 * 1024 ** 3),
      overflow: oneOf("backpressure", "drop-newest"),
      grace: finiteDuration,
      heartbeat: finiteDuration
    },
    ({ grace = DefaultGrace, heartbeat, store }) => {
      if (store === undefined) return "needs a store, such as RedisStore.make({ url })"
      const isRare = heartbeat !== undefined && millisOf(heartbeat) * 2 >= millisOf(grace)
      return isRare ? "has a heartbeat that is not less than half of its grace" : undefined
    }
  )

/** For a runtime that folds in process, and for one on a worker, because functions cannot cross threads. */
export const inProcessStream: Check = streamOptions(anEventStore)
export const workerStream: Check = streamOptions(aModule)

const DefaultGrace = "10 seconds"
export const defaultStreamMemory: number = 64 * 1024 * 1024

export const shippingOf = ({
  namespace,
  stream
}: {
  readonly namespace: string
  readonly stream?: StreamOptions | undefined
}): ShippingSettings | undefined => {
  if (stream === undefined) return undefined
  const { grace = DefaultGrace, heartbeat, interval = "250 millis", memoryLimit = defaultStreamMemory } = stream
  const { overflow = "backpressure", store } = stream
  const graceMillis = millisOf(grace)
  return {
    namespace: namespace.trim(),
    source: crypto.randomUUID(),
    store,
    intervalMillis: millisOf(interval),
    memoryLimit,
    overflow,
    graceMillis,
    heartbeatMillis: heartbeat === undefined ? graceMillis / 3 : millisOf(heartbeat)
  }
}

/** What a runtime logs about its stream. */
export const logShipping = (
  log: Log,
  { failure, isFull }: Pick<ShippingProgress, "failure" | "isFull">
): Effect.Effect<void> => {
  if (isFull) {
    const why = failure === undefined ? "no aggregator has committed them, or grace has not passed since" : failure
    return log.warning(
      `events kept for their store fill the memoryLimit of the stream, so its overflow policy applies: ${why}. Start the store, or an aggregator`
    )
  }
  return failure === undefined
    ? log.lifecycle("events are appended to their store again")
    : log.warning(`events cannot be appended to their store, and are kept: ${failure}`)
}
