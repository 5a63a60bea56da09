/**
 * The recorder: the boundary between application code, which states what happened, and metrics, which measure it.
 *
 * A component registers its metrics with {@link Recorder.register}, which needs nothing in its environment, and emits
 * events through the {@link Emitter} that it gets. Applications read with {@link Recorder.snapshots}, or with the methods
 * of the service: `yield* Recorder`.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { Metric, MetricsLayer, Recorder } from "mvx-metrics"
 *
 * const Event = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
 * const Lookups = Metric.make("cache.lookups", {
 *   events: Event,
 *   initial: 0,
 *   reduce: { "cache.lookup": (total) => total + 1 }
 * })
 *
 * const program = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(Lookups)
 *   yield* metrics.emit({ _tag: "cache.lookup", hit: true })
 *   return yield* (yield* Recorder).snapshot(Lookups)
 * })
 *
 * const Metrics = Recorder.layer("cache").pipe(
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * await Effect.runPromise(Effect.provide(program, Metrics)) // { name: "cache.lookups", dimensions: { value: 1 } }
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { makeInProcessLink } from "./internal/link/inProcess.ts"
import { aFamily, refuse, whyInvalid, whyInvalidOptions } from "./internal/model/optionChecks.ts"
import { recorderDefaults } from "./internal/recorder/defaults.ts"
import type { Emitter } from "./internal/recorder/emitter.ts"
import { emitEffect, emitterOf, noEmitter, onExit } from "./internal/recorder/emitterOf.ts"
import { fiberSink, recorderKey } from "./internal/recorder/fiberSink.ts"
import { harmless } from "./internal/recorder/logging.ts"
import { makeRecorder } from "./internal/recorder/makeRecorder.ts"
import { type RecorderOptions, type RegisterOptions, recorderOptionChecks } from "./internal/recorder/options.ts"
import type { RecorderService } from "./internal/recorder/service.ts"
import { decideOptions, entityIdOf } from "./internal/runtime/decidedOptions.ts"
import { defaultMemoryLimit } from "./internal/runtime/options.ts"
import { provided, providedRuntime } from "./internal/runtime/provided.ts"
import * as Metric from "./Metric.ts"
import type { Family, MetricEvent } from "./MetricEvent.ts"
import type { ReadError, RegisterError, ShareError } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"
import type { Report, Snapshots } from "./Snapshot.ts"

export type { RecorderState, Stats } from "./internal/model/stats.ts"
export type { Emitter, Timing } from "./internal/recorder/emitter.ts"
export type { Overflow } from "./internal/recorder/intake.ts"
export type { Detail as LoggingDetail } from "./internal/recorder/logging.ts"
export type { FlushOptions, RecorderOptions, RegisterOptions, SnapshotOptions } from "./internal/recorder/options.ts"
export type { DeltaReader, RecorderService } from "./internal/recorder/service.ts"

/**
 * The recorder service, and the functions with which components use it.
 *
 * @category services
 * @since 0.2.0
 */
export class Recorder extends Context.Service<Recorder, RecorderService>()(recorderKey) {
  /**
   * Registers a metric, or a set of metrics, during set-up, and returns the emitter of the events they read. The
   * emitter is bound to the recorder at this place, so a component that registers in its layer counts wherever it is
   * used. Without a recorder nothing is registered, the emitter does nothing, and a line is logged at debug level.
   * Fails, with an error that contains the fix, if a metric cannot be measured, so mistakes are found at the start.
   *
   * @example
   * ```ts
   * import { Effect, Schema } from "effect"
   * import { Metric, Recorder } from "mvx-metrics"
   * import { TestRecorder } from "mvx-metrics/testing"
   *
   * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
   * const Lookups = Metric.counter("cache.lookups", { events: CacheEvent })
   *
   * const lookUp = Effect.gen(function* () {
   *   const metrics = yield* Recorder.register(Lookups)
   *   return metrics.emitUnsafe({ _tag: "cache.lookup", hit: true })
   * })
   * Effect.runSync(Effect.provide(lookUp, TestRecorder.layerSync())) // true
   * Effect.runSync(lookUp) // false
   * ```
   *
   * @since 0.2.0
   */
  static readonly register = <M extends Metric.Any | Metric.MetricSet>(
    metrics: M,
    options?: RegisterOptions
  ): Effect.Effect<Emitter<Metric.EventsOf<M>>, RegisterError> =>
    Effect.withFiber((fiber) => {
      const recorder = Context.getOrUndefined(fiber.context, Recorder)
      if (recorder === undefined) return Effect.as(harmless(Effect.logDebug(unmeasured(metrics))), noEmitter)
      // A recorder of the application's own need not have emitters to give.
      return Effect.as(recorder.register(metrics, options), emitterOf(recorder))
    })

  /**
   * Returns an emitter of the events of a family, bound to the recorder at this place, for a component whose metrics are
   * registered elsewhere. Without a recorder it does nothing.
   *
   * @example
   * ```ts
   * import { Effect, Schema } from "effect"
   * import { Recorder } from "mvx-metrics"
   * import { TestRecorder } from "mvx-metrics/testing"
   *
   * const CacheEvent = Schema.TaggedUnion({ "cache.lookup": { hit: Schema.Boolean } })
   *
   * const test = Effect.gen(function* () {
   *   const metrics = yield* Recorder.emitter(CacheEvent)
   *   yield* metrics.emit({ _tag: "cache.lookup", hit: true })
   *   return (yield* TestRecorder.events).map(({ event }) => event)
   * })
   * Effect.runSync(Effect.provide(test, TestRecorder.layerSync())) // [{ _tag: "cache.lookup", hit: true }]
   * ```
   *
   * @since 0.2.0
   */
  static readonly emitter = <F extends Family>(family: F): Effect.Effect<Emitter<F["Type"]>> =>
    Effect.withFiber((fiber) => {
      const invalid = whyInvalid("family", family, aFamily)
      if (invalid !== undefined) return Effect.die(invalid)
      const recorder = Context.getOrUndefined(fiber.context, Recorder)
      return recorder === undefined
        ? Effect.as(harmless(Effect.logDebug("mvx-metrics: no recorder here, so an emitter does nothing")), noEmitter)
        : Effect.succeed(emitterOf(recorder))
    })

