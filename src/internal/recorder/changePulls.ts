/** The source of streams of changes, and of iterators for programs without Effect. */
import type * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import type { RecorderFailed } from "../model/recorderErrors.ts"
import type { MetricNotRegistered } from "../model/registerErrors.ts"

/** Returns the changes that have arrived, or waits for some. */
export type ChangePull = Pull.Pull<readonly [MetricChange, ...Array<MetricChange>], RecorderFailed>

/** Subscribes until the scope closes. */
export type Subscribe<E = never> = Effect.Effect<ChangePull, E, Scope.Scope>

/** See the streams of the service. */
export interface ChangePulls {
  readonly changes: Subscribe
  readonly changesOf: (metrics: Metric.Any | Metric.MetricSet) => Subscribe<MetricNotRegistered>
  readonly latestChanges: Subscribe
}
