/**
 * The names of labels beside the attributes of the library, the same in every exporter. An attribute of the library keeps
 * its name; a label that would take it is called `exported_...`, as Prometheus does with labels in its own way.
 */

import { labelName } from "../naming/names.ts"
import { Duplicate } from "./duplicates.ts"
import { type Attributes, OverflowAttribute } from "./metricData.ts"
import { NamespaceAttribute, RecorderAttribute } from "./recorderAttribute.ts"

/** Attributes of all data, and the labels that Prometheus itself gives to parts of a point. */
const always = [NamespaceAttribute, RecorderAttribute, OverflowAttribute, Duplicate, "le", "quantile"]

const Exported = "exported_"

/**
 * From the names of all labels of a metric to those that exporters show. Names are the same where Prometheus could not
 * tell them apart. `own`: attributes that the library adds to data of this kind.
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

/** Attributes, and labels under those names. Not by assignment, which would take `__proto__` for something else. */
export const withLabels = (
  attributes: Attributes,
  labels: Attributes,
  names: ReadonlyMap<string, string>
): Attributes =>
  Object.fromEntries([
    ...Object.entries(attributes),
    ...Object.entries(labels).map(([label, value]) => [names.get(label) ?? label, value] as const)
  ])
