/**
 * The recorder of the promise API.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
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
import { aFamily, anything, check, whyInvalidOptions } from "../model/optionChecks.ts"
import { QueueOverflow } from "../model/recorderErrors.ts"
import type { RecorderState, Stats } from "../model/stats.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { CurrentEmission } from "../recorder/currentEmission.ts"
import type { Emission } from "../recorder/dispatch.ts"
import { internalsOf } from "../recorder/internals.ts"
import type { RegisterOptions, SnapshotOptions } from "../recorder/options.ts"
import { type Emitter, promiseEmitterOf } from "../recorder/promiseEmitter.ts"
import type { RecorderService } from "../recorder/service.ts"
import { whyInvalidEvent } from "../stream/eventWriter.ts"
import { iterate } from "./changes.ts"
import { anAbortSignal, type Run, type WaitOptions } from "./run.ts"

/**
 * One measured entity and its metrics.
 *
 * @category services
 * @since 0.2.0
 */
export class MetricsRecorder {
  /**
   * A recorder of this library. Effects that may log use its internals, because reading a property is not worth a log
   * line.
   */
  readonly #recorder: RecorderService
  readonly #run: Run

  /** @internal */
  constructor(recorder: RecorderService, run: Run) {
    this.#recorder = recorder
    this.#run = run
  }

  get recorderId(): string {
    return this.#recorder.recorderId
  }

  get entityId(): string {
    return this.#recorder.entityId
  }

  get state(): RecorderState {
    return this.stats.state
  }

