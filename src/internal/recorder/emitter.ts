/**
 * The emitter of a component. A component registers its metrics once, and emits events through the emitter that it
 * gets.
 *
 * An emitter is bound to a recorder, so it counts wherever the component is used. Without a recorder it does nothing, and
 * the component runs the same. It accepts only the events that the metrics read.
 *
 * @example
 * ```ts
 * import { Duration, Effect, Exit, Layer, Schema } from "effect"
 * import { Metric, MetricsLayer, Recorder } from "mvx-metrics"
 *
 * const SaveEvent = Schema.TaggedUnion({
 *   "document.save": { outcome: Schema.Literals(["SUCCESS", "FAILURE"]), seconds: Schema.Number }
 * })
 * const Saves = Metric.counter("document.saves", { events: SaveEvent, labels: ["outcome"] })
 *
 * const program = Effect.gen(function* () {
 *   const metrics = yield* Recorder.register(Saves)
 *   const save = (content: string) =>
 *     Effect.succeed(content.length).pipe(
 *       metrics.track((exit, { duration }) => ({
 *         _tag: "document.save",
 *         outcome: Exit.isSuccess(exit) ? "SUCCESS" : "FAILURE",
 *         seconds: Duration.toSeconds(duration)
 *       }))
 *     )
 *   yield* save("text")
 *   return yield* (yield* Recorder).snapshot(Saves)
 * })
 *
 * const Metrics = Recorder.layer("documents").pipe(
 *   Layer.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
 * )
 * const { dimensions } = await Effect.runPromise(Effect.provide(program, Metrics))
 * dimensions // { value: 1, series: [{ labels: { outcome: "SUCCESS" }, value: 1 }] }
 * ```
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { MetricEvent } from "../model/event.ts"

/**
 * The time that a tracked effect took, by the monotonic time of its fiber's `Clock`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Timing {
  readonly duration: Duration.Duration
}

/**
 * Emits events to one recorder. Its functions need nothing in the environment, and can be taken out of the object.
 *
 * @category models
 * @since 0.2.0
 */
export interface Emitter<in E extends MetricEvent> {
  /**
   * Emits an event, with the time of the fiber's `Clock`. It never fails: a refused event is counted in the recorder's
   * stats. Under `"backpressure"` it waits for room, for up to `backpressureTimeout`.
   */
  readonly emit: (event: E) => Effect.Effect<void>
  /**
   * Emits an event synchronously, for hot loops and code without Effect. Returns whether it was accepted, and `false`
   * without a recorder. It never throws and never waits. The time is that of the clock the recorder was made with.
   */
  readonly emitUnsafe: (event: E) => boolean
  /**
   * Emits an event made from the exit of an effect, however it ended, interruption included. If the function returns
   * `undefined`, nothing is emitted. The effect's result is unchanged, even if the event is refused or the function
   * throws, which counts as an invalid event and is logged once for each emitter.
   *
   * TypeScript does not check an object that a function returns for further fields, so a misspelt optional field compiles.
   * Annotate the return type to have it checked: `(exit): SaveEvent => ({ ... })`.
   *
   * @example
   * ```ts
   * import { Effect, Exit, Schema } from "effect"
   * import { Metric, Recorder } from "mvx-metrics"
   * import { TestRecorder } from "mvx-metrics/testing"
   *
   * const SaveEvent = Schema.TaggedUnion({ "document.save": { saved: Schema.Boolean } })
   * const Saved = Metric.ratio("document.saved", { events: SaveEvent, hits: "saved" })
   *
   * const test = Effect.gen(function* () {
   *   const metrics = yield* Recorder.register(Saved)
   *   const save = Effect.fail("the disk is full").pipe(
   *     metrics.onExit((exit) => ({ _tag: "document.save", saved: Exit.isSuccess(exit) }))
   *   )
   *   yield* Effect.exit(save)
   *   return (yield* (yield* Recorder).snapshot(Saved)).dimensions
   * })
   * Effect.runSync(Effect.provide(test, TestRecorder.layerSync())) // { ratio: 0, hits: 0, total: 1 }
   * ```
   */
  readonly onExit: {
    // The effect determines A and E, not the function: a function that accepts any exit must not widen them.
    <A, Err>(
      event: (exit: Exit.Exit<NoInfer<A>, NoInfer<Err>>) => E | undefined
    ): <R>(self: Effect.Effect<A, Err, R>) => Effect.Effect<A, Err, R>
    // Outside a pipeline there is no effect yet, so the function bounds it.
    <XA, XE>(
      event: (exit: Exit.Exit<XA, XE>) => E | undefined
    ): <A extends XA, Err extends XE, R>(self: Effect.Effect<A, Err, R>) => Effect.Effect<A, Err, R>
    <A, Err, R>(
      self: Effect.Effect<A, Err, R>,
      event: (exit: Exit.Exit<A, Err>) => E | undefined
    ): Effect.Effect<A, Err, R>
  }
  /**
   * Does what `onExit` does, and also passes the duration of the effect to the function, by the monotonic time of the
   * `Clock`.
   */
  readonly track: {
    <A, Err>(
      event: (exit: Exit.Exit<NoInfer<A>, NoInfer<Err>>, timing: Timing) => E | undefined
    ): <R>(self: Effect.Effect<A, Err, R>) => Effect.Effect<A, Err, R>
    <XA, XE>(
      event: (exit: Exit.Exit<XA, XE>, timing: Timing) => E | undefined
    ): <A extends XA, Err extends XE, R>(self: Effect.Effect<A, Err, R>) => Effect.Effect<A, Err, R>
    <A, Err, R>(
      self: Effect.Effect<A, Err, R>,
      event: (exit: Exit.Exit<A, Err>, timing: Timing) => E | undefined
    ): Effect.Effect<A, Err, R>
  }
}
