/** The interface of a recorder, apart from its implementation: what the service offers. */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Metric from "../metric/definition/metric.ts"
import type {
  MetricChange,
  Report,
  Snapshot,
  SnapshotOf,
  Snapshots,
  SnapshotsOf,
  States
} from "../metric/definition/snapshot.ts"
import type { Family, MetricEvent } from "../model/event.ts"
import type { EmitError, ReadError, RecorderFailed, StartError, StopError } from "../model/recorderErrors.ts"
import type { MetricNotRegistered, RegisterError } from "../model/registerErrors.ts"
import type { RecorderState, Stats } from "../model/stats.ts"
import type { InvalidState } from "../model/usageErrors.ts"
import type { Emitter } from "./emitter.ts"
import type { Overflow } from "./intake.ts"
import type { FlushOptions, RegisterOptions, SnapshotOptions } from "./options.ts"

/**
 * Reads what was added since its last read.
 *
 * @category models
 * @since 0.2.0
 */
export interface DeltaReader {
  /**
   * Reads the snapshots of what was added since the last read; the first read covers everything. Sums and counts are
   * those of the events in between. Metrics without a difference (a gauge, extremes, a window, an estimate of distinct
   * values) are shown as they are.
   */
  readonly read: Effect.Effect<Snapshots, ReadError>
}

/** The errors of a read of named metrics. */
export type SnapshotError = ReadError | MetricNotRegistered

/** The key under which a service carries the opaque token of its internals. */
export const RecorderTypeId = "~mvx-metrics/Recorder"

/**
 * The service of a recorder: a plain, frozen object. A copy with some functions replaced, `{ ...recorder, emit }`, is a
 * recorder as well, and emitters and exporters use the replaced functions.
 *
 * @category services
 * @since 0.2.0
 */
