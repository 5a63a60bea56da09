/**
 * The recorder: the boundary between application code, which states what happened, and metrics, which measure it.
 *
 * Components use three functions that need nothing in their environment and do nothing without a recorder:
 * {@link Recorder.register} during set-up, {@link Recorder.emit} and {@link Recorder.onExit} during work. Applications
 * read with {@link Recorder.snapshots}, or with the methods of the service: `yield* Recorder`.
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
 *   yield* Recorder.register(Lookups)
 *   yield* Recorder.emit({ _tag: "cache.lookup", hit: true })
 *   return yield* (yield* Recorder).snapshot(Lookups)
 * })
 *
 * const Metrics = Recorder.layer("cache").pipe(
 *   Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * await Effect.runPromise(Effect.provide(program, Metrics)) // { name: "cache.lookups", dimensions: { value: 1 } }
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { makeInProcessLink } from "./internal/link/linkInProcess.ts"
import { whyInvalidOptions } from "./internal/options.ts"
import { EmitEffect, emitIn, recorderKey } from "./internal/recorder/emitEffect.ts"
import { makeRecorder } from "./internal/recorder/makeRecorder.ts"
import {
  type RecorderOptions,
  type RecorderService,
  type RegisterOptions,
  recorderOptionChecks
} from "./internal/recorder/recorderModel.ts"
import { entityIdOf } from "./internal/runtime/makeRuntime.ts"
import { defaultMemoryLimit } from "./internal/runtime/runtimeModel.ts"
import type * as Metric from "./Metric.ts"
import type { MetricEvent } from "./MetricEvent.ts"
import type { CreateError, InvalidArgument, ReadError, RegisterError } from "./MetricsError.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"
import type { Report, Snapshots } from "./Snapshot.ts"

export type { Overflow } from "./internal/recorder/intake.ts"
export type { Detail as LoggingDetail } from "./internal/recorder/logging.ts"
export type {
  DeltaReader,
  RecorderOptions,
  RecorderService,
  RegisterOptions
} from "./internal/recorder/recorderModel.ts"
export type { RecorderState, Stats } from "./Stats.ts"

/** The recorder service, and the functions with which components use it. */
export class Recorder extends Context.Service<Recorder, RecorderService>()(recorderKey) {
  /**
   * Emits an event. It never fails and needs nothing: without a recorder it does nothing. The recorder is that of the
   * calling fiber, so provide it where the component is used (`Layer.provideMerge`), not only to the component's layer.
   * A refused event is counted in the recorder's stats. Under `"backpressure"` it waits for room. To learn whether an
   * event was accepted, use the method of the service: `(yield* Recorder).emit(event)`. `Recorder.emit<CacheEvent>(...)`
   * accepts only events of that family.
   */
  static readonly emit = <E extends MetricEvent>(event: E): Effect.Effect<void> => new EmitEffect(event)

  /**
   * Registers a metric, or a set of metrics, during set-up. Does nothing without a recorder. Fails, with an error that
   * says what to do, if the metric cannot be measured, so that a mistake is found at the start.
   */
  static readonly register = (
    metric: Metric.Any | Metric.MetricSet,
    options?: RegisterOptions
  ): Effect.Effect<void, RegisterError> =>
    Effect.withFiber((fiber) => {
      const recorder = Context.getOrUndefined(fiber.context, Recorder)
      return recorder === undefined ? Effect.void : recorder.register(metric, options)
    })

