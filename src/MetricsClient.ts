/**
 * `mvx-metrics/promise`: the same recorders and metrics for code without Effect.
 *
 * The example needs Node 24 for `await using`. On Node 22, call `await runtime.shutdown()` instead.
 *
 * Methods that wait return promises. Rejections are real `Error`s with a `_tag` and a message that says what to do.
 * Emitting an event is synchronous.
 *
 * @example
 * ```ts
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import { StorageMetrics } from "./document-storage.metrics.ts"
 *
 * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
 * const recorder = await runtime.createRecorder("document_storage")
 * const metrics = await recorder.registerMetric(StorageMetrics)
 * metrics.emit({ _tag: "document_storage.save.attempt", outcome: "SUCCESS" })
 * console.log(await recorder.getMetricSnapshots())
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { FetchHandler, NodeHandler } from "./internal/exporters/httpHandlers.ts"
import { fetchHandler, nodeHandler } from "./internal/exposition/handlers.ts"
import { type ScrapeOptions, scrapeOptionChecks } from "./internal/exposition/scrape.ts"
import { type Run, runIn } from "./internal/facade/run.ts"
import { contextOf, type StartOptions, whyInvalidStart } from "./internal/facade/startOptions.ts"
import { aFamily, type Check, whyInvalid, whyInvalidOptions } from "./internal/options.ts"
import { type Emitter, promiseEmitterOf } from "./internal/recorder/promiseEmitter.ts"
import {
  CurrentEmission,
  type Emission,
  internalsOf,
  type RecorderInternals
} from "./internal/recorder/recorderInternals.ts"
import type {
  RecorderOptions as EffectRecorderOptions,
  RecorderService,
  RegisterOptions
} from "./internal/recorder/recorderModel.ts"
import { withService } from "./internal/runtime/anyRuntime.ts"
import { internalsOf as runtimeInternalsOf } from "./internal/runtime/runtimeInternals.ts"
import type { RuntimeService, RuntimeState } from "./internal/runtime/runtimeModel.ts"
import { whyInvalidEvent } from "./internal/stream/eventWriter.ts"
import type { Options as LivePageOptions } from "./LivePage.ts"
import type * as Metric from "./Metric.ts"
import type { Family, MetricEvent } from "./MetricEvent.ts"
import { InvalidArgument, QueueOverflow } from "./MetricsError.ts"
import { MetricsRuntime as EffectRuntime } from "./MetricsRuntime.ts"
import {
  type MetricChange,
  merge,
  type Report,
  type Snapshot,
  type SnapshotOf,
  type Snapshots,
  type SnapshotsOf,
  type States
} from "./Snapshot.ts"
import type { RecorderState, Stats } from "./Stats.ts"

export type { FetchHandler, NodeHandler } from "./internal/exporters/httpHandlers.ts"
export type { ScrapeOptions } from "./internal/exposition/scrape.ts"
export type { LogEntry, Logger } from "./internal/facade/logger.ts"
export type { ContextOptions, InProcessOptions, StartOptions } from "./internal/facade/startOptions.ts"
export type { Emitter, Outcome, Timing } from "./internal/recorder/promiseEmitter.ts"
export type { RuntimeOptions, RuntimeState, WorkerOptions } from "./internal/runtime/runtimeModel.ts"
export type { Options as LivePageOptions } from "./LivePage.ts"
export * as Metric from "./Metric.ts"
export type { MetricEvent } from "./MetricEvent.ts"
export * as MetricsError from "./MetricsError.ts"
export type { MetricChange, Report, Snapshot, SnapshotOf, Snapshots, SnapshotsOf, States } from "./Snapshot.ts"
export type { RecorderState, Stats } from "./Stats.ts"

/**
 * Options of a recorder: those of the Effect API, with plain functions for hooks.
 *
 * @category options
 * @since 0.1.0
 */
export interface RecorderOptions extends Omit<EffectRecorderOptions, "onStarting" | "onStopped" | "onMetricChanged"> {
  /**
   * Runs before the first event is folded. If it throws or rejects, the start fails. `createRecorder` waits for it, so
   * the recorder that it returns is not there yet: get it from `runtime.getRecorder(id)`.
   */
  readonly onStarting?: () => unknown
  /** Runs after the last event was folded. If it throws or rejects, the stop fails. */
  readonly onStopped?: () => unknown
  /** Runs after each change of a metric, in order. The recorder pauses until the returned promise settles. */
  readonly onMetricChanged?: (change: MetricChange) => unknown
}

