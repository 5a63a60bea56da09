/**
 * Measures queues of Effect: how many items are in them.
 *
 * | metric | kind | unit | labels |
 * | --- | --- | --- | --- |
 * | `effect.queue.size` | gauge | {item} | `effect.queue.name` |
 * | `effect.queue.capacity` | gauge | {item} | `effect.queue.name` |
 *
 * @example
 * ```ts
 * import { Effect, Queue } from "effect"
 * import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
 * import * as Queues from "mvx-metrics/Queues"
 *
 * const program = Effect.gen(function* () {
 *   const jobs = yield* Queue.bounded<string>(100)
 *   yield* Queue.offer(jobs, "the first")
 *   yield* Queues.observe("jobs", jobs)
 *
 *   const recorder = yield* (yield* MetricsRuntime).getRecorder("queues")
 *   return (yield* recorder.snapshot(Queues.QueueMetrics))["effect.queue.size"].dimensions.series
 * }).pipe(Effect.scoped, Effect.provide(MetricsLayer.layerInProcess({ namespace: "example.metrics" })))
 *
 * const [series] = await Effect.runPromise(program)
 * series?.value // 1
 * ```
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { type Check, got, longerThanZero, notBlank, refuse, whyInvalid } from "./internal/model/optionChecks.ts"
import { type MeasureError, measuringRecorder } from "./internal/runtime/measuring.ts"
import { providedRuntime } from "./internal/runtime/provided.ts"
import { QueueMetrics } from "./internal/structures/queueMetrics.ts"
import { limitOf, sampled } from "./internal/structures/sampling.ts"
import { MetricsRuntime } from "./MetricsRuntime.ts"

export type { MeasureError } from "./internal/runtime/measuring.ts"
export { QueueEvent, QueueMetrics } from "./internal/structures/queueMetrics.ts"

/**
 * The options of {@link observe}.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /**
   * The id of the recorder. All layers and functions that use the same id in a runtime share it, including
   * `Recorder.layer`. Default: `"queues"`.
   */
  readonly recorderId?: string
  /** The interval between measurements. Default: 10 seconds. */
  readonly interval?: Duration.Input
}

/**
 * Measures a queue immediately and then at each interval, until the scope closes. `name` becomes a label, so it is one of a
 * few.
 *
 * @category running
 * @since 0.2.0
 */
export const observe = <A, E>(
  name: string,
  queue: Queue.Dequeue<A, E>,
  options: Options = {}
): Effect.Effect<void, MeasureError, MetricsRuntime | Scope.Scope> =>
  Effect.gen(function* () {
    yield* refuse(whyInvalid("name", name, notBlank) ?? whyInvalid("queue", queue, aQueue))
    const runtime = yield* providedRuntime(MetricsRuntime)
    const checks = { recorderId: notBlank, interval: longerThanZero }
    const { emitUnsafe } = yield* measuringRecorder(runtime, QueueMetrics, "queues", options, checks)
    const sample = Effect.sync(() => {
      const [size, capacity] = [Queue.sizeUnsafe(queue), limitOf(queue.capacity)]
      emitUnsafe({ _tag: "effect.queue.sample", queue: name, size, capacity })
    })
    yield* sampled(sample, options.interval ?? "10 seconds")
  })

const aQueue: Check = (value) => (Queue.isDequeue(value) ? undefined : `must be a Queue of Effect, got ${got(value)}`)
