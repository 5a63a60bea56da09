/**
 * The testing kit for programs with metrics: `mvx-metrics/testing`.
 *
 * @since 0.2.0
 */
export * from "./assertSnapshots.ts"
export * from "./clocks.ts"
export {
  type Captured,
  type Refused,
  TestRecorder,
  type TestRecorderOptions,
  type TestRecorderService,
  type TestRecorderSyncOptions
} from "./TestRecorder.ts"
