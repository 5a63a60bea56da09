// The runtime and its layers. Checked by tsc (`npm run check`), never run.
import type { Worker } from "node:worker_threads"
import { Config, Context, Effect, type Layer, type Option, type Scope } from "effect"
import {
  type MetricsError as E,
  MetricsLayer,
  MetricsRuntime,
  MetricsWorker,
  type RecorderService,
  type RuntimeService,
  type RuntimeState
} from "mvx-metrics"
import { expectTypeOf } from "vitest"
import { EvenTicks, Ticks } from "../support/probe.metrics.ts"

const namespace = "types"
declare const metrics: URL
declare const spawn: () => Worker

// --- how metrics reach the worker: by the sets that are registered, by modules named, or by an entry of one's own

MetricsLayer.layerWorker({ namespace })
MetricsLayer.layerWorker({ namespace, startTimeout: "1 second" })
MetricsRuntime.makeWorker({ namespace })
MetricsLayer.layerWorker({ namespace, metrics })
MetricsLayer.layerWorker({ namespace, metrics: [metrics, metrics], startTimeout: "1 second" })
MetricsLayer.layerWorker({ namespace, spawn, startTimeout: 500 })
// @ts-expect-error both
MetricsLayer.layerWorker({ namespace, metrics, spawn })
// @ts-expect-error a path is no URL
MetricsLayer.layerWorker({ namespace, metrics: "./probe.metrics.ts" })
// @ts-expect-error the definitions themselves do not cross the thread
MetricsLayer.layerWorker({ namespace, metrics: [Ticks] })
// @ts-expect-error spawn makes the worker, it is not the worker
MetricsLayer.layerWorker({ namespace, spawn: spawn() })
// @ts-expect-error there is no namespace
MetricsLayer.layerWorker({ metrics })
// @ts-expect-error both
MetricsRuntime.makeWorker({ namespace, metrics, spawn })

// --- options from Config

expectTypeOf(MetricsLayer.layerInProcessConfig()).toEqualTypeOf<
  Layer.Layer<MetricsRuntime, E.RuntimeStartError | Config.ConfigError>
>()
MetricsLayer.layerWorkerConfig(MetricsLayer.config({ namespace }))
MetricsLayer.layerWorkerConfig({ namespace: Config.String("NAME"), startTimeout: Config.Duration("START_TIMEOUT") })
MetricsLayer.layerWorkerConfig({ namespace: Config.succeed(namespace), spawn: Config.succeed(spawn) })
MetricsLayer.layerWorkerConfig(Config.map(MetricsLayer.config(), (options) => ({ ...options, spawn })))
// @ts-expect-error an option itself is no Config
MetricsLayer.layerInProcessConfig({ namespace })
// @ts-expect-error there is no namespace
MetricsLayer.layerInProcessConfig({ capacity: Config.Int("CAPACITY") })
// @ts-expect-error a misspelt option
MetricsLayer.layerInProcessConfig({ namespace: Config.succeed(namespace), capcity: Config.Int("CAPACITY") })
// @ts-expect-error a capacity is a number
MetricsLayer.layerInProcessConfig({ namespace: Config.succeed(namespace), capacity: Config.String("CAPACITY") })
// @ts-expect-error in process there is nothing to import
MetricsLayer.layerInProcessConfig({ namespace: Config.succeed(namespace), metrics: Config.succeed(metrics) })

// --- options

MetricsLayer.layerInProcess({
  namespace,
  capacity: 10,
  overflow: "fail",
  logging: "inspection",
  shutdownTimeout: "1 minute"
})
// @ts-expect-error a misspelt option
MetricsLayer.layerInProcess({ namespace, capcity: 10 })
// @ts-expect-error in process there is nothing to import
MetricsLayer.layerInProcess({ namespace, metrics })
// @ts-expect-error entities are measured by recorders
MetricsLayer.layerInProcess({ namespace, entityId: "door-1" })
// @ts-expect-error a misspelt option
MetricsLayer.layerWorker({ namespace, metrics, startTimeOut: 500 })
// @ts-expect-error no such unit
MetricsLayer.layerWorker({ namespace, metrics, startTimeout: "1 fortnight" })

