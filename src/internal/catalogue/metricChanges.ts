/**
 * What changes in one metric.
 */
import { both, type Change, changeOf, type Found, sets } from "./changes.ts"
import type { DescribedMetric } from "./describedMetric.ts"
import { labelChanges } from "./labelChanges.ts"
import { measuredUnit, settingChanges } from "./settingChanges.ts"

export const changesOf = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Change> => {
  const isSameKind = old.kind === now.kind
  const found = [
    ...(isSameKind ? [] : kinds(old, now)),
    ...units(old, now),
    ...labelChanges(old, now),
    ...(isSameKind ? settingChanges(old, now) : []),
    ...sets("event", old.events, now.events, "reads"),
    ...(old.filter === now.filter
      ? []
      : [
          { code: "filter-changed", what: now.filter ? "filters its events" : "filters its events no longer" } as const
        ]),
    ...helps(old, now),
    ...states(old, now)
  ]
  return found.map((each) => changeOf(old, each))
}

const kinds = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Found> => {
  const typesOf = ({ exposed }: DescribedMetric) => exposed.map(({ sample, type }) => `${sample} (${type})`).join(", ")
  return [
    {
      code: "kind-changed",
      what: `was a ${old.kind} and is a ${now.kind}; in Prometheus it was ${typesOf(old)} and is ${typesOf(now)}`,
      before: old.kind,
      after: now.kind
    }
  ]
}

const units = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Found> => {
  if (old.unit === now.unit) return []
  const isAnnotation = measuredUnit(old.unit) === measuredUnit(now.unit)
  return [
    {
      code: isAnnotation ? "unit-annotation-changed" : "unit-changed",
      what: `had ${unitText(old)} and has ${unitText(now)}`,
      ...both(old.unit, now.unit)
    }
  ]
}

const unitText = ({ unit }: DescribedMetric): string => (unit === undefined ? "no unit" : `the unit ${unit}`)

const helps = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Found> => {
  // That of a metric without a description has its name.
  if (old.help === now.help || (old.help.includes(old.name) && old.help.replace(old.name, now.name) === now.help)) {
    return []
  }
  return [{ code: "help-changed", what: "has another description", before: old.help, after: now.help }]
}

const states = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Found> => {
  if (old.state.shape !== now.state.shape) return [{ code: "state-incompatible", what: "keeps another state" }]
  return old.state.measured === now.state.measured
    ? []
    : [{ code: "state-reset", what: "measures something else in the same state" }]
}
