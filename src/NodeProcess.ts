/**
 * Measures the process of Node: CPU time, memory, event loop, heap and garbage collector, as events and metrics of
 * these events. Names follow OpenTelemetry's conventions: `process.*`, `nodejs.eventloop.*`, `v8js.*`. Metrics that
 * Prometheus clients show by default and OpenTelemetry does not define keep their Prometheus names, such as
 * `process_open_fds`.
 *
 * | metric | kind | unit | labels |
 * | --- | --- | --- | --- |
 * | `process.cpu.time` | counter | s | `cpu.mode` |
 * | `process.cpu.utilization` | gauge | 1 | `cpu.mode` |
 * | `process.memory.usage`, `nodejs.memory.external`, `nodejs.memory.array_buffers` | gauge | By | |
 * | `process.virtual_memory`, `process.heap` (on Linux) | gauge | By | |
 * | `process.open_fds`, `process.max_fds` (on Linux) | gauge | | |
 * | `process.start_time`, `process.uptime` | gauge | s | |
 * | `nodejs.eventloop.delay` | histogram | s | |
 * | `nodejs.eventloop.delay.min`, `.max`, `.mean`, `.stddev`, `.p50`, `.p90`, `.p99` | gauge | s | |
 * | `nodejs.eventloop.time` | counter | s | `nodejs.eventloop.state` |
 * | `nodejs.eventloop.utilization` | gauge | 1 | |
 * | `nodejs.active_resources` | gauge | {resource} | `type` |
 * | `nodejs.version_info` | gauge | | `version`, `major`, `minor`, `patch` |
 * | `v8js.memory.heap.limit`, `.used`, `.space.available_size`, `.space.physical_size` | gauge | By | `v8js.heap.space.name` |
 * | `v8js.gc.duration` | histogram | s | `v8js.gc.type` |
 *
 * The delay of the event loop is the time between two runs of a timer of 10 ms. Its gauges cover the time since the
 * last measurement, so a scrape may miss a delay. The histogram has every delay: a hundred values for each second,
 * added every second.
 *
 * The packaged worker imports the definitions itself. A worker entry of your own must list them like any metric:
 * `MetricsWorker.run([...sets, ProcessMetrics])`.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
 * import * as NodeProcess from "mvx-metrics/NodeProcess"
 *
 * const Metrics = NodeProcess.layer({ interval: "10 seconds" }).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const program = Effect.gen(function* () {
 *   const recorder = yield* (yield* MetricsRuntime).getRecorder("process")
 *   return Object.keys(yield* recorder.snapshots)
 * })
 * const names = await Effect.runPromise(Effect.provide(program, Metrics))
 * names.includes("process.memory.usage") // true
 * ```
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { longerThanZero, notBlank, refuse, whyInvalidOptions } from "./internal/model/optionChecks.ts"
import { ProcessMetrics } from "./internal/process/metrics.ts"
import { ProcessProbe } from "./internal/process/probe.ts"
import { internalsOf } from "./internal/runtime/internals.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import type { RuntimeService } from "./internal/runtime/service.ts"
import { type AnyRuntime, type Stoppable, serviceOf, startScoped } from "./internal/runtime/withoutEffect.ts"
import { sleepInBackground } from "./internal/util/liveClock.ts"
import type { CreateError, RegisterError } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export { ProcessEvent, ProcessMetrics } from "./internal/process/metrics.ts"
export type { AnyRuntime, Stoppable } from "./internal/runtime/withoutEffect.ts"

/**
 * The options of {@link layer} and {@link start}.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** The id of the recorder to create. Default: `"process"`. */
  readonly recorderId?: string
  /** The interval between measurements. Garbage collections are separate events. Default: 10 seconds. */
  readonly interval?: Duration.Input
}

type StartError = CreateError | RegisterError

/**
 * Measures the process immediately and then at each interval, on its own recorder, until the scope closes.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { MetricsLayer } from "mvx-metrics"
 * import * as NodeProcess from "mvx-metrics/NodeProcess"
 *
 * const Metrics = NodeProcess.layer({ recorderId: "node", interval: "1 minute" }).pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, StartError, MetricsRuntime> =>
  Layer.effectDiscard(Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) => measure(runtime, options)))

/**
 * Starts the measurement without Effect. It runs until `stop` of the result, and does not keep the process alive.
 *
 * @example
 * ```ts
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import * as NodeProcess from "mvx-metrics/NodeProcess"
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
 * const measuring = await NodeProcess.start(runtime)
 * const snapshots = await runtime.getRecorder("process").getMetricSnapshots()
 * Object.keys(snapshots).includes("process.cpu.time") // true
 * await measuring.stop()
 * await runtime.shutdown()
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const start = async (runtime: AnyRuntime, options: Options = {}): Promise<Stoppable> => {
  const service = serviceOf(runtime)
  const [, stoppable] = await startScoped(internalsOf(service).context, measure(service, options))
  return stoppable
}

const measure = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  options: Options
): Effect.fn.Return<void, StartError, Scope.Scope> {
  yield* refuse(whyInvalidOptions(options, { recorderId: notBlank, interval: longerThanZero }))
  const { interval = "10 seconds", recorderId = "process" } = options
  const recorder = yield* Effect.acquireRelease(runtime.createRecorder(recorderId), (made) =>
    // The runtime may have been shut down before.
    Effect.ignore(runtime.stopAndRemoveRecorder(made.recorderId))
  )
  yield* recorder.register(ProcessMetrics)
  const probe = yield* Effect.acquireRelease(
    Effect.sync(() => new ProcessProbe(recorder.emitUnsafe)),
    (made) => Effect.sync(() => made.close())
  )
  const sample = Effect.suspend(() =>
    // Refused ones are counted by the recorder.
    Effect.forEach(probe.sample(), (event) => Effect.ignore(recorder.emit(event)), { discard: true })
  )
  const delays = Effect.sync(() => probe.emitDelays())
  yield* sample
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(sleepInBackground(DelaysEvery), delays)))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(sleepInBackground(interval), sample)))
})

/** Often enough that neither a scrape misses a delay for long, nor their number fills a recorder at once. */
const DelaysEvery = "1 second"
