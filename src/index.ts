/**
 * Application code emits events; metrics are pure reducers that turn these events into measurements.
 *
 * @since 0.2.0
 */
export type { Emitter, Timing } from "./internal/recorder/emitter.ts"
export * as Metric from "./Metric.ts"
export * as MetricEvent from "./MetricEvent.ts"
export * as MetricsError from "./MetricsError.ts"
export * as MetricsLayer from "./MetricsLayer.ts"
export {
  type ClusterStats,
  type DurableOptions,
  type DurableStats,
  type ExportStats,
  type FlightRecorderOptions,
  type FlightRecording,
  type Incident,
  MetricsRuntime,
  type RecordedEvent,
  type RuntimeOptions,
  type RuntimeService,
  type RuntimeState,
  type RuntimeStats,
  type ThreadOptions,
  type ThreadStats,
  type ThreadsOptions,
  type Usage,
  type WorkerOptions
} from "./MetricsRuntime.ts"
export * as MetricsWorker from "./MetricsWorker.ts"
export {
  type DeltaReader,
  type LoggingDetail,
  type Overflow,
  Recorder,
  type RecorderOptions,
  type RecorderService,
  type RecorderState,
  type RegisterOptions,
  type Stats
} from "./Recorder.ts"
export * as Replay from "./Replay.ts"
export * as Snapshot from "./Snapshot.ts"