export interface RecorderService {
  /** @internal */
  readonly [RecorderTypeId]?: unknown
  /** The id in its runtime, trimmed. */
  readonly recorderId: string
  readonly entityId: string
  /** The policy for an event beyond the capacity. */
  readonly overflow: Overflow
  /**
   * Registers a metric, or a set of metrics, for the events accepted from now on, and returns the emitter of the events
   * they read. Registering the same definition again changes nothing. Another definition under the same name fails,
   * unless `replace` is set. A set is registered as a whole or not at all.
   *
   * Definitions of one name are the same if their data is: events, initial state, tags, labels and every other option,
   * but not the text of their functions. So counting continues if a module is loaded twice, or if a function creates
   * its metrics again. The functions of the first registered definition stay in use.
   */
  readonly register: <M extends Metric.Any | Metric.MetricSet>(
    metrics: M,
    options?: RegisterOptions
  ) => Effect.Effect<Emitter<Metric.EventsOf<M>>, RegisterError>
  /** Returns an emitter of the events of a family, for a component whose metrics are registered elsewhere. */
  readonly emitter: <F extends Family>(family: F) => Emitter<F["Type"]>
  /**
   * Emits an event. Returns `true` if it was accepted and `false` if the overflow policy dropped it. Fails if the value
   * is not an event, if the recorder is stopping, stopped or failed, and on overflow if the policy is `"fail"`.
   */
  readonly emit: <E extends MetricEvent>(event: E) => Effect.Effect<boolean, EmitError>
  /**
   * Emits an event synchronously, for hot loops. Returns whether it was accepted. It never throws and never waits; a
   * refused event is counted. The time is that of the clock the recorder was made with.
   */
  readonly emitUnsafe: <E extends MetricEvent>(event: E) => boolean
  /** Reads the snapshots of all metrics by name, including every event accepted before the read. */
  readonly snapshots: Effect.Effect<Snapshots, ReadError>
  /**
   * Reads the snapshot of one metric, or those of a set by name in one read, typed by the definitions. With `labels`,
   * only the series with these values, and their total: `recorder.snapshot(Requests, { labels: { route } })`.
   */
  readonly snapshot: {
    <M extends Metric.Any>(
      metric: M,
      options?: SnapshotOptions
    ): Effect.Effect<Snapshot<Metric.Dimensions<M>>, SnapshotError>
    <Set extends Metric.MetricSet>(set: Set, options?: SnapshotOptions): Effect.Effect<SnapshotsOf<Set>, SnapshotError>
  }
  /** Reads the snapshots with their time, the sequence number they reach, and the accounting. */
  readonly report: Effect.Effect<Report, ReadError>
  /**
   * Reads the states of all metrics by name, including every event accepted before the read. They are plain data, which
   * `Snapshot.merge` merges with the states of other recorders, threads or processes. Each state carries the shape of
   * its definition, so a state of another version is detected. A state that structured clone cannot copy is left out.
   */
  readonly states: Effect.Effect<States, ReadError>
  /**
   * Makes a reader whose reads each show what was added since the previous read. Readers affect neither each other nor
   * `snapshots`. The first read shows everything except the part restored from durable state. Later reads show the
   * minimum and maximum of an exponential histogram as estimates, like its quantiles, and those of other histograms over
   * all values.
   */
  readonly deltaReader: Effect.Effect<DeltaReader>
  /**
   * Waits until every event accepted before is folded. Fails with `WaitTimeout` after `timeout`, or after the recorder's
   * `waitTimeout`; its fields show how many events were folded, and the hook that was running, if there was one. A read
   * needs no flush before it: it includes every event accepted before.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { Recorder } from "mvx-metrics"
   *
   * const program = Effect.gen(function* () {
   *   const recorder = yield* Recorder.make()
   *   yield* recorder.emit({ _tag: "door.opened" })
   *   yield* recorder.flush({ timeout: "1 second" })
   *   return (yield* recorder.stats).pending
   * })
   * await Effect.runPromise(Effect.scoped(program)) // 0
   * ```
   */
  readonly flush: (options?: FlushOptions) => Effect.Effect<void, ReadError>
  /** The registered definitions. */
  readonly metrics: Effect.Effect<ReadonlyArray<Metric.Any>>
  /**
   * Resets one metric, or all of them, from the next accepted event. A quarantined metric is reinstated.
   */
  readonly reset: (metric?: Metric.Any) => Effect.Effect<void, MetricNotRegistered | InvalidState>
  /** Reads the accounting, immediately and in every state. */
  readonly stats: Effect.Effect<Stats>
  readonly state: Effect.Effect<RecorderState>
  /**
   * Starts the recorder. The first event also starts it. While the recorder is starting, joins that start. The first
   * `start` of a recorder that its runtime has started joins that start as well. Any other `start` of a running
   * recorder fails with `InvalidState`.
   */
  readonly start: Effect.Effect<void, StartError>
  /** Folds every accepted event, then stops. The recorder can be started again and keeps its metrics and their state. */
  readonly stop: Effect.Effect<void, StopError>
  /**
   * Streams every change of a metric from the subscription on, in order, until the recorder stops. The recorder pauses
   * until listeners have caught up. Do not read the recorder's snapshots while consuming it: each change carries the
   * snapshot.
   */
  readonly changes: Stream.Stream<MetricChange, RecorderFailed>
  /**
   * Streams the changes of one metric, or of those of a set, as `changes` does. They are typed by the definitions:
   * `change.snapshot.name` decides which dimensions `change.snapshot` has. Fails with `MetricNotRegistered` if one of the
   * metrics is not registered. The changes of a metric end when another definition replaces it.
   */
  readonly changesOf: <M extends Metric.Any | Metric.MetricSet>(
    metrics: M
  ) => Stream.Stream<MetricChange<SnapshotOf<M>>, RecorderFailed | MetricNotRegistered>
  /** Streams the latest change of each metric, for consumers that only need to be up to date. Never slows the fold. */
  readonly latestChanges: Stream.Stream<MetricChange, RecorderFailed>
}
