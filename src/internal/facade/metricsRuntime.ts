/** The runtime of the promise API. */
import type { MessagePort } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { FlightRecording } from "../flight/recording.ts"
import type { RuntimeStats } from "../model/runtimeStats.ts"
import type { RecorderService } from "../recorder/service.ts"
import { internalsOf as runtimeInternalsOf } from "../runtime/internals.ts"
import type { RuntimeState } from "../runtime/options.ts"
import type { RuntimeService } from "../runtime/service.ts"
import type { WriterOptions } from "../runtime/storeOptions.ts"
import type { ThreadsOptions } from "../runtime/threadOptions.ts"
import { MetricsRecorder } from "./metricsRecorder.ts"
import { type RecorderOptions, withEffectHooks } from "./recorderOptions.ts"
import type { Run, WaitOptions } from "./run.ts"
import { ServedMetrics } from "./servedMetrics.ts"
import type { PlainThreadOptions, StartOptions } from "./startOptions.ts"
import { attachRuntime, type StartedRuntime, startRuntime } from "./startRuntime.ts"

/**
 * A running runtime: its thread, and the registry of its recorders.
 *
 * @category services
 * @since 0.2.0
 */
export class MetricsRuntime extends ServedMetrics implements AsyncDisposable {
  readonly #runtime: RuntimeService
  readonly #scope: Scope.Closeable
  readonly #run: Run
  readonly #recorders = new WeakMap<RecorderService, MetricsRecorder>()