/**
 * Merges the states of several recorders, threads or processes, and shows what one recorder would have shown that had
 * taken the events of all. `now` (milliseconds since the Unix epoch, default 0) is for views that show a window of time.
 * Rejects with `StateMismatch` for a state of another version of its metric, and with `InvalidArgument`.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Metric, MetricsRuntime, mergeMetricStates } from "mvx-metrics/promise"
 *
 * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Hits = Metric.ratio("cache.hits", { events: CacheEvent, hits: "hit" })
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
 * const recorders = [await runtime.createRecorder("one"), await runtime.createRecorder("other")]
 * for (const recorder of recorders) (await recorder.registerMetric(Hits)).emit({ _tag: "cache.lookup", hit: true })
 * const states = await Promise.all(recorders.map((recorder) => recorder.getMetricStates()))
 * const snapshots = await mergeMetricStates([Hits], states)
 * snapshots["cache.hits"]?.dimensions // { ratio: 1, hits: 2, total: 2 }
 * await runtime.shutdown()
 * ```
 *
 * @category folding
 * @since 0.1.0
 */
export const mergeMetricStates = (
  metrics: ReadonlyArray<Metric.Any>,
  states: ReadonlyArray<States>,
  now?: number
): Promise<Snapshots> => Effect.runPromise(merge(metrics, states, now))

/**
 * A running runtime: its thread, and the registry of its recorders.
 *
 * @category services
 * @since 0.1.0
 */
export class MetricsRuntime implements AsyncDisposable {
  readonly #runtime: RuntimeService
  readonly #scope: Scope.Closeable
  readonly #run: Run
  readonly #recorders = new WeakMap<RecorderService, MetricsRecorder>()

  private constructor(runtime: RuntimeService, scope: Scope.Closeable, run: Run) {
    this.#runtime = runtime
    this.#scope = scope
    this.#run = run
    withService(this, runtime)
  }

