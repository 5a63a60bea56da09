/** Selects series of a metric by the values of their labels. */
import { aRecord, whyInvalid } from "../../model/optionChecks.ts"
import { InvalidArgument } from "../../model/usageErrors.ts"
import { didYouMean } from "../../util/didYouMean.ts"
import { type LabelValue, labelValue } from "./instrument.ts"
import { labelledParts } from "./labelledParts.ts"
import type * as Metric from "./metric.ts"

/** Label values by name. A series matches if it has these values, whatever its other labels are. */
export type SeriesFilter = { readonly [label: string]: LabelValue }

/** The labels of a metric, in the order of their values in the keys of its series. Empty: it shows no series. */
export const labelsOfMetric = ({ initial, instrument }: Metric.Any): ReadonlyArray<string> =>
  instrument?.labels.map(([name]) => name) ?? labelledParts(initial)?.labels ?? []

/** Why the series of these metrics cannot be selected in this way. */
export const whyNotFilter = (metrics: ReadonlyArray<Metric.Any>, filter: unknown): InvalidArgument | undefined => {
  const invalid = (reason: string) => new InvalidArgument({ argument: "labels", reason })
  if (whyInvalid("labels", filter, aRecord) !== undefined)
    return invalid("must be an object with values of labels by name")
  for (const [label, value] of Object.entries(filter as object)) {
    if (value !== null && !["string", "number", "boolean"].includes(typeof value)) {
      return invalid(`the value of "${label}" must be a string, a number, a boolean or null`)
    }
    for (const metric of metrics) {
      const labels = labelsOfMetric(metric)
      if (labels.length === 0) return invalid(`the metric "${metric.name}" has no labels. Read it without this option`)
      if (labels.includes(label)) continue
      const meant = didYouMean(label, labels)
      return invalid(`the metric "${metric.name}" has no label "${label}", but ${labels.join(", ")}.${meant}`)
    }
  }
  return undefined
}

/** Whether the key of a series matches. */
export const fitting = (metric: Metric.Any, filter: SeriesFilter): ((key: string) => boolean) => {
  const labels = labelsOfMetric(metric)
  const most = metric.instrument?.maxLabelLength
  const wanted = Object.entries(filter).map(
    ([label, value]) => [labels.indexOf(label), labelValue(value, most)] as const
  )
  return (key) => {
    // The key of the series beyond the limit is not an array.
    if (!key.startsWith("[")) return false
    const values = JSON.parse(key) as ReadonlyArray<LabelValue>
    return wanted.every(([i, value]) => (values[i] ?? null) === value)
  }
}