  private constructor(started: StartedRuntime) {
    super(started)
    const { run, runtime, scope } = started
    this.#runtime = runtime
    this.#scope = scope
    this.#run = run
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
   * @since 0.2.0
   */
  static async start(options: StartOptions): Promise<MetricsRuntime> {
    return new MetricsRuntime(await startRuntime(options))
  }

  /**
   * Attaches a thread of `node:worker_threads`, of a pool as well, to the runtime of the main thread, which has called
   * `acceptThreads`. Recorders are made, emitted to and read as elsewhere. Scrapes and exporters belong to the main
   * thread. `shutdown` folds what was emitted. A thread that is terminated loses no event that was registered before.
   *
   * Rejects with `RuntimeFailed` if no runtime, or none of this namespace, accepts threads.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   * import { StorageMetrics } from "./document-storage.metrics.ts"
   *
   * // In the module of a thread: once in its life, not for each task.
   * const attach = async () => {
   *   const runtime = await MetricsRuntime.attach()
   *   const recorder = await runtime.createRecorder("document_storage")
   *   const metrics = await recorder.registerMetric(StorageMetrics)
   *   metrics.emit({ _tag: "document_storage.save.attempt", outcome: "SUCCESS" })
   * }
   * ```
   *
   * @since 0.2.0
   */
  static async attach(options?: PlainThreadOptions): Promise<MetricsRuntime> {
    return new MetricsRuntime(await attachRuntime(options))
  }

  /**
   * Lets threads of this process attach themselves, with {@link attach}. A thread writes its events to memory that the
   * worker of this runtime reads. The thread's recorder `orders` appears here as `orders/thread-7`, by its `threadId`.
   * When the thread has ended, its counts are in the total `orders/threads`.
   *
   * Rejects with `InvalidState` in process, because there is no worker to read the memory.
   *
   * @example
   * ```ts
   * import { Worker } from "node:worker_threads"
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
   * await runtime.acceptThreads()
   * const thread = () => new Worker(new URL("./orders.thread.js", import.meta.url))
   * runtime.stats.threads // []
   * await runtime.shutdown()
   * ```
   *
   * @since 0.2.0
   */
  acceptThreads(options?: ThreadsOptions): Promise<void> {
    return this.#run.promise(this.#runtime.acceptThreads(options))
  }

  /**
   * Returns a port for one thread, to be transferred to it: `MetricsRuntime.attach({ port })`. For platforms where threads
   * cannot find the runtime by themselves.
   *
   * @since 0.2.0
   */
  threadPort(options?: ThreadsOptions): Promise<MessagePort> {
    return this.#run.promise(this.#runtime.threadPort(options))
  }

  get state(): RuntimeState {
    return this.#run.sync(this.#runtime.state)
  }

  /**
   * How full the memory, the types and the dictionary of the runtime are.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({ namespace: "example.metrics", memoryLimit: 1_000_000 })
   * runtime.stats.memory.limit // 786432
   * await runtime.shutdown()
   * ```
   *
   * @since 0.2.0
   */
  get stats(): RuntimeStats {
    return this.#run.sync(this.#runtime.stats)
  }

  /**
   * The ids of the recorders, in order of creation.
   *
   * @since 0.2.0
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
   * @since 0.2.0
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
   * @since 0.2.0
   */
  getRecorder(recorderId: string): MetricsRecorder {
    return this.#wrap(this.#run.sync(this.#runtime.getRecorder(recorderId)))
  }

  /**
   * Returns the recorder with this id, or `undefined`.
   *
   * @since 0.2.0
   */
  findRecorder(recorderId: string): MetricsRecorder | undefined {
    const found = Option.getOrUndefined(this.#run.sync(this.#runtime.findRecorder(recorderId)))
    return found === undefined ? undefined : this.#wrap(found)
  }

  /**
   * Stops a recorder; does nothing when it is stopped. It stays registered, with its metrics and their state.
   *
   * @since 0.2.0
   */
  stopRecorder(recorderId: string): Promise<void> {
    return this.#run.promise(this.#runtime.stopRecorder(recorderId))
  }

  /**
   * Stops a recorder if it runs, and removes it with its state.
   *
   * @since 0.2.0
   */
  stopAndRemoveRecorder(recorderId: string): Promise<void> {
    return this.#run.promise(this.#runtime.stopAndRemoveRecorder(recorderId))
  }

  /**
   * Writes the counts of the runtime to a store that other processes read, until it shuts down: see
   * `MetricsStore.layer`. Rejects with `MetricsStoreError` if the store cannot be opened.
   *
   * @example
   * ```ts
   * import * as RedisStore from "mvx-metrics/RedisStore"
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const start = async () => {
   *   const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
   *   await runtime.writeTo({ store: RedisStore.make({ url: "redis://127.0.0.1:6379" }), every: "1 second" })
   *   return runtime
   * }
   * ```
   *
   * @since 0.2.0
   */
  async writeTo(options?: WriterOptions): Promise<void> {
    const { writeTo } = await import("../runtime/storeOptions.ts")
    return this.#run.promise(writeTo(this.#runtime, options))
  }

  /**
   * Waits until every event that any recorder accepted before is folded. The exporters of this runtime (those of
   * `Otlp.start`, the reports of a cluster's worker process) then send their data. Recorders keep running. Rejects with
   * `FlushFailed` when that takes longer than `timeout`, or than the `waitTimeout` of the runtime; its fields show what
   * was reached and what was not.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
   * const recorder = await runtime.createRecorder("app")
   * recorder.registerEvent({ _tag: "door.opened" })
   * await runtime.flush({ timeout: "2 seconds" })
   * recorder.stats.pending // 0
   * await runtime.shutdown()
   * ```
   *
   * @since 0.2.0
   */
  flush(options?: WaitOptions): Promise<void> {
    return this.#run.within(options, this.#runtime.flush())
  }

  /**
   * Returns the last events of a recorder, or of all recorders: the kept events that were written to the stream. Throws
   * `InvalidState` if the runtime was started without `flightRecorder`.
   *
   * @example
   * ```ts
   * import { MetricsRuntime } from "mvx-metrics/promise"
   *
   * const runtime = await MetricsRuntime.start({ namespace: "example.metrics", flightRecorder: {} })
   * runtime.flightRecording().events // []
   * await runtime.shutdown()
   * ```
   *
   * @since 0.2.0
   */
  flightRecording(options?: { readonly recorderId?: string }): FlightRecording {
    return this.#run.sync(this.#runtime.flightRecording(options))
  }

  /**
   * Stops all recorders, each after folding what it accepted, and releases the thread. A second call does nothing.
   *
   * @since 0.2.0
   */
  shutdown(): Promise<void> {
    return this.#run.promise(Effect.ensuring(this.#runtime.shutdown, Scope.close(this.#scope, Exit.void)))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  // One wrapper per recorder, so that getRecorder returns the same object each time.
  #wrap(recorder: RecorderService): MetricsRecorder {
    const wrapper = this.#recorders.get(recorder) ?? new MetricsRecorder(recorder, this.#run)
    this.#recorders.set(recorder, wrapper)
    return wrapper
  }
}
