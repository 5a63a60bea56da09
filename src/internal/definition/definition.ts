/**
 * A definition as an object: made by `Metric.make` and by the instruments, once what they were given has been checked.
 */
import { pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Metric from "../../Metric.ts"
import { InvalidArgument } from "../../MetricsError.ts"
import { deepFreeze } from "../deepFreeze.ts"
import { familyOf } from "../exposition/names.ts"
import { wordsOf } from "../exposition/units.ts"
import type { Check } from "../options.ts"
import { unitCode } from "./unitCode.ts"

export const TypeId = "~mvx-metrics/Metric"

/**
 * The key of the events that a metric or a set reads, which exists as a type only. The type checker looks them up under
 * it in one step. A conditional type would cost it a step for each event of the family.
 */
export declare const EventsTypeId: "~mvx-metrics/Events"

const Proto = {
  pipe() {
    // biome-ignore lint/complexity/noArguments: the way Effect's Pipeable is implemented.
    return pipeArguments(this, arguments)
  }
}

type Parts = Omit<Metric.Any, "pipe" | typeof TypeId | typeof EventsTypeId>

/** What exporters call the metrics of the library: in Prometheus, where punctuation is lost, and in any case of letters. */
const ReservedName = /^mvx_metrics(_|$)/

/** Throws `InvalidArgument` for a name that is reserved. */
export const define = <M extends Metric.Any>(parts: Parts): M => {
  const name = parts.name.trim()
  const unit = parts.unit === undefined ? undefined : unitCode(parts.unit)
  // With the unit, which stands at the end of a name in Prometheus.
  const exposed = [wordsOf(name), familyOf({ type: "gauge", name, description: undefined, unit, points: [] }).name]
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
    return Predicate.hasProperty(value, TypeId)
  } catch {
    // A proxy of the caller's may throw.
    return false
  }
}

export const aMetric: Check = (value) =>
  isDefinition(value) ? undefined : "must be a metric, made by Metric.make or a built-in constructor"

/** Where a set may be given as well. */
export const mustBeMetric = "must be a metric or a set of metrics. Make a set with Metric.combine or Metric.module"
