/** Makes the object of a definition, for `Metric.make` and the instruments, after their arguments were checked. */
import { pipeArguments } from "effect/Pipeable"
import type { Check } from "../../model/optionChecks.ts"
import { InvalidArgument } from "../../model/usageErrors.ts"
import { familyOf } from "../../naming/names.ts"
import { unitCode } from "../../naming/unitCode.ts"
import { wordsOf } from "../../naming/units.ts"
import { deepFreeze } from "../../util/deepFreeze.ts"
import type * as Metric from "./metric.ts"
import { type EventsTypeId, SetTypeId, TypeId } from "./typeIds.ts"

const Proto = {
  pipe() {
    // biome-ignore lint/complexity/noArguments: the way Effect's Pipeable is implemented.
    return pipeArguments(this, arguments)
  }
}

type Parts = Omit<Metric.Any, "pipe" | typeof TypeId | typeof EventsTypeId>

/**
 * The names that exporters give to the library's own metrics: in Prometheus, where punctuation is lost, and in any
 * case.
 */
const ReservedName = /^mvx_metrics(_|$)/

/** Throws `InvalidArgument` for a name that is reserved. */
export const define = <M extends Metric.Any>(parts: Parts): M => {
  const name = parts.name.trim()
  const unit = parts.unit === undefined ? undefined : unitCode(parts.unit)
  // Including the unit, which ends a name in Prometheus.
  const exposed = [wordsOf(name), familyOf({ type: "gauge", name, unit }).name]
  const reserved = exposed.findIndex((each) => ReservedName.test(each.toLowerCase()))
  if (reserved >= 0) {
    throw new InvalidArgument({
      metric: name,
      argument: reserved === 0 ? "name" : "unit",
      reason: `${reserved === 0 ? "begins" : "gives the metric a name that begins"} with "mvx_metrics", which is reserved for what the library counts of itself. Choose another ${reserved === 0 ? "name" : "name or unit"}`
    })
  }
  return Object.freeze(
    Object.assign(Object.create(Proto), {
      ...parts,
      [TypeId]: { _Event: undefined },
      name,
      unit,
      initial: deepFreeze(parts.initial),
      reduce: Object.freeze({ ...parts.reduce })
    })
  )
}

/** Whether a value is a definition. Never throws. */
export const isDefinition = (value: unknown): value is Metric.Any => {
  try {
    return typeof value === "object" && value !== null && TypeId in value
  } catch {
    // A proxy of the caller may throw.
    return false
  }
}

export const aMetric: Check = (value) =>
  isDefinition(value) ? undefined : "must be a metric, made by Metric.make or a built-in constructor"

/** Whether a value is a set of metrics. Never throws. */
export const isSet = (value: unknown): value is Metric.MetricSet => {
  try {
    return typeof value === "object" && value !== null && SetTypeId in value
  } catch {
    return false
  }
}

export const aMetricOrSet: Check = (value) => (isDefinition(value) || isSet(value) ? undefined : mustBeMetric)

export const metricsAndSets: Check = (value) =>
  // A copy has no holes.
  Array.isArray(value) && [...value].every((each) => aMetricOrSet(each) === undefined)
    ? undefined
    : "must be an array of metrics and sets of metrics"

/** For parameters that also accept a set. */
export const mustBeMetric = "must be a metric or a set of metrics. Make a set with Metric.combine or Metric.module"