  /**
   * Starts a runtime: on a worker thread, or in process with `inProcess: true`. Its thread does not keep the process
   * alive: a program that forgets to shut down still exits.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({
   *   namespace: "example.metrics",
   *   logger: ({ level, message, annotations }) => console[level](message, annotations)
   * })
   * await runtime.shutdown()
   * ```
   *
   * @since 0.1.0
   */
  static async start(options: StartOptions): Promise<MetricsRuntime> {
    const invalid = whyInvalidStart(options)
    if (invalid !== undefined) throw invalid
    const run = runIn(await Effect.runPromise(contextOf(options)))
    const { inProcess: _inProcess, logger: _logger, runtime: _runtime, ...own } = options
    const make = options.inProcess === true ? EffectRuntime.makeInProcess(own) : EffectRuntime.makeWorker(own)
    const scope = Scope.makeUnsafe()
    const runtime = await Effect.tap(make, ({ start }) => start).pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      run.promise
    )
    return new MetricsRuntime(runtime, scope, run)
  }

  get namespace(): string {
    return this.#runtime.namespace
  }

  get state(): RuntimeState {
    return this.#run.sync(this.#runtime.state)
  }

  /**
   * The ids of the recorders, in order of creation.
   *
   * @since 0.1.0
   */
  get recorderIds(): ReadonlyArray<string> {
    return runtimeInternalsOf(this.#runtime)
      .sources()
      .map(({ recorderId }) => recorderId)
  }

  /**
   * Makes a recorder under an id, which is trimmed, and starts it. Rejects with `HookFailed` when its `onStarting` throws
   * or rejects; the id is free again then.
   *
   * @since 0.1.0
   */
  createRecorder(recorderId: string, options?: RecorderOptions): Promise<MetricsRecorder> {
    return this.#run.promise(
      Effect.flatMap(withEffectHooks(options), (own) =>
        Effect.map(this.#runtime.createRecorder(recorderId, own), (recorder) => this.#wrap(recorder))
      )
    )
  }

  /**
   * Returns the recorder with this id. Throws `RecorderNotFound` if there is none.
   *
   * @since 0.1.0
   */
  getRecorder(recorderId: string): MetricsRecorder {
    return this.#wrap(this.#run.sync(this.#runtime.getRecorder(recorderId)))
  }

  /**
   * Returns the recorder with this id, or `undefined`.
   *
   * @since 0.1.0
   */
  findRecorder(recorderId: string): MetricsRecorder | undefined {
    const found = Option.getOrUndefined(this.#run.sync(this.#runtime.findRecorder(recorderId)))
    return found === undefined ? undefined : this.#wrap(found)
  }

  /**
   * Stops a recorder; does nothing when it is stopped. It stays registered, with its metrics and their state.
   *
   * @since 0.1.0
   */
  stopRecorder(recorderId: string): Promise<void> {
    return this.#run.promise(this.#runtime.stopRecorder(recorderId))
  }

  /**
   * Stops a recorder if it runs, and removes it with its state.
   *
   * @since 0.1.0
   */
  stopAndRemoveRecorder(recorderId: string): Promise<void> {
    return this.#run.promise(this.#runtime.stopAndRemoveRecorder(recorderId))
  }

  /**
   * Makes handlers that serve the metrics to Prometheus: one for `fetch` servers, one for `node:http`. They answer at any
   * path they are mounted at.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
   * const { handler } = runtime.prometheus()
   * const response = await handler(new Request("http://localhost/metrics"))
   * response.status // 200
   * await runtime.shutdown()
   * ```
   *
   * @since 0.1.0
   */
  prometheus(options: ScrapeOptions = {}): { readonly handler: FetchHandler; readonly nodeHandler: NodeHandler } {
    const invalid = whyInvalidOptions(options, scrapeOptionChecks)
    if (invalid !== undefined) throw invalid
    const { promise } = this.#run
    return {
      handler: fetchHandler(this.#runtime, options, promise),
      nodeHandler: nodeHandler(this.#runtime, options, promise)
    }
  }

  /**
   * Makes handlers that serve a page with all metrics as they change, at its path and below: one for `fetch` servers, one
   * for `node:http`. Anyone who can reach the page can read every metric.
   *
   * @since 0.1.0
   */
  async livePage(
    options?: LivePageOptions
  ): Promise<{ readonly handler: FetchHandler; readonly nodeHandler: NodeHandler }> {
    const LivePage = await import("./LivePage.ts")
    return Effect.all({ handler: LivePage.handler(options), nodeHandler: LivePage.nodeHandler(options) }).pipe(
      Effect.provideService(EffectRuntime, this.#runtime),
      Scope.provide(this.#scope),
      this.#run.promise
    )
  }

  /**
   * Stops all recorders, each after folding what it accepted, and releases the thread. A second call does nothing.
   *
   * @since 0.1.0
   */
  shutdown(): Promise<void> {
    return this.#run.promise(Effect.ensuring(this.#runtime.shutdown, Scope.close(this.#scope, Exit.void)))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  // One wrapper per recorder, so that getRecorder returns the same object each time.
  #wrap(recorder: RecorderService): MetricsRecorder {
    const known = this.#recorders.get(recorder)
    if (known !== undefined) return known
    const made = new MetricsRecorder(recorder, this.#run)
    this.#recorders.set(recorder, made)
    return made
  }
}

/**
 * One measured entity and its metrics.
 *
 * @category services
 * @since 0.1.0
 */
export class MetricsRecorder {
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
   * @since 0.1.0
   */
  get stats(): Stats {
    return partsOf(this.#recorder).statsUnsafe()
  }

  /**
   * The definitions that are registered.
   *
   * @since 0.1.0
   */
  get metrics(): ReadonlyArray<Metric.Any> {
    return partsOf(this.#recorder).metricsUnsafe()
  }

  /**
   * Registers a metric, or a set of metrics, for the events emitted from now on. Resolves to the emitter of the events
   * they read.
   *
   * @since 0.1.0
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
   * @since 0.1.0
   */
  emitter<F extends Family>(family: F): Emitter<F["Type"]> {
    const invalid = whyInvalid("family", family, aFamily)
    if (invalid !== undefined) throw invalid
    return promiseEmitterOf(this.#recorder)
  }

  /**
   * Registers an event, synchronously. Returns `true` if it was accepted, and `false` if it was refused and counted because
   * there was no room or the recorder was stopping, stopped or failed. It never waits, not even under `"backpressure"`: use
   * {@link offerEvent} to wait for room. Throws `InvalidArgument` if the value is not an event, and `QueueOverflow` on
   * overflow if the policy is `"fail"`.
   *
   * @since 0.1.0
   */
  registerEvent<E extends MetricEvent>(event: E): boolean {
    if (this.#recorder.emitUnsafe(event)) return true
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
   * @since 0.1.0
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
   * @since 0.1.0
   */
  getMetricSnapshots(): Promise<Snapshots> {
    return this.#run.promise(this.#recorder.snapshots)
  }

  /**
   * Reads the snapshot of one metric, or those of a set by name in one read, typed by the definitions.
   *
   * @since 0.1.0
   */
  getMetricSnapshot<M extends Metric.Any>(metric: M): Promise<Snapshot<Metric.Dimensions<M>>>
  getMetricSnapshot<Set extends Metric.MetricSet>(set: Set): Promise<SnapshotsOf<Set>>
  getMetricSnapshot(metrics: Metric.Any): Promise<unknown> {
    return this.#run.promise(this.#recorder.snapshot(metrics))
  }

  /**
   * Reads the snapshots with their time, the sequence number they reach, and the accounting.
   *
   * @since 0.1.0
   */
  getReport(): Promise<Report> {
    return this.#run.promise(this.#recorder.report)
  }

  /**
   * The states of all metrics by name, which {@link mergeMetricStates} merges with those of other recorders, threads or
   * processes.
   *
   * @since 0.1.0
   */
  getMetricStates(): Promise<States> {
    return this.#run.promise(this.#recorder.states)
  }

  /**
   * Makes a reader whose reads each return what was added since the one before.
   *
   * @since 0.1.0
   */
  createDeltaReader(): { readonly read: () => Promise<Snapshots> } {
    const reader = this.#run.sync(this.#recorder.deltaReader)
    return { read: () => this.#run.promise(reader.read) }
  }

  /**
   * Resets one metric, or all of them, from the next registered event.
   *
   * @since 0.1.0
   */
  resetMetrics(metric?: Metric.Any): Promise<void> {
    return this.#run.promise(this.#recorder.reset(metric))
  }

  /**
   * Starts the recorder again after a stop. A recorder is started when it is made: its first `start` changes nothing, a
   * later one while it runs rejects with `InvalidState`.
   *
   * @since 0.1.0
   */
  start(): Promise<void> {
    return this.#run.promise(this.#recorder.start)
  }

  /**
   * Folds every accepted event, then stops. The recorder can be started again.
   *
   * @since 0.1.0
   */
  stop(): Promise<void> {
    return this.#run.promise(this.#recorder.stop)
  }

  /**
   * Iterates over every change of a metric, in order, until the recorder stops. The recorder pauses for a slow consumer.
   *
   * @since 0.1.0
   */
  changes(): AsyncIterable<MetricChange> {
    return Stream.toAsyncIterableWith(this.#recorder.changes, this.#run.context)
  }

  /**
   * Iterates over the changes of one metric, or of those of a set, as {@link changes} does. They are typed by the
   * definitions: `change.snapshot.name` decides which dimensions `change.snapshot` has.
   *
   * @since 0.1.0
   */
  changesOf<M extends Metric.Any | Metric.MetricSet>(metrics: M): AsyncIterable<MetricChange<SnapshotOf<M>>> {
    return Stream.toAsyncIterableWith(this.#recorder.changesOf(metrics), this.#run.context)
  }

  /**
   * Iterates over the latest change of each metric, for consumers that only need to be up to date.
   *
   * @since 0.1.0
   */
  latestChanges(): AsyncIterable<MetricChange> {
    return Stream.toAsyncIterableWith(this.#recorder.latestChanges, this.#run.context)
  }
}

/**
 * The recorders here are those of a runtime of this library. Its parts are asked where an effect may be logged: neither a
 * property that is looked at nor an event is a line of the log.
 */
const partsOf = (recorder: RecorderService): RecorderInternals => internalsOf(recorder)!

const anAbortSignal: Check = (value) => (value instanceof AbortSignal ? undefined : "must be an AbortSignal")

const hooks = ["onStarting", "onStopped", "onMetricChanged"] as const

/** The options with hooks as effects. A hook that is not a function is refused here, by its name. */
const withEffectHooks = (options: RecorderOptions | undefined): Effect.Effect<EffectRecorderOptions | undefined> => {
  // Options that are not an object are refused later.
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    return Effect.succeed(options as undefined)
  }
  const { onMetricChanged, onStarting, onStopped, ...rest } = options
  for (const hook of hooks) {
    if (options[hook] !== undefined && typeof options[hook] !== "function") {
      return Effect.die(new InvalidArgument({ argument: hook, reason: "must be a function" }))
    }
  }
  const run = (hook: () => unknown) => Effect.tryPromise({ try: async () => hook(), catch: (cause) => cause })
  return Effect.succeed({
    ...rest,
    ...(onStarting && { onStarting: run(onStarting) }),
    ...(onStopped && { onStopped: run(onStopped) }),
    ...(onMetricChanged && { onMetricChanged: (change) => run(() => onMetricChanged(change)) })
  })
}
