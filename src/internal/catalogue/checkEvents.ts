/**
 * Events and fields that nobody reads: they are sent, and their cost is paid, for nothing.
 */
import { fieldsRead } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { eventFields } from "../metric/instruments/eventFields.ts"
import { type Finding, finding } from "./findings.ts"

/** Those that metrics are made of, too. */
const withSources = (metric: Metric.Any): ReadonlyArray<Metric.Any> =>
  metric.sources === undefined ? [metric] : Object.values(metric.sources).flatMap(withSources)

export const checkEvents = (metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<Finding> => {
  const readers = metrics.flatMap(withSources)
  const families = [...new Set(readers.map(({ events }) => events))]
  const tags = new Map(families.flatMap((family) => Object.keys(family.cases).map((tag) => [tag, family] as const)))
  return Array.from(tags).flatMap(([tag, family]): ReadonlyArray<Finding> => {
    const own = readers.filter(({ reduce }) => Object.hasOwn(reduce, tag))
    if (own.length === 0) {
      return [finding("event-unread", tag, "is read by no metric", "Read it, or leave it out of the family")]
    }
    const read = own.map(fieldsRead)
    // A function may read any field.
    if (read.includes(undefined)) return []
    const known = new Set(["_tag", ...read.flatMap((fields) => fields ?? [])])
    return (eventFields(family, tag) ?? []).flatMap((field) =>
      known.has(field)
        ? []
        : [
            finding(
              "field-unread",
              tag,
              `has the field ${field}, which no metric reads`,
              "Leave it out, or accept this: it costs nothing in the fold, but something in the flight recorder",
              field
            )
          ]
    )
  })
}
