/**
 * Pushes for programs without Effect.
 */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { internalsOf } from "../runtime/internals.ts"
import { type AnyRuntime, type Stoppable, serviceOf, startScoped } from "../runtime/withoutEffect.ts"
import { type Pushed, push } from "./push.ts"
import { pushing } from "./pushing.ts"
import type { PushingOptions, PushOptions } from "./pushOptions.ts"

/**
 * Pushes the metrics of a runtime once, without Effect, over `fetch`. Rejects with `InvalidArgument` or `PushFailed`.
 *
 * @example
 * ```ts
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.jobs" })
 * const push = Prometheus.pushFrom(runtime, { url: "http://localhost:9091", job: "nightly", pushTimeout: "1 second" })
 * const outcome = await push.then(
 *   ({ bytes }) => `${bytes} bytes have arrived`,
 *   (error) => error.message
 * )
 * await runtime.shutdown()
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const pushFrom = async (runtime: AnyRuntime, options: PushOptions): Promise<Pushed> => {
  const service = serviceOf(runtime)
  const pushed = Effect.provide(push(service, options), FetchHttpClient.layer)
  return Effect.runPromiseWith(internalsOf(service).context)(pushed)
}

/**
 * A running series of pushes. `stop` pushes once more: call it before `runtime.shutdown()`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Pushing extends Stoppable {
  /** Pushes the present metrics. Rejects with `PushFailed`. */
  readonly push: () => Promise<Pushed>
}

/**
 * Pushes the metrics of a runtime at an interval, as {@link layerPush} does, without Effect, over `fetch`. Rejects with
 * `InvalidArgument`.
 *
 * @example
 * ```ts
 * import { MetricsRuntime } from "mvx-metrics/promise"
 * import * as Prometheus from "mvx-metrics/Prometheus"
 *
 * const runtime = await MetricsRuntime.start({ namespace: "example.metrics" })
 * const url = "http://localhost:9090/api/v1/write"
 * const pushing = await Prometheus.startPush(runtime, { protocol: "remote-write", url, shutdownTimeout: "1 second" })
 * await pushing.stop()
 * await runtime.shutdown()
 * ```
 *
 * @category exporting
 * @since 0.2.0
 */
export const startPush = async (runtime: AnyRuntime, options: PushingOptions): Promise<Pushing> => {
  const service = serviceOf(runtime)
  const { context } = internalsOf(service)
  const started = Effect.provide(pushing(service, options), FetchHttpClient.layer)
  const [pushNow, stoppable] = await startScoped(context, started)
  return { push: () => Effect.runPromiseWith(context)(pushNow), ...stoppable }
}
