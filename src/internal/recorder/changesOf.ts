import * as Stream from "effect/Stream"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import { metricsOf } from "../metric/metricSet.ts"
import { refuse } from "../model/optionChecks.ts"
import type { MetricNotRegistered } from "../model/registerErrors.ts"
import type { Registrations } from "./registrations.ts"

/** The changes of some metrics. `changes` subscribes to those that are wanted. */
export const changesOf = <E>(
  given: Metric.Any | Metric.MetricSet,
  registrations: Registrations,
  changes: (isWanted: (change: MetricChange) => boolean) => Stream.Stream<MetricChange, E>
): Stream.Stream<never, E | MetricNotRegistered> =>
  Stream.suspend((): Stream.Stream<never, E | MetricNotRegistered> => {
    const metrics = metricsOf(given)
    const refusal = registrations.whyNotAll(metrics)
    if (refusal !== undefined) return Stream.fromEffect(refuse(refusal))
    const byName = new Map(metrics.map((metric) => [metric.name, metric]))
    // A definition that has replaced one of them has changes of another type.
    return changes(({ snapshot }) => {
      const metric = byName.get(snapshot.name)
      return metric !== undefined && registrations.has(metric)
    }) as Stream.Stream<never, E>
  })
