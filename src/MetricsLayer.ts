/**
 * Layers that provide a running {@link MetricsRuntime}: with a worker thread, or in process. Both behave
 * the same. Closing the scope folds every accepted event, stops the recorders and releases the thread.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { MetricsLayer, Recorder } from "mvx-metrics"
 *
 * const Metrics = Recorder.layer("document_storage").pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * ```
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { RuntimeStartError } from "./MetricsError.ts"
import { MetricsRuntime, type RuntimeOptions, type RuntimeService, type WorkerOptions } from "./MetricsRuntime.ts"

const started = (
  make: Effect.Effect<RuntimeService, never, Scope.Scope>
): Layer.Layer<MetricsRuntime, RuntimeStartError> =>
  Layer.effect(
    MetricsRuntime,
    Effect.tap(make, (runtime) => runtime.start)
  )

/**
 * Folds on a dedicated worker thread, so the application thread pays only for the hand-off. The thread imports the module
 * of a set declared with `Metric.module` when the set is registered.
 */
export const layerWorker = (options: WorkerOptions): Layer.Layer<MetricsRuntime, RuntimeStartError> =>
  started(MetricsRuntime.makeWorker(options))

/** Folds in process, with the same semantics: for tests, platforms without worker threads, and small programs. */
export const layerInProcess = (options: RuntimeOptions): Layer.Layer<MetricsRuntime, RuntimeStartError> =>
  started(MetricsRuntime.makeInProcess(options))
