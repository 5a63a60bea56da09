/** Checks definitions: names, units, labels, boundaries, and events that no metric reads. */
import { fieldsRead } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { eventFields } from "../metric/instruments/eventFields.ts"
import type { Family } from "../model/event.ts"
import { checkBoundaries } from "./checkBoundaries.ts"
import { checkLabels } from "./checkLabels.ts"
import { checkClashes, checkName } from "./checkNames.ts"
import { checkUnit } from "./checkUnits.ts"
import { checkConvention } from "./conventions.ts"
import { type Finding, type Found, finding, gravities } from "./findings.ts"

function* checkDescription({ description = "" }: Metric.Any): Iterable<Found> {
  if (description.trim() !== "") return
  yield {
    code: "description-missing",
    message: "has no description",
    advice: "Say what it measures: exporters send it as the help text"
  }
}

const checks = [checkName, checkConvention, checkUnit, checkLabels, checkBoundaries, checkDescription]

/** The findings about metrics that are registered together, the most severe first. */
export const findingsOf = (metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<Finding> => {
  const all = [
    ...metrics.flatMap((metric) => checks.flatMap((check) => placed(metric.name, check(metric)))),
    ...checkClashes(metrics),
    ...checkEvents(metrics)
  ]
  return gravities.flatMap((severity) => all.filter((each) => each.severity === severity))
}

const placed = (place: string, found: Iterable<Found>): ReadonlyArray<Finding> =>
  Array.from(found, (each) => finding(place, each))

/** Includes the sources of metrics. */
const withSources = (metric: Metric.Any): ReadonlyArray<Metric.Any> =>
  metric.sources === undefined ? [metric] : Object.values(metric.sources).flatMap(withSources)

/** Events and fields that no metric reads are emitted, and paid for, without effect. */
const checkEvents = (metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<Finding> => {
  const readers = metrics.flatMap(withSources)
  const families = [...new Set(readers.map(({ events }) => events))]
  const tags = new Map(families.flatMap((family) => Object.keys(family.cases).map((tag) => [tag, family] as const)))
  return Array.from(tags).flatMap(([tag, family]) => placed(tag, checkEvent(readers, tag, family)))
}

function* checkEvent(readers: ReadonlyArray<Metric.Any>, tag: string, family: Family): Iterable<Found> {
  const own = readers.filter(({ reduce }) => Object.hasOwn(reduce, tag))
  if (own.length === 0) {
    yield { code: "event-unread", message: "is read by no metric", advice: "Read it, or leave it out of the family" }
    return
  }
  const read = own.map(fieldsRead)
  // A function may read any field.
  if (read.includes(undefined)) return
  const known = new Set(["_tag", ...read.flatMap((fields) => fields ?? [])])
  for (const field of eventFields(family, tag) ?? []) {
    if (known.has(field)) continue
    yield {
      code: "field-unread",
      message: `has the field ${field}, which no metric reads`,
      advice: "Leave it out, or accept this: it costs nothing in the fold, but something in the flight recorder",
      part: field
    }
  }
}
