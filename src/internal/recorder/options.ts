/**
 * The options of a recorder, a registration, a flush and a read.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Metric from "../metric/definition/metric.ts"
import { type SeriesFilter, whyNotFilter } from "../metric/definition/seriesFilter.ts"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import {
  aDuration,
  aFunction,
  anEffect,
  anything,
  aString,
  type Check,
  notBlank,
  oneOf,
  positiveIntegerUpTo,
  whyInvalidOptions
} from "../model/optionChecks.ts"
import type { InvalidArgument } from "../model/usageErrors.ts"
import type { Overflow } from "./intake.ts"
import type { Detail } from "./logging.ts"

/**
 * The options of a recorder: its capacity, its overflow policy, and its hooks.
 *
 * @category options
 * @since 0.2.0
 */
export interface RecorderOptions<out R = never> {
  /** The name of what is measured, for readers of reports. Default: the recorder's id. A blank name is replaced by a generated one. */
  readonly entityId?: string
  /** The maximum number of events in flight: accepted and not yet folded. Up to 2 147 483 647. Default: 10 000. */
  readonly capacity?: number
  /**
   * The policy for an event beyond the capacity:
   *
   * - `"drop-newest"`: the event is refused and counted. Default of recorders made by a runtime.
   * - `"drop-oldest"`: the oldest event that was not yet dispatched to the fold is evicted and counted. With a capacity
   *   of 1 there may be none; then the new event is refused.
   * - `"backpressure"`: the emitting fiber waits, for up to `backpressureTimeout`. `emitUnsafe`, which cannot wait, refuses
   *   and counts the event.
   * - `"fail"`: the event is refused and counted, and `emit` fails with `QueueOverflow`. Default of `Recorder.make`.
   */
  readonly overflow?: Overflow
  /**
   * The time limit for an event that waits for room under `"backpressure"`, by the real clock. After that, the event is
   * refused and counted as `overflow`, and `emit` succeeds with `false`. Default: 30 seconds.
   */
  readonly backpressureTimeout?: Duration.Input
  /**
   * How much goes to Effect's logger: `"silent"`, `"normal"` (failures, and at debug level the lifecycle: made,
   * registered, reset, started, stopped, removed) or `"inspection"` (also every read, list and look-up, at debug level).
   * There is never a line per event. Default: `"normal"`.
   */
  readonly logging?: Detail
  /**
   * The time limit for the recorder to fold what it accepted and to run its hooks, by the real clock, when it is
   * removed, its scope closes or its runtime shuts down. After that, it goes to `Failed`, its hooks are interrupted,
   * and the number of events that were not folded is logged. Default: 10 seconds.
   */
  readonly shutdownTimeout?: Duration.Input
  /**
   * The time limit for a read, a flush, a start or a stop, by the real clock. After that, it fails with `WaitTimeout`,
   * which has the number of events folded so far. A start or a stop continues nevertheless. It is also the time limit
   * for the worker to import the modules of a set that is registered, which fails with `MetricsModuleError`. Default:
   * 30 seconds.
   */
  readonly waitTimeout?: Duration.Input
  /**
   * The id of the total that keeps the counts of the recorder after its removal. With `false`, the counts are
   * discarded. Counters, histograms and all other metrics with a `merge` are added up there. Gauges and up-down
   * counters are not. A scrape and the live page show the total as a recorder with that id, so no recorder can have
   * this id. Default: that of its runtime, which is `"removed"`, or `false` for one with `durable`.
   */
  readonly totalOfRemoved?: string | false
  /** Runs before the first event is folded. If it fails, so does the start. */
  readonly onStarting?: Effect.Effect<unknown, unknown, R>
  /** Runs after the last event was folded. If it fails, so does the stop. */
  readonly onStopped?: Effect.Effect<unknown, unknown, R>
  /**
   * Runs after each change of a metric, in order, with the tag of the event and the snapshot after it. The recorder
   * pauses until the hook has finished, so a slow hook uses up the capacity. A failure is logged and changes nothing.
   */
  readonly onMetricChanged?: (change: MetricChange) => Effect.Effect<unknown, unknown, R>
}

/** The fold counts in 32 bits. More events between two readings of its counters could not be told from fewer. */
const MostCapacity = 2 ** 31 - 1

/** The checks of {@link RecorderOptions}. */
export const recorderOptionChecks: { readonly [K in keyof Required<RecorderOptions>]: Check } = {
  entityId: aString,
  capacity: positiveIntegerUpTo(MostCapacity),
  overflow: oneOf("drop-newest", "drop-oldest", "backpressure", "fail"),
  backpressureTimeout: aDuration,
  logging: oneOf("silent", "normal", "inspection"),
  shutdownTimeout: aDuration,
  waitTimeout: aDuration,
  totalOfRemoved: (value) => (value === false ? undefined : notBlank(value)),
  onStarting: anEffect,
  onStopped: anEffect,
  onMetricChanged: aFunction
}

/**
 * The options of a registration.
 *
 * @category options
 * @since 0.2.0
 */
export interface RegisterOptions {
  /**
   * Whether to replace the definition of the same name, with a new state, unless it is this very object. Use it also to
   * put the functions of a reloaded module into effect. Default: false.
   */
  readonly replace?: boolean
}

/**
 * The options of a flush.
 *
 * @category options
 * @since 0.2.0
 */
export interface FlushOptions {
  /** The time limit, by the real clock. Default: the `waitTimeout` of the recorder or runtime that is flushed. */
  readonly timeout?: Duration.Input
}

/** The checks of {@link FlushOptions}. */
export const flushOptionChecks: { readonly [K in keyof Required<FlushOptions>]: Check } = { timeout: aDuration }

/**
 * The options of a read of named metrics.
 *
 * @category options
 * @since 0.2.0
 */
export interface SnapshotOptions {
  /**
   * Label values by name. The snapshot contains only the series with these values, whatever their other labels are. It
   * contains neither the overflow series nor expired series. Reading a metric with many series this way costs a
   * fraction. A name that is not a label of the metric is an `InvalidArgument`. Default: all series.
   */
  readonly labels?: SeriesFilter
}

export const whyNotSnapshot = (metrics: ReadonlyArray<Metric.Any>, options: unknown): InvalidArgument | undefined =>
  whyInvalidOptions(options, { labels: anything }) ??
  ((options as SnapshotOptions | undefined)?.labels === undefined
    ? undefined
    : whyNotFilter(metrics, (options as SnapshotOptions).labels))
