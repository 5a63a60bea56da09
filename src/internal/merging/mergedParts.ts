/** Merges the states of one metric from several recorders. */
import type * as Metric from "../metric/definition/metric.ts"
import { describeError } from "../util/describeError.ts"

/** States by metric name, in the form of the reducer. They fit the definitions of the reader that adds them up. */
export type Known = { readonly [name: string]: unknown }

export const together = ({ merge, name }: Metric.Any, parts: ReadonlyArray<Known>, now: number): unknown =>
  parts.map((states) => states[name]).reduce((left, right) => merge!(left, right, now))

export const whyNotMerged = ({ name }: Metric.Any, error: unknown): string =>
  `the states of "${name}" cannot be merged: ${describeError(error)}. All processes must have the same definition`

/** Resets the sources of a derived metric that are levels. */
export const withoutLevels = (
  metric: Metric.Any,
  state: unknown,
  isLevel: (metric: Metric.Any) => boolean
): unknown => {
  const { sources } = metric
  if (sources === undefined) return state
  const bySource = state as { readonly [source: string]: unknown }
  return Object.fromEntries(
    Object.entries(sources).map(([source, each]) => [
      source,
      isLevel(each) ? each.initial : withoutLevels(each, bySource[source], isLevel)
    ])
  )
}
