/**
 * `mvx-metrics/promise`: the same recorders and metrics for code without Effect.
 *
 * The example needs Node 24 for `await using`. On Node 22, call `await runtime.shutdown()` instead.
 *
 * Methods that wait return promises. Rejections are real `Error`s with a `_tag` and a message that contains the fix.
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
 * @since 0.2.0
 */
export type { FetchHandler, NodeHandler } from "./internal/exporters/httpHandlers.ts"
export type { ScrapeOptions } from "./internal/exporters/scrape.ts"
export type { LogEntry, Logger } from "./internal/facade/logger.ts"
export { mergeMetricStates } from "./internal/facade/mergeMetricStates.ts"
export { MetricsReader, type PlainReaderOptions as ReaderOptions } from "./internal/facade/metricsReader.ts"
export { MetricsRecorder } from "./internal/facade/metricsRecorder.ts"
export { MetricsRuntime } from "./internal/facade/metricsRuntime.ts"
export type { RecorderOptions } from "./internal/facade/recorderOptions.ts"
export type { WaitOptions } from "./internal/facade/run.ts"
export { ServedMetrics } from "./internal/facade/servedMetrics.ts"
export type {
  ContextOptions,
  ExitOptions,
  InProcessOptions,
  PlainThreadOptions as ThreadOptions,
  StartOptions
} from "./internal/facade/startOptions.ts"
export type { FlightRecorderOptions, FlightRecording, Incident, RecordedEvent } from "./internal/flight/recording.ts"
export type { Options as LivePageOptions } from "./internal/live/server/handlers.ts"
export type {
  ClusterStats,
  DurableStats,
  ExportStats,
  RuntimeStats,
  ThreadStats,
  Usage
} from "./internal/model/runtimeStats.ts"
export type { RecorderState, Stats } from "./internal/model/stats.ts"
export type { Emitter, Outcome, Timing } from "./internal/recorder/promiseEmitter.ts"
export type { DurableOptions, RuntimeOptions, RuntimeState, WorkerOptions } from "./internal/runtime/options.ts"
export type { WriterOptions } from "./internal/runtime/storeOptions.ts"
export type { ThreadsOptions } from "./internal/runtime/threadOptions.ts"
export * as Metric from "./Metric.ts"
export type { MetricEvent } from "./MetricEvent.ts"
export * as MetricsError from "./MetricsError.ts"
export type { MetricChange, Report, Snapshot, SnapshotOf, Snapshots, SnapshotsOf, States } from "./Snapshot.ts"
