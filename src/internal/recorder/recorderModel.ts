/**
 * The shape of a recorder, apart from its implementation: what the service offers and what can be chosen.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Metric from "../../Metric.ts"
import type { MetricEvent } from "../../MetricEvent.ts"
import type {
  EmitError,
  InvalidArgument,
  InvalidState,
  MetricNotRegistered,
  ReadError,
  RecorderFailed,
  RegisterError,
  StartError,
  StopError
} from "../../MetricsError.ts"
import type { MetricChange, Report, Snapshot, Snapshots, States } from "../../Snapshot.ts"
import type { RecorderState, Stats } from "../../Stats.ts"
import { aDuration, aFunction, anEffect, aString, type Check, oneOf, positiveIntegerUpTo } from "../options.ts"
import type { Overflow } from "./intake.ts"
import type { Detail } from "./logging.ts"

/** What a recorder does with an event when its capacity is used up, and how it behaves at the edges of its life. */
export interface RecorderOptions<out R = never> {
  /** What is measured, for those who read reports. Default: the recorder's id. Blank: a generated one. */
  readonly entityId?: string
  /** Most events that may be accepted and not yet folded, wherever they are. At most 2 147 483 647. Default: 10 000. */
  readonly capacity?: number
  /**
   * What happens to an event beyond the capacity:
   *
   * - `"drop-newest"`: it is refused and counted. Default of recorders made by a runtime.
   * - `"drop-oldest"`: the oldest event that the fold does not have yet is taken back and counted as evicted. With a
   *   capacity of 1 there may be none: then the event is refused.
   * - `"backpressure"`: the emitting fiber waits; `emitUnsafe`, which cannot wait, refuses and counts.
   * - `"fail"`: it is refused, counted, and `emit` fails with `QueueOverflow`. Default of `Recorder.make`.
   */
  readonly overflow?: Overflow
  /**
   * How much goes to Effect's logger: `"silent"`, `"normal"` (failures, and at debug level the lifecycle: made,
   * registered, reset, started, stopped, removed) or `"inspection"` (also every read, list and look-up, at debug level).
   * There is never a line per event. Default: `"normal"`.
   */
  readonly logging?: Detail
  /**
   * How long closing waits for the recorder to fold what it accepted and to run its hooks, by the real clock: its
   * removal, the end of its scope, the shutdown of its runtime. Then it goes to `Failed`, what still runs of it is
   * interrupted, and the log says what was reached. Default: 10 seconds.
   */
  readonly shutdownTimeout?: Duration.Input
  /**
   * How long one who reads, starts or stops the recorder waits, by the real clock, before it is told by `WaitTimeout` how
   * far the fold has come. A start or a stop goes on all the same. Default: 30 seconds.
   */
  readonly waitTimeout?: Duration.Input
  /** Runs before the first event is folded. If it fails, so does the start. */
  readonly onStarting?: Effect.Effect<unknown, unknown, R>
  /** Runs after the last event was folded. If it fails, so does the stop. */
  readonly onStopped?: Effect.Effect<unknown, unknown, R>
  /**
   * Runs after each change of a metric, in order, with the tag of the event and the snapshot after it. While it runs
   * the fold of this recorder waits, so a slow hook uses up the capacity. A failure is logged and changes nothing.
   */
  readonly onMetricChanged?: (change: MetricChange) => Effect.Effect<unknown, unknown, R>
}

/** The fold counts in 32 bits. More events between two looks at its counters could not be told from fewer. */
const MostCapacity = 2 ** 31 - 1

/** The checks of {@link RecorderOptions}. */
export const recorderOptionChecks: { readonly [K in keyof Required<RecorderOptions>]: Check } = {
  entityId: aString,
  capacity: positiveIntegerUpTo(MostCapacity),
  overflow: oneOf("drop-newest", "drop-oldest", "backpressure", "fail"),
  logging: oneOf("silent", "normal", "inspection"),
  shutdownTimeout: aDuration,
  waitTimeout: aDuration,
  onStarting: anEffect,
  onStopped: anEffect,
  onMetricChanged: aFunction
}

