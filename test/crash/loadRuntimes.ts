/** The two APIs behind one interface, for the load. */
import type { Worker } from "node:worker_threads"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Metric, RecorderService } from "mvx-metrics"
import { MetricsRuntime } from "mvx-metrics/MetricsRuntime"
import * as Prometheus from "mvx-metrics/Prometheus"
import { type MetricsRecorder, MetricsRuntime as PromiseRuntime } from "mvx-metrics/promise"
import type { Overflow } from "mvx-metrics/Recorder"
import type { MetricChange, Report, Snapshots } from "mvx-metrics/Snapshot"
import { clockOf } from "../../src/internal/util/fixedTime.ts"
import type { LoadEvent } from "./load.metrics.ts"
import type { Side } from "./steps.ts"

export interface LoadRecorder {
  readonly register: (metric: Metric.Any) => Promise<unknown>
  readonly reset: (metric: Metric.Any | undefined) => Promise<void>
  /** Whether it was accepted. */
  readonly emit: (event: LoadEvent) => boolean
  readonly offer: (event: LoadEvent) => Promise<boolean>
  readonly report: () => Promise<Report>
  /** Reads, and gives up after so long. */
  readonly abandon: (millis: number) => Promise<unknown>
  readonly deltas: () => () => Promise<Snapshots>
  /** Ends when the recorder stops. */
  readonly listen: (to: "changes" | "latestChanges", onChange: (change: MetricChange) => Promise<void>) => Promise<void>
}

export interface LoadOptions {
  readonly capacity: number
  readonly overflow: Overflow
  readonly totalOfRemoved?: false
}

export interface LoadRuntime {
  readonly create: (id: string, options: LoadOptions) => Promise<LoadRecorder>
  readonly remove: (id: string) => Promise<void>
  readonly scrape: () => Promise<Response>
  readonly shutdown: () => Promise<void>
}

const request = (): Request => new Request("http://localhost/metrics")

/** A clock whose time the harness sets. */
export class Now {
  millis = 0
  readonly clock: Clock.Clock = clockOf(() => this.millis)
}

/** A page has 256 KiB. */
const PageBytes = 262_144

const options = (side: Side, pages: number, spawn: () => Worker) =>
  ({
    namespace: `faults.${side}`,
    logging: "silent",
    spawn,
    stallTimeout: "300 millis",
    restart: Schedule.spaced("1 millis"),
    startTimeout: "5 seconds",
    waitTimeout: "20 seconds",
    shutdownTimeout: "20 seconds",
    memoryLimit: pages * PageBytes
  }) as const

const byEffect = (recorder: RecorderService, run: typeof Effect.runPromise): LoadRecorder => ({
  register: (metric) => run(recorder.register(metric)),
  reset: (metric) => run(recorder.reset(metric)),
  emit: recorder.emitUnsafe,
  offer: (event) =>
    run(Effect.catchTag(recorder.emit(event), "mvx-metrics/QueueOverflow", () => Effect.succeed(false))),
  report: () => run(recorder.report),
  abandon: (millis) =>
    new Promise((resolve) => {
      const abort = new AbortController()
      setTimeout(() => abort.abort(), millis)
      run(recorder.snapshots, { signal: abort.signal }).then(resolve, resolve)
    }),
  deltas: () => {
    const { read } = Effect.runSync(recorder.deltaReader)
    return () => run(read)
  },
  listen: (to, onChange) => run(Stream.runForEach(recorder[to], (change) => Effect.promise(() => onChange(change))))
})

export const effectRuntime = async (now: Now, pages: number, spawn: () => Worker): Promise<LoadRuntime> => {
  const { runPromise: run } = ManagedRuntime.make(Layer.succeed(Clock.Clock, now.clock))
  const scope = Scope.makeUnsafe()
  const runtime = await run(Scope.provide(MetricsRuntime.makeWorker(options("effect", pages, spawn)), scope))
  await run(runtime.start)
  const scrape = await run(Effect.provideService(Prometheus.handler(), MetricsRuntime, runtime))
  return {
    scrape: () => scrape(request()),
    create: async (id, options) => byEffect(await run(runtime.createRecorder(id, options)), run),
    remove: (id) => run(runtime.stopAndRemoveRecorder(id)),
    shutdown: () => run(runtime.shutdown)
  }
}

/** `false` on overflow under any policy. */
const orFalse = <A>(error: unknown, no: A): A => {
  if ((error as { readonly _tag?: unknown } | null)?._tag === "mvx-metrics/QueueOverflow") return no
  throw error
}

const byPromise = (recorder: MetricsRecorder): LoadRecorder => ({
  register: (metric) => recorder.registerMetric(metric),
  reset: (metric) => recorder.resetMetrics(metric),
  emit: (event) => {
    try {
      return recorder.registerEvent(event)
    } catch (error) {
      return orFalse(error, false)
    }
  },
  offer: (event) => recorder.offerEvent(event).catch((error) => orFalse(error, false)),
  report: () => recorder.getReport(),
  abandon: (millis) => recorder.getMetricSnapshots({ timeout: `${millis} millis` }).catch((error) => error),
  deltas: () => recorder.createDeltaReader().read,
  listen: async (to, onChange) => {
    for await (const change of recorder[to]()) await onChange(change)
  }
})

export const promiseRuntime = async (now: Now, pages: number, spawn: () => Worker): Promise<LoadRuntime> => {
  const runtime = await PromiseRuntime.start({
    ...options("promise", pages, spawn),
    runtime: ManagedRuntime.make(Layer.succeed(Clock.Clock, now.clock))
  })
  const { handler } = runtime.prometheus()
  return {
    scrape: () => handler(request()),
    create: async (id, options) => byPromise(await runtime.createRecorder(id, options)),
    remove: (id) => runtime.stopAndRemoveRecorder(id),
    shutdown: () => runtime.shutdown()
  }
}