  /**
   * Emits an event made from the exit of an effect, however it ended, interruption included. If the function returns
   * `undefined`, nothing is emitted. The effect's result is unchanged, even if the event is refused.
   *
   * @example
   * ```ts
   * import { Effect, Exit } from "effect"
   * import { Recorder } from "mvx-metrics"
   *
   * const save = Effect.fn("save")(
   *   function* (content: string) {
   *     return content.length
   *   },
   *   Recorder.onExit((exit) => ({
   *     _tag: "document_storage.save.attempt",
   *     outcome: Exit.isSuccess(exit) ? "SUCCESS" : "FAILURE"
   *   }))
   * )
   * await Effect.runPromise(save("text")) // 4
   * ```
   */
  static readonly onExit: {
    // The effect decides A and E, not the function: one that takes any exit must not widen them.
    <A, E>(
      event: (exit: Exit.Exit<NoInfer<A>, NoInfer<E>>) => MetricEvent | undefined
    ): <R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    // Away from a pipeline there is no effect yet: the function bounds it.
    <XA, XE>(
      event: (exit: Exit.Exit<XA, XE>) => MetricEvent | undefined
    ): <A extends XA, E extends XE, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    <A, E, R>(
      self: Effect.Effect<A, E, R>,
      event: (exit: Exit.Exit<A, E>) => MetricEvent | undefined
    ): Effect.Effect<A, E, R>
  } = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, event: (exit: Exit.Exit<A, E>) => MetricEvent | undefined) =>
    Effect.onExit(self, (exit) =>
      Effect.withFiber<void>((fiber) => {
        const recorder = Context.getOrUndefined(fiber.context, Recorder)
        if (recorder === undefined) return Effect.void
        const made = attempt(() => event(exit))
        if (made === undefined) return Effect.void
        return recorder.overflow === "backpressure" ? waitAtExit(recorder, made) : emitIn(fiber, made)
      })
    )
  )

  /** Reads the snapshots of all metrics by name, including every event accepted before the read. */
  static readonly snapshots: Effect.Effect<Snapshots, ReadError, Recorder> = Recorder.use((self) => self.snapshots)

  /** Reads the snapshots with their time, the sequence number they reach, and the accounting. */
  static readonly report: Effect.Effect<Report, ReadError, Recorder> = Recorder.use((self) => self.report)

  /**
   * Provides a recorder of the runtime, under an id, and starts it. If its `onStarting` fails, so does the layer. When
   * the scope of the layer closes, the recorder folds what it accepted and is removed. If that takes longer than its
   * `shutdownTimeout`, it goes to `Failed`.
   */
  static readonly layer = <R = never>(
    recorderId: string,
    options?: RecorderOptions<R>
  ): Layer.Layer<Recorder, CreateError, MetricsRuntime | R> =>
    Layer.effect(
      Recorder,
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        return yield* Effect.acquireRelease(runtime.createRecorder(recorderId, options), (recorder) =>
          // A stop that fails has been logged by the recorder; the runtime may have been shut down before.
          Effect.ignore(runtime.stopAndRemoveRecorder(recorder.recorderId))
        )
      })
    )

  /**
   * Makes a recorder without a runtime. It folds in process and stops with the scope, within its `shutdownTimeout`. Its
   * overflow policy is `"fail"` unless another is chosen. Without an `entityId` it gets a generated one, which is its
   * id as well.
   */
  static readonly make = <R = never>(
    options?: RecorderOptions<R>
  ): Effect.Effect<RecorderService, InvalidArgument, Scope.Scope | R> =>
    Effect.gen(function* () {
      const refusal = whyInvalidOptions(options, recorderOptionChecks)
      if (refusal !== undefined) return yield* refusal
      const entityId = entityIdOf(options?.entityId ?? "")
      const link = yield* makeInProcessLink(defaultMemoryLimit)
      const control = makeRecorder<R>(
        {
          ...options,
          recorderId: entityId,
          namespace: "",
          link,
          entityId,
          capacity: options?.capacity ?? 10_000,
          overflow: options?.overflow ?? "fail",
          logging: options?.logging ?? "normal",
          shutdownTimeout: options?.shutdownTimeout ?? "10 seconds",
          waitTimeout: options?.waitTimeout ?? "30 seconds"
        },
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

/**
 * Emits under `"backpressure"` in an uninterruptible region. The wait for room is interruptible all the same. An
 * interrupted fiber does not wait, and its event is counted as refused if there is no room.
 */
const waitAtExit = (recorder: RecorderService, event: MetricEvent): Effect.Effect<void> =>
  Effect.onInterrupt(Effect.interruptible(recorder.emit(event)), () =>
    Effect.sync(() => recorder.emitUnsafe(event))
  ).pipe(Effect.exit, Effect.asVoid)

/**
 * The result of `make`. If it throws, a value that is counted as an invalid event, because it must not hurt the
 * business.
 */
const attempt = (make: () => MetricEvent | undefined): MetricEvent | undefined => {
  try {
    return make()
  } catch {
    return null as unknown as MetricEvent
  }
}