  /**
   * The accounting, immediately and in every state.
   *
   * @since 0.2.0
   */
  get stats(): Stats {
    return internalsOf(this.#recorder)!.statsUnsafe()
  }

  /**
   * The registered definitions.
   *
   * @since 0.2.0
   */
  get metrics(): ReadonlyArray<Metric.Any> {
    return internalsOf(this.#recorder)!.metricsUnsafe()
  }

  /**
   * Registers a metric, or a set of metrics, for all later events. Resolves to the emitter of the events they read.
   *
   * @since 0.2.0
   */
  registerMetric<M extends Metric.Any | Metric.MetricSet>(
    metrics: M,
    options?: RegisterOptions
  ): Promise<Emitter<Metric.EventsOf<M>>> {
    const registered = this.#recorder.register(metrics, options)
    return this.#run.promise(Effect.map(registered, () => promiseEmitterOf(this.#recorder)))
  }

  /**
   * Returns an emitter of the events of a family, for a component whose metrics are registered elsewhere.
   *
   * @since 0.2.0
   */
  emitter<F extends Family>(family: F): Emitter<F["Type"]> {
    check("family", family, aFamily)
    return promiseEmitterOf(this.#recorder)
  }

  /**
   * Registers an event, synchronously. Returns `true` if it was accepted, and `false` if it was refused and counted because
   * there was no room or the recorder was stopping, stopped or failed. It never waits, not even under `"backpressure"`: use
   * {@link offerEvent} to wait for room. Throws `InvalidArgument` if the value is not an event, and `QueueOverflow` on
   * overflow if the policy is `"fail"`.
   *
   * @since 0.2.0
   */
  registerEvent<E extends MetricEvent>(event: E): boolean {
    return this.#recorder.emitUnsafe(event) || this.#wasRefused(event)
  }

  /**
   * A separate function, so that the compiler inlines the other one, with everything it calls, into a loop that emits.
   */
  #wasRefused(event: MetricEvent): false {
    const reason = whyInvalidEvent(event)
    if (reason !== undefined) throw new InvalidArgument({ argument: "event", reason })
    const { capacity, state } = this.stats
    if (this.#recorder.overflow === "fail" && (state === "Starting" || state === "Running")) {
      throw new QueueOverflow({ recorderId: this.recorderId, capacity })
    }
    return false
  }

  /**
   * Offers an event, and under `"backpressure"` waits for room, where {@link registerEvent} would refuse it. Resolves
   * to whether the event was accepted. Rejects with `InvalidArgument` if the value is not an event, with `InvalidState`
   * if the recorder is stopping, stopped or failed, and with `QueueOverflow` if the overflow policy is `"fail"`. In a
   * hook of the recorder it does not wait.
   *
   * @param options `signal` aborts the wait: the promise rejects with the signal's reason, and the event is not
   * counted.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
   * const recorder = await runtime.createRecorder("imports", { overflow: "backpressure" })
   * await recorder.offerEvent({ _tag: "row.imported" }, { signal: AbortSignal.timeout(1000) }) // true
   * await runtime.shutdown()
   * ```
   *
   * @since 0.2.0
   */
  async offerEvent<E extends MetricEvent>(event: E, options?: { readonly signal?: AbortSignal }): Promise<boolean> {
    const invalid = whyInvalidOptions(options, { signal: anAbortSignal })
    if (invalid !== undefined) throw invalid
    const signal = options?.signal
    signal?.throwIfAborted()
    const emission: Emission = { decision: undefined }
    const emitted = Effect.provideService(this.#recorder.emit(event), CurrentEmission, emission)
    const exit = await this.#run.promiseExit(emitted, { signal })
    // It may have been accepted just before.
    if (emission.decision === "accepted") return true
    if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) signal?.throwIfAborted()
    if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
    return exit.value
  }

  /**
   * Reads the snapshots of all metrics by name, including every event registered before.
   *
   * @param options `timeout` replaces the recorder's `waitTimeout` for this read, and `signal` aborts the wait, here and
   * in the other reads.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
   * const recorder = await runtime.createRecorder("app")
   * await recorder.getMetricSnapshots({ timeout: "1 second" }) // {}
   * await runtime.shutdown()
   * ```
   *
   * @since 0.2.0
   */
  getMetricSnapshots(options?: WaitOptions): Promise<Snapshots> {
    return this.#run.within(options, this.#recorder.snapshots)
  }

  /**
   * Reads the snapshot of one metric, or those of a set by name in one read, typed by the definitions.
   *
   * @param options as in {@link getMetricSnapshots}; with `labels` only the series with these values.
   *
   * @since 0.2.0
   */
  getMetricSnapshot<M extends Metric.Any>(
    metric: M,
    options?: WaitOptions & SnapshotOptions
  ): Promise<Snapshot<Metric.Dimensions<M>>>
  getMetricSnapshot<Set extends Metric.MetricSet>(
    set: Set,
    options?: WaitOptions & SnapshotOptions
  ): Promise<SnapshotsOf<Set>>
  getMetricSnapshot(metrics: Metric.Any, options?: WaitOptions & SnapshotOptions): Promise<unknown> {
    const read = Effect.suspend(() =>
      this.#recorder.snapshot(metrics, options?.labels === undefined ? undefined : { labels: options.labels })
    )
    return this.#run.within(options, read, { labels: anything })
  }

  /**
   * Reads the snapshots with their time, the sequence number they reach, and the accounting.
   *
   * @since 0.2.0
   */
  getReport(options?: WaitOptions): Promise<Report> {
    return this.#run.within(options, this.#recorder.report)
  }

  /**
   * The states of all metrics by name, which {@link mergeMetricStates} merges with those of other recorders, threads or
   * processes.
   *
   * @since 0.2.0
   */
  getMetricStates(options?: WaitOptions): Promise<States> {
    return this.#run.within(options, this.#recorder.states)
  }

  /**
   * Makes a reader whose reads each return what was added since the one before. The first read returns everything
   * except the part restored from durable state.
   *
   * @since 0.2.0
   */
  createDeltaReader(): { readonly read: (options?: WaitOptions) => Promise<Snapshots> } {
    const reader = this.#run.sync(this.#recorder.deltaReader)
    return { read: (options) => this.#run.within(options, reader.read) }
  }

  /**
   * Waits until every event registered before is folded. Rejects with `WaitTimeout` when that takes longer than `timeout`,
   * or than the recorder's `waitTimeout`. A read needs no flush before it.
   *
   * @since 0.2.0
   */
  flush(options?: WaitOptions): Promise<void> {
    return this.#run.within(options, this.#recorder.flush())
  }

  /**
   * Resets one metric, or all of them, from the next registered event.
   *
   * @since 0.2.0
   */
  resetMetrics(metric?: Metric.Any): Promise<void> {
    return this.#run.promise(this.#recorder.reset(metric))
  }

  /**
   * Starts the recorder again after a stop. A recorder is started when it is made: its first `start` changes nothing, a
   * later one while it runs rejects with `InvalidState`.
   *
   * @since 0.2.0
   */
  start(): Promise<void> {
    return this.#run.promise(this.#recorder.start)
  }

  /**
   * Folds every accepted event, then stops. The recorder can be started again.
   *
   * @since 0.2.0
   */
  stop(): Promise<void> {
    return this.#run.promise(this.#recorder.stop)
  }

  /**
   * Iterates over every change of a metric, in order, until the recorder stops. The recorder pauses for a slow consumer.
   *
   * @since 0.2.0
   */
  changes(): AsyncIterable<MetricChange> {
    return iterate(this.#run, this.#recorder, ({ changes }) => changes)
  }

  /**
   * Iterates over the changes of one metric, or of those of a set, as {@link changes} does. They are typed by the
   * definitions: `change.snapshot.name` decides which dimensions `change.snapshot` has.
   *
   * @since 0.2.0
   */
  changesOf<M extends Metric.Any | Metric.MetricSet>(metrics: M): AsyncIterable<MetricChange<SnapshotOf<M>>> {
    return iterate<SnapshotOf<M>>(this.#run, this.#recorder, ({ changesOf }) => changesOf(metrics))
  }

  /**
   * Iterates over the latest change of each metric, for consumers that only need to be up to date.
   *
   * @since 0.2.0
   */
  latestChanges(): AsyncIterable<MetricChange> {
    return iterate(this.#run, this.#recorder, ({ latestChanges }) => latestChanges)
  }
}
