/**
 * Registers and resets metrics, for any kind of fold. A set is registered as a whole or not at all: every reason
 * against it is checked before anything is changed.
 */
import * as Effect from "effect/Effect"
import type * as Metric from "../metric/definition/metric.ts"
import { metricsOf } from "../metric/metricSet.ts"
import type { MetricNotRegistered, RegisterError } from "../model/registerErrors.ts"
import type { InvalidArgument, InvalidState } from "../model/usageErrors.ts"
import type { RegisterOptions } from "./options.ts"
import type { Registrations } from "./registrations.ts"

/** A recorder in which metrics are registered. */
export interface Registrar {
  readonly registrations: Registrations
  /** Why it accepts no metrics at present. */
  readonly whyClosedForMetrics: () => InvalidState | undefined
  /**
   * Passes these metrics to the fold, immediately or later: `settle` runs `put` for each of them in order. If it
   * throws, `settle` never runs.
   */
  readonly putMetrics: (
    metrics: ReadonlyArray<Metric.Any>,
    settle: (put: (metric: Metric.Any) => void) => void
  ) => Effect.Effect<void>
}

export const registerMetrics = (
  registrar: Registrar,
  given: Metric.Any | Metric.MetricSet,
  options: RegisterOptions | undefined
): Effect.Effect<void, RegisterError> =>
  Effect.suspend((): Effect.Effect<void, RegisterError> => {
    const { registrations } = registrar
    const metrics = metricsOf(given)
    for (const metric of metrics) {
      const refusal = registrations.whyNot(metric, options, given) ?? registrar.whyClosedForMetrics()
      if (refusal !== undefined) return registrations.refuse(refusal)
    }
    const fresh = registrations.fresh(metrics, options)
    if (fresh.length === 0) return Effect.void
    const collision = registrations.claim(fresh)
    if (collision !== undefined) return registrations.refuse(collision)
    const replaced = registrations.replacedBy(fresh)
    try {
      registrations.add(fresh)
      return registrar.putMetrics(fresh, (put) => {
        for (const metric of fresh) {
          put(metric)
          registrations.tell(metric)
        }
        for (const metric of replaced) registrations.left(metric)
      })
    } catch (defect) {
      registrations.takeBack(fresh, replaced)
      throw defect
    }
  })

/** Why this metric, or all of them, cannot be reset at present. */
export const whyNotReset = (
  registrar: Registrar,
  metric: Metric.Any | undefined
): InvalidArgument | MetricNotRegistered | InvalidState | undefined =>
  (metric === undefined ? undefined : registrar.registrations.whyNotRead(metric)) ?? registrar.whyClosedForMetrics()
