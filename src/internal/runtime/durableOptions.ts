/** The option with which the state of a runtime outlives its process. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { KeyValueStore } from "effect/persistence/KeyValueStore"
import type * as Scope from "effect/Scope"
import {
  aBoolean,
  aDuration,
  aStore,
  type Check,
  longerThanZero,
  notBlank,
  someOptions
} from "../model/optionChecks.ts"
import type { DurableStateError } from "../model/runtimeErrors.ts"
import type { DurableSettings } from "../stream/workerMessages.ts"

/**
 * Keeps the states of metrics when the process ends. A recorder that is created again under the same id, in the same
 * namespace, continues from them. The thread that folds writes the state.
 *
 * @example
 * ```ts
 * import { MetricsLayer } from "mvx-metrics"
 *
 * const Metrics = MetricsLayer.layerWorker({
 *   namespace: "example.metrics",
 *   durable: { directory: "/var/lib/example/metrics", interval: "5 seconds" }
 * })
 * ```
 *
 * @category options
 * @since 0.2.0
 */
export interface DurableOptions {
  /**
   * The folder of the state, with one file for each namespace. It is created if it does not exist. Another runtime with
   * the same folder and namespace fails to start with `DurableStateError`. Leave it out if there is a store: `store` in
   * process, or the store of `MetricsWorker.run` on a worker.
   */
  readonly directory?: string
  /**
   * A store to use instead of a folder, in process only. Functions cannot be sent to another thread, so a worker gets
   * its store from `MetricsWorker.run(metrics, { store })`. Nothing prevents two processes from writing to the same
   * store.
   */
  readonly store?: Layer.Layer<KeyValueStore, unknown>
  /**
   * The time between the end of a write and the next one, by the real clock, if anything has changed. If the process is
   * killed, events accepted since the last write are lost. A flush and a shutdown of the runtime write as well.
   * Default: 10 seconds.
   */
  readonly interval?: Duration.Input
  /**
   * `true` also restores gauges, up-down counters and metrics derived from these alone. They describe a current state,
   * which is seldom the same after a restart. Default: `false`, which resets them.
   */
  readonly levels?: boolean
  /**
   * How long the states of a recorder are kept if the process has not created it again, by the real clock, from the
   * start of that process. While the process runs, the states of the last 1000 removed recorders are kept. Default: 1
   * day.
   */
  readonly keepRemoved?: Duration.Input
}

const noStoreOnWorker: Check = () =>
  "cannot cross to the worker. Pass it to MetricsWorker.run in the worker's entry, or name a directory"

const durableOptions = (store: Check, needsPlace: boolean): Check =>
  someOptions<DurableOptions>(
    { directory: notBlank, store, interval: longerThanZero, levels: aBoolean, keepRemoved: aDuration },
    ({ directory, store }) => {
      if (directory !== undefined && store !== undefined) return "has a directory and a store. Give it one of the two"
      return needsPlace && directory === undefined && store === undefined
        ? "needs a directory for the state, or a store"
        : undefined
    }
  )

/** For a runtime that folds in process, and for one on a worker, which may have a store of its own. */
export const inProcessDurable: Check = durableOptions(aStore, true)
export const workerDurable: Check = durableOptions(noStoreOnWorker, false)

const settingsOf = (
  namespace: string,
  { directory, interval = "10 seconds", keepRemoved = "1 day", levels = false }: DurableOptions
): DurableSettings => ({
  namespace,
  directory,
  lock: undefined,
  intervalMillis: Duration.toMillis(interval),
  levels,
  keepMillis: Duration.toMillis(keepRemoved),
  reads: true
})

/**
 * The settings of a runtime, which locks its folder until the scope closes, after the threads that write have ended.
 */
export const durableOf = Effect.fnUntraced(function* ({
  durable,
  namespace
}: {
  readonly namespace: string
  readonly durable?: DurableOptions | undefined
}): Effect.fn.Return<DurableSettings | undefined, DurableStateError, Scope.Scope> {
  if (durable === undefined) return undefined
  const settings = settingsOf(namespace.trim(), durable)
  const { directory } = settings
  if (directory === undefined) return settings
  const { lockedFolder } = yield* Effect.promise(() => import("../durable/lockedFolder.ts"))
  return { ...settings, lock: yield* lockedFolder(directory, settings.namespace) }
})