  /**
   * Emits an event to the recorder of the calling fiber: for components that serve many recorders, such as one per
   * connection. Any other component emits through the {@link Emitter} that it gets from {@link Recorder.register}.
   *
   * It never fails and needs nothing. Lost events are easy to overlook: nothing is counted if no metric of the recorder
   * reads the event, or if the fiber has no recorder because the recorder was provided only to the component's layer
   * (`Layer.provide`). Unless `NODE_ENV` is `production`, a warning is logged once for each such tag.
   *
   * `Recorder.emit<CacheEvent>(...)` accepts only events of that family.
   *
   * @since 0.2.0
   */
  static readonly emit = <E extends MetricEvent>(event: E): Effect.Effect<void> => new emitEffect(fiberSink, event)

  /**
   * Emits an event made from the exit of an effect, like {@link Emitter.onExit}, to the recorder of the calling fiber,
   * like {@link Recorder.emit}.
   *
   * @example
   * ```ts
   * import { Effect, Exit } from "effect"
   * import { Recorder } from "mvx-metrics"
   *
   * const handle = Effect.fn("handle")(
   *   function* (message: string) {
   *     return message.length
   *   },
   *   Recorder.onExit((exit) => ({
   *     _tag: "connection.message",
   *     outcome: Exit.isSuccess(exit) ? "SUCCESS" : "FAILURE"
   *   }))
   * )
   * await Effect.runPromise(handle("text")) // 4
   * ```
   *
   * @since 0.2.0
   */
  static readonly onExit: Emitter<MetricEvent>["onExit"] = onExit(fiberSink)

  /**
   * Reads the snapshots of all metrics by name, including every event accepted before the read.
   *
   * @since 0.2.0
   */
  static readonly snapshots: Effect.Effect<Snapshots, ReadError, Recorder> = Effect.flatMap(
    Effect.suspend(() => providedRecorder),
    (self) => self.snapshots
  )

  /**
   * Reads the snapshots with their time, the sequence number they reach, and the accounting.
   *
   * @since 0.2.0
   */
  static readonly report: Effect.Effect<Report, ReadError, Recorder> = Effect.flatMap(
    Effect.suspend(() => providedRecorder),
    (self) => self.report
  )

  /**
   * Provides the recorder of the runtime that all users of this id share, and starts it for the first of them. Several
   * modules of an application can each use `Recorder.layer("app")`: with one runtime they get one recorder. If its `onStarting` fails, so
   * do the layers that wait for it. When the scope of the last layer closes, the recorder folds what it accepted and is
   * removed. If that takes longer than its `shutdownTimeout`, it goes to `Failed`.
   *
   * A layer of the same id with other options fails with `RecorderOptionsDiffer`.
   *
   * @since 0.2.0
   */
  static readonly layer = <R = never>(
    recorderId: string,
    options?: RecorderOptions<R>
    // Not from where the layer is used: a LayerMap would take any requirement.
  ): Layer.Layer<Recorder, ShareError, MetricsRuntime | NoInfer<R>> =>
    Layer.effect(
      Recorder,
      Effect.flatMap(providedRuntime(MetricsRuntime), (runtime) => runtime.recorder(recorderId, options))
    )

  /**
   * Makes a recorder without a runtime. It folds in process and stops with the scope, within its `shutdownTimeout`. Its
   * overflow policy is `"fail"` unless another is chosen. Without an `entityId` it gets a generated one, which is its
   * id as well.
   *
   * @since 0.2.0
   */
  static readonly make = Effect.fnUntraced(function* <R = never>(
    options?: RecorderOptions<R>
  ): Effect.fn.Return<RecorderService, never, Scope.Scope | R> {
    yield* refuse(whyInvalidOptions(options, recorderOptionChecks))
    const entityId = entityIdOf(options?.entityId ?? "")
    const link = yield* makeInProcessLink(defaultMemoryLimit)
    const own = { ...options, entityId }
    const defaults = { namespace: "", overflow: "fail" } as const
    const { decided } = yield* decideOptions<R>(entityId, own, defaults, recorderDefaults.shutdownTimeout)
    const control = makeRecorder<R>(
      { ...decided, recorderId: entityId, namespace: "", link },
      yield* Effect.context<R>()
    )
    yield* control.logMade
    // A stop that fails has been logged by the recorder.
    yield* Effect.addFinalizer(() =>
      Effect.ensuring(
        Effect.ignore(control.close),
        Effect.suspend(() => control.remove())
      )
    )
    return control.service
  })
}

const providedRecorder: Effect.Effect<RecorderService, never, Recorder> = provided(
  Recorder,
  "Recorder",
  "is not provided. Provide Recorder.layer(id) where the program reads as well, with Layer.provideMerge"
)

/**
 * What is logged if there is no recorder. That is not a mistake, so it is logged at debug level. The value may be
 * anything.
 */
const unmeasured = (given: unknown): string => {
  const metrics = Metric.isMetricSet(given) ? given.metrics : Metric.isMetric(given) ? [given] : []
  return `mvx-metrics: no recorder here, so these metrics measure nothing: ${metrics.map(({ name }) => name).join(", ")}`
}
