/** The emitter of the promise facade. */
import * as Predicate from "effect/Predicate"
import type { MetricEvent } from "../model/event.ts"
import { stopwatch } from "../util/timing.ts"
import { internalsOf } from "./internals.ts"
import type { RecorderService } from "./service.ts"

/**
 * The outcome of tracked work, as returned by `Promise.allSettled`.
 *
 * @category models
 * @since 0.2.0
 */
export type Outcome<A> = PromiseSettledResult<A>

/**
 * The time that tracked work took, in seconds.
 *
 * @category models
 * @since 0.2.0
 */
export interface Timing {
  readonly seconds: number
}

/**
 * Emits the events that a component's metrics read. Its functions can be taken out of the object.
 *
 * @category models
 * @since 0.2.0
 */
export interface Emitter<in E extends MetricEvent> {
  /**
   * Emits an event synchronously. Returns whether it was accepted; a refused event is counted in the recorder's stats. It
   * never throws and never waits.
   */
  readonly emit: (event: E) => boolean
  /**
   * Runs a function, and emits an event made from its outcome and duration: when it returns or throws, and if it returns
   * a promise, when that settles. If `event` returns `undefined`, nothing is emitted. The result of the function is
   * unchanged, even if the event is refused or `event` throws, which counts as an invalid event.
   *
   * @example
   * ```ts
   * import { Schema } from "effect"
   * import { Metric, MetricsRuntime } from "mvx-metrics/promise"
   *
   * const SaveEvent = Schema.TaggedUnion({ "document.save": { ok: Schema.Boolean, seconds: Schema.Number } })
   * const Saves = Metric.ratio("document.saves.ok", { events: SaveEvent, hits: "ok" })
   *
   * await using runtime = await MetricsRuntime.start({ namespace: "example.metrics", inProcess: true })
   * const recorder = await runtime.createRecorder("documents")
   * const metrics = await recorder.registerMetric(Saves)
   *
   * const length = await metrics.track(
   *   async () => "the document".length,
   *   ({ status }, { seconds }) => ({ _tag: "document.save", ok: status === "fulfilled", seconds })
   * )
   * length // 12
   * ```
   */
  readonly track: <A>(work: () => A, event: (outcome: Outcome<Awaited<A>>, timing: Timing) => E | undefined) => A
}

/** The emitter of a recorder of this package. The caller is responsible for the type of the events. */
export const promiseEmitterOf = (recorder: RecorderService): Emitter<MetricEvent> => {
  const { clock } = internalsOf(recorder)!
  const emit = recorder.emitUnsafe
  return Object.freeze<Emitter<MetricEvent>>({
    emit,
    track: (work, event) => {
      const elapsed = stopwatch(clock)
      let isTold = false
      const tell = (outcome: Outcome<never>): void => {
        // A thenable may settle more than once.
        if (isTold) return
        isTold = true
        const seconds = elapsed()
        let made: MetricEvent | undefined
        try {
          made = event(outcome, { seconds })
        } catch {
          // Counted as an invalid event.
          made = null as unknown as MetricEvent
        }
        if (made !== undefined) emit(made)
      }
      const fulfilled = (value: unknown) => tell({ status: "fulfilled", value: value as never })
      const rejected = (reason: unknown) => tell({ status: "rejected", reason })
      try {
        const result = work()
        if (!Predicate.isPromiseLike(result)) {
          fulfilled(result)
          return result
        }
        return result.then(
          (value) => {
            fulfilled(value)
            return value
          },
          (reason) => {
            rejected(reason)
            throw reason
          }
        ) as typeof result
      } catch (error) {
        rejected(error)
        throw error
      }
    }
  })
}