/** Reads what came since its last read. */
export interface DeltaReader {
  /**
   * The snapshots of what came since the last read; of everything, the first time. Sums and counts are those of the
   * events in between. What has no difference (a gauge, extremes, a window, an estimate of distinct values) is shown as
   * it stands.
   */
  readonly read: Effect.Effect<Snapshots, ReadError>
}

/** What can be said when a metric is registered. */
export interface RegisterOptions {
  /** Take the place of another definition of the same name, with a new state. Default: false. */
  readonly replace?: boolean
}

/** What a recorder offers. */
export interface RecorderService {
  /** The id in its runtime, trimmed. */
  readonly recorderId: string
  readonly entityId: string
  /** What happens to an event beyond the capacity. */
  readonly overflow: Overflow
  /**
   * Puts a metric, or a set of them, into service for the events accepted from now on. The same definition again changes
   * nothing; another one under the same name fails, unless `replace` is set. Of a set all are put into service, or none.
   */
  readonly register: (
    metric: Metric.Any | Metric.MetricSet,
    options?: RegisterOptions
  ) => Effect.Effect<void, RegisterError>
  /**
   * Hands over an event. Gives `true` when it was accepted and `false` when the overflow policy dropped it; fails when
   * it is not an event, when the recorder is stopping, stopped or failed, and on overflow if the policy is `"fail"`.
   */
  readonly emit: <E extends MetricEvent>(event: E) => Effect.Effect<boolean, EmitError>
  /**
   * The synchronous form, for hot loops: whether the event was accepted. It never throws and never waits; what is
   * refused is counted. The time is that of the clock the recorder was made with.
   */
  readonly emitUnsafe: <E extends MetricEvent>(event: E) => boolean
  /** The snapshots of all metrics by name, including every event accepted before this was asked for. */
  readonly snapshots: Effect.Effect<Snapshots, ReadError>
  /** The snapshot of one metric, typed by its definition. */
  readonly snapshot: <M extends Metric.Any>(
    metric: M
  ) => Effect.Effect<Snapshot<Metric.Dimensions<M>>, ReadError | MetricNotRegistered | InvalidArgument>
  /** The snapshots with their time, the sequence number they reach, and the accounting. */
  readonly report: Effect.Effect<Report, ReadError>
  /**
   * The states of all metrics by name, including every event accepted before this was asked for: plain data, which
   * `Snapshot.merge` merges with that of other recorders, threads or processes. Each carries what its definition says of
   * it, so that states of another version are told apart. A state that structured clone cannot copy is left out.
   */
  readonly states: Effect.Effect<States, ReadError>
  /**
   * A reader of what is new: each of its reads shows what came since the one before it. Readers do not disturb each
   * other, nor what `snapshots` show.
   */
  readonly deltaReader: Effect.Effect<DeltaReader>
  /** The definitions that are registered. */
  readonly metrics: Effect.Effect<ReadonlyArray<Metric.Any>>
  /**
   * Has a metric, or all of them, begin anew with the events accepted from now on. What was quarantined is in service
   * again.
   */
  readonly reset: (metric?: Metric.Any) => Effect.Effect<void, MetricNotRegistered | InvalidArgument | InvalidState>
  /** The accounting, at once and in every state. */
  readonly stats: Effect.Effect<Stats>
  readonly state: Effect.Effect<RecorderState>
  /** Starts the recorder; the first event does so as well. While it starts, joins that start. */
  readonly start: Effect.Effect<void, StartError>
  /** Folds everything accepted, then stops. It can be started again and keeps its metrics and their state. */
  readonly stop: Effect.Effect<void, StopError>
  /**
   * Every change of a metric from the subscription on, in order; ends when the recorder stops. A listener that does not
   * keep up slows the fold. Do not read the recorder's snapshots while consuming it: each change carries the snapshot.
   */
  readonly changes: Stream.Stream<MetricChange, RecorderFailed>
  /** The latest change of each metric, for those who only want to be up to date. Never slows the fold. */
  readonly latestChanges: Stream.Stream<MetricChange, RecorderFailed>
}
