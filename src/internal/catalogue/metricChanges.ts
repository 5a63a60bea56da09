/** The changes in one metric. */
import { both, type Change, changeOf, type Found, sets } from "./changes.ts"
import type { DescribedMetric } from "./describedMetric.ts"
import { labelChanges } from "./labelChanges.ts"
import { measuredUnit, settingChanges } from "./settingChanges.ts"

export const changesOf = (old: DescribedMetric, now: DescribedMetric): ReadonlyArray<Change> =>
  Array.from(found(old, now), (each) => changeOf(old, each))

function* found(old: DescribedMetric, now: DescribedMetric): Iterable<Found> {
  if (old.kind !== now.kind) {
    const what = `was a ${old.kind} and is a ${now.kind}; in Prometheus it was ${typesOf(old)} and is ${typesOf(now)}`
    yield { code: "kind-changed", what, before: old.kind, after: now.kind }
  }
  if (old.unit !== now.unit) {
    const isAnnotation = measuredUnit(old.unit) === measuredUnit(now.unit)
    const what = `had ${unitText(old)} and has ${unitText(now)}`
    yield { code: isAnnotation ? "unit-annotation-changed" : "unit-changed", what, ...both(old.unit, now.unit) }
  }
  yield* labelChanges(old, now)
  if (old.kind === now.kind) yield* settingChanges(old, now)
  yield* sets("event", old.events, now.events, "reads")
  if (old.filter !== now.filter) {
    yield { code: "filter-changed", what: now.filter ? "filters its events" : "filters its events no longer" }
  }
  // The help text of a metric without a description contains its name.
  if (old.help !== now.help && !(old.help.includes(old.name) && old.help.replace(old.name, now.name) === now.help)) {
    yield { code: "help-changed", what: "has another description", before: old.help, after: now.help }
  }
  if (old.state.shape !== now.state.shape) yield { code: "state-incompatible", what: "keeps another state" }
  else if (old.state.measured !== now.state.measured) {
    yield { code: "state-reset", what: "measures something else in the same state" }
  }
}

const typesOf = ({ exposed }: DescribedMetric): string =>
  exposed.map(({ sample, type }) => `${sample} (${type})`).join(", ")

const unitText = ({ unit }: DescribedMetric): string => (unit === undefined ? "no unit" : `the unit ${unit}`)
