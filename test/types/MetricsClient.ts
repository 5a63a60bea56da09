// The promise facade. Checked by tsc (`npm run check`), never run.
import type { Worker } from "node:worker_threads"
import {
  type Emitter,
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

expectTypeOf(MetricsRuntime.start({ namespace })).toEqualTypeOf<Promise<MetricsRuntime>>()
expectTypeOf(MetricsRuntime.start({ namespace, metrics })).toEqualTypeOf<Promise<MetricsRuntime>>()
expectTypeOf(MetricsRuntime.start({ namespace, spawn, startTimeout: "1 second" })).toEqualTypeOf<
  Promise<MetricsRuntime>
>()
// @ts-expect-error one way of bringing metrics to the worker, not two
MetricsRuntime.start({ namespace, metrics, spawn })
// @ts-expect-error there is no namespace
MetricsRuntime.start({ metrics })
// @ts-expect-error a misspelt option
MetricsRuntime.start({ namespace, capcity: 10 })
// @ts-expect-error a runtime comes from start
new MetricsRuntime()

declare const runtime: MetricsRuntime
type Recorder = Awaited<ReturnType<typeof runtime.createRecorder>>

expectTypeOf(runtime).toExtend<AsyncDisposable>()
expectTypeOf(runtime.getRecorder("door-1")).toEqualTypeOf<Recorder>()
expectTypeOf(runtime.findRecorder("door-1")).toEqualTypeOf<Recorder | undefined>()
expectTypeOf(runtime.recorderIds).toEqualTypeOf<ReadonlyArray<string>>()
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
expectTypeOf(recorder.changes()).toEqualTypeOf<AsyncIterable<MetricChange>>()

// @ts-expect-error no metric
recorder.registerMetric({ name: "probe.ticks" })
// @ts-expect-error no event: it has no tag
recorder.registerEvent({ n: 1 })
// @ts-expect-error the family has no such event
recorder.registerEvent<ProbeEvent>({ _tag: "probe.tack" })
// @ts-expect-error a metric is asked for by its definition, not by its name
recorder.getMetricSnapshot("probe.ticks")