MetricsWorker.run([Ticks, EvenTicks])
// @ts-expect-error no metric
MetricsWorker.run([{ name: "probe.ticks" }])
// @ts-expect-error a list, also of one
MetricsWorker.run(Ticks)

// --- layers and constructors

type StartError = E.InvalidState | E.MetricsModuleError | E.RuntimeFailed | E.DurableStateError

expectTypeOf(MetricsLayer.layerInProcess({ namespace })).toEqualTypeOf<Layer.Layer<MetricsRuntime, StartError>>()
expectTypeOf(MetricsLayer.layerWorker({ namespace, metrics })).toEqualTypeOf<Layer.Layer<MetricsRuntime, StartError>>()
expectTypeOf(MetricsRuntime.makeInProcess({ namespace })).toEqualTypeOf<
  Effect.Effect<RuntimeService, never, Scope.Scope>
>()
expectTypeOf(MetricsRuntime.makeWorker({ namespace, spawn })).toEqualTypeOf<
  Effect.Effect<RuntimeService, never, Scope.Scope>
>()

// --- what each method of the service can fail with

declare const runtime: RuntimeService
type CreateError = E.RecorderAlreadyExists | E.InvalidState | E.HookFailed | E.RecorderFailed | E.WaitTimeout
type StopError = E.InvalidState | E.HookFailed | E.RecorderFailed | E.WaitTimeout

expectTypeOf(runtime.state).toEqualTypeOf<Effect.Effect<RuntimeState>>()
expectTypeOf(runtime.start).toEqualTypeOf<Effect.Effect<void, StartError>>()
expectTypeOf(runtime.createRecorder("door-1")).toEqualTypeOf<Effect.Effect<RecorderService, CreateError>>()
expectTypeOf(runtime.recorder("door-1")).toEqualTypeOf<
  Effect.Effect<RecorderService, CreateError | E.RecorderOptionsDiffer, Scope.Scope>
>()
expectTypeOf(runtime.getRecorder("door-1")).toEqualTypeOf<Effect.Effect<RecorderService, E.RecorderNotFound>>()
expectTypeOf(runtime.findRecorder("door-1")).toEqualTypeOf<Effect.Effect<Option.Option<RecorderService>>>()
expectTypeOf(runtime.recorderIds).toEqualTypeOf<Effect.Effect<ReadonlyArray<string>>>()
expectTypeOf(runtime.stopRecorder("door-1")).toEqualTypeOf<Effect.Effect<void, E.RecorderNotFound | StopError>>()
expectTypeOf(runtime.stopAndRemoveRecorder("door-1")).toEqualTypeOf<
  Effect.Effect<void, E.RecorderNotFound | StopError>
>()
expectTypeOf(runtime.flush({ timeout: "1 second" })).toEqualTypeOf<
  Effect.Effect<void, E.InvalidState | E.FlushFailed>
>()
expectTypeOf(runtime.shutdown).toEqualTypeOf<Effect.Effect<void, E.InvalidState | E.ShutdownFailed>>()

class Sink extends Context.Service<Sink, { readonly open: Effect.Effect<void> }>()("types/Sink") {}
expectTypeOf(runtime.createRecorder("door-1", { onStarting: Effect.flatMap(Sink, ({ open }) => open) })).toEqualTypeOf<
  Effect.Effect<RecorderService, CreateError, Sink>
>()
expectTypeOf(runtime.recorder("door-1", { onStopped: Effect.flatMap(Sink, ({ open }) => open) })).toEqualTypeOf<
  Effect.Effect<RecorderService, CreateError | E.RecorderOptionsDiffer, Scope.Scope | Sink>
>()
// @ts-expect-error a misspelt option
runtime.recorder("door-1", { capcity: 10 })
// @ts-expect-error a misspelt option
runtime.createRecorder("door-1", { capcity: 10 })
