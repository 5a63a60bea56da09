/**
 * Checks definitions: names, units, labels, boundaries, and events that nobody reads.
 */
import type * as Metric from "../metric/definition/metric.ts"
import { checkBoundaries } from "./checkBoundaries.ts"
import { checkEvents } from "./checkEvents.ts"
import { checkLabels } from "./checkLabels.ts"
import { checkClashes, checkName } from "./checkNames.ts"
import { checkUnit } from "./checkUnits.ts"
import { checkConvention } from "./conventions.ts"
import { type Finding, finding, gravities } from "./findings.ts"

const checks: ReadonlyArray<(metric: Metric.Any) => ReadonlyArray<Finding>> = [
  checkName,
  checkConvention,
  checkUnit,
  checkLabels,
  checkBoundaries,
  ({ description = "", name }) =>
    description.trim() === ""
      ? [
          finding(
            "description-missing",
            name,
            "has no description",
            "Say what it measures: exporters send it as the help text"
          )
        ]
      : []
]

/** What is wrong with metrics that are registered together, the gravest first. */
export const findingsOf = (metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<Finding> => {
  const all = [
    ...metrics.flatMap((metric) => checks.flatMap((check) => check(metric))),
    ...checkClashes(metrics),
    ...checkEvents(metrics)
  ]
  return gravities.flatMap((severity) => all.filter((each) => each.severity === severity))
}
