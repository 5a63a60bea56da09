import * as Effect from "effect/Effect"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import { metricsOf } from "../metric/metricSet.ts"
import { refuse } from "../model/optionChecks.ts"
import type { MetricNotRegistered } from "../model/registerErrors.ts"
import type { Registrations } from "./registrations.ts"

/** Selects the changes of certain metrics. */
export const wantedOf = (
  given: Metric.Any | Metric.MetricSet,
  registrations: Registrations
): Effect.Effect<(change: MetricChange) => boolean, MetricNotRegistered> =>
  Effect.suspend(() => {
    const metrics = metricsOf(given)
    const refusal = registrations.whyNotAll(metrics)
    if (refusal !== undefined) return refuse(refusal)
    const byName = new Map(metrics.map((metric) => [metric.name, metric]))
    // The changes of a definition that has replaced one of them have another type.
    return Effect.succeed(({ snapshot }) => {
      const metric = byName.get(snapshot.name)
      return metric !== undefined && registrations.has(metric)
    })
  })
