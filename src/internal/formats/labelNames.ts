/**
 * The names of labels that do not collide with attributes of the library, the same in every exporter. An attribute of
 * the library keeps its name; a label with that name is renamed to `exported_...`, as in Prometheus.
 */

import { labelName } from "../naming/names.ts"
import { Duplicate } from "./duplicates.ts"
import { type Attributes, OverflowAttribute } from "./metricData.ts"
import { NamespaceAttribute, RecorderAttribute } from "./recorderAttribute.ts"

/** Attributes of all data, and the labels that Prometheus itself gives to parts of a point. */
const always = [NamespaceAttribute, RecorderAttribute, OverflowAttribute, Duplicate, "le", "quantile"]

const Exported = "exported_"

/**
 * Maps the names of all labels of a metric to the names that exporters show. Names count as equal if Prometheus could
 * not distinguish them. `own`: attributes that the library adds to data of this kind.
 */
export const labelNames = (labels: Iterable<string>, own: ReadonlyArray<string>): ReadonlyMap<string, string> => {
  const taken = new Set([...always, ...own].map(labelName))
  const names = new Map<string, string>()
  const clashing: Array<string> = []
  for (const label of labels) {
    const sanitised = labelName(label)
    if (taken.has(sanitised)) clashing.push(label)
    else {
      taken.add(sanitised)
      names.set(label, label)
    }
  }
  for (const label of clashing) {
    let name = Exported + label
    while (taken.has(labelName(name))) name = Exported + name
    taken.add(labelName(name))
    names.set(label, name)
  }
  return names
}

/** Attributes, and labels under those names. Plain assignment would treat `__proto__` specially. */
export const withLabels = (
  attributes: Attributes,
  labels: Attributes,
  names: ReadonlyMap<string, string>
): Attributes =>
  Object.fromEntries([
    ...Object.entries(attributes),
    ...Object.entries(labels).map(([label, value]) => [names.get(label) ?? label, value] as const)
  ])
