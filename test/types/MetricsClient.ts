// The promise facade. Checked by tsc (`npm run check`), never run.
import type { Worker } from "node:worker_threads"
import type { FileSystem, ManagedRuntime } from "effect"
import { Layer } from "effect"
import {
  type Emitter,
  type LogEntry,
  type Logger,
  type MetricChange,
  MetricsRuntime,
  type Report,
  type Snapshot,
  type Snapshots
} from "mvx-metrics/promise"
import { expectTypeOf } from "vitest"
import { EvenTicks, type ProbeEvent, TickLog, Ticks, tick } from "../support/probe.metrics.ts"

const namespace = "types"
declare const metrics: URL
declare const spawn: () => Worker

declare const managed: ManagedRuntime.ManagedRuntime<FileSystem.FileSystem, RangeError>
declare const isTest: boolean
declare const pino: Record<"debug" | "info" | "warn" | "error", (attributes: object, message: string) => void>
const logger: Logger = ({ annotations, level, message }) => console[level](message, annotations)

// --- on a worker by default, or in process

expectTypeOf(MetricsRuntime.start({ namespace })).toEqualTypeOf<Promise<MetricsRuntime>>()
MetricsRuntime.start({ namespace, startTimeout: 500 })
MetricsRuntime.start({ namespace, metrics })
MetricsRuntime.start({ namespace, spawn, startTimeout: "1 second", inProcess: false })
MetricsRuntime.start({ namespace, inProcess: true, capacity: 10 })
MetricsRuntime.start({ namespace, inProcess: isTest })
// @ts-expect-error one way of bringing metrics to the worker, not two
MetricsRuntime.start({ namespace, metrics, spawn })
// @ts-expect-error in process there is nothing to import
MetricsRuntime.start({ namespace, inProcess: true, metrics })
// @ts-expect-error in process there is no worker to start
MetricsRuntime.start({ namespace, inProcess: true, spawn })
// @ts-expect-error in process there is no start to wait for
MetricsRuntime.start({ namespace, inProcess: true, startTimeout: 500 })
// @ts-expect-error there is no namespace
MetricsRuntime.start({ metrics })
// @ts-expect-error a misspelt option
MetricsRuntime.start({ namespace, capcity: 10 })

// --- the context: of a ManagedRuntime, whatever it provides, or with a logger

MetricsRuntime.start({ namespace, runtime: managed })
MetricsRuntime.start({ namespace, runtime: managed, inProcess: true })
MetricsRuntime.start({ namespace, logger })
MetricsRuntime.start({ namespace, logger: ({ annotations, level, message }) => pino[level](annotations, message) })
MetricsRuntime.start({
  namespace,
  logger: (entry) => {
    expectTypeOf(entry).toEqualTypeOf<LogEntry>()
    expectTypeOf(entry.level).toEqualTypeOf<"debug" | "info" | "warn" | "error">()
  }
})
MetricsRuntime.start({
  namespace,
  inProcess: true,
  flushOn: ["SIGTERM", "SIGINT", "SIGHUP", "beforeExit", "uncaughtException"]
})
// @ts-expect-error a list
MetricsRuntime.start({ namespace, flushOn: "SIGTERM" })
// @ts-expect-error nothing can be done then
MetricsRuntime.start({ namespace, flushOn: ["exit"] })
// @ts-expect-error one context, not two
MetricsRuntime.start({ namespace, runtime: managed, logger })
// @ts-expect-error a logger is a function, because the methods of loggers take their arguments in different orders
MetricsRuntime.start({ namespace, logger: console })
// @ts-expect-error a layer is not built
MetricsRuntime.start({ namespace, runtime: Layer.empty })
// @ts-expect-error a runtime comes from start
new MetricsRuntime()

declare const runtime: MetricsRuntime
type Recorder = Awaited<ReturnType<typeof runtime.createRecorder>>

expectTypeOf(runtime).toExtend<AsyncDisposable>()
expectTypeOf(runtime.getRecorder("door-1")).toEqualTypeOf<Recorder>()
expectTypeOf(runtime.findRecorder("door-1")).toEqualTypeOf<Recorder | undefined>()
expectTypeOf(runtime.recorderIds).toEqualTypeOf<ReadonlyArray<string>>()
expectTypeOf(runtime.flush({ timeout: 500, signal: AbortSignal.timeout(1000) })).toEqualTypeOf<Promise<void>>()
expectTypeOf(runtime.shutdown()).toEqualTypeOf<Promise<void>>()

// Hooks are plain functions here, synchronous or not.
runtime.createRecorder("door-1", {
  capacity: 10,
  onStarting: () => undefined,
  onStopped: async () => {},
  onMetricChanged: (change) => {
    expectTypeOf(change).toEqualTypeOf<MetricChange>()
  }
})
// @ts-expect-error a misspelt option
runtime.createRecorder("door-1", { onStart: () => undefined })
// @ts-expect-error no such overflow policy
runtime.createRecorder("door-1", { overflow: "drop" })

declare const recorder: Recorder

expectTypeOf(recorder.registerMetric(Ticks, { replace: true })).toEqualTypeOf<
  Promise<Emitter<ReturnType<typeof tick>>>
>()
expectTypeOf(recorder.registerEvent(tick())).toEqualTypeOf<boolean>()
expectTypeOf(recorder.getMetricSnapshots()).toEqualTypeOf<Promise<Snapshots>>()
expectTypeOf(recorder.getMetricSnapshot(EvenTicks)).toEqualTypeOf<Promise<Snapshot<{ readonly value: number }>>>()
expectTypeOf(recorder.getMetricSnapshot(TickLog)).toEqualTypeOf<
  Promise<Snapshot<{ log: ReadonlyArray<readonly [n: number, at: number]>; now: number }>>
>()
expectTypeOf(recorder.getReport()).toEqualTypeOf<Promise<Report>>()
expectTypeOf(recorder.getReport({ timeout: "1 second" })).toEqualTypeOf<Promise<Report>>()
expectTypeOf(recorder.flush({ timeout: "1 second" })).toEqualTypeOf<Promise<void>>()
expectTypeOf(recorder.changes()).toEqualTypeOf<AsyncIterable<MetricChange>>()

// @ts-expect-error no metric
recorder.registerMetric({ name: "probe.ticks" })
// @ts-expect-error no event: it has no tag
recorder.registerEvent({ n: 1 })
// @ts-expect-error the family has no such event
recorder.registerEvent<ProbeEvent>({ _tag: "probe.tack" })
// @ts-expect-error a metric is asked for by its definition, not by its name
recorder.getMetricSnapshot("probe.ticks")
