/** The state of a metric that was given labels and has no instrument: one state per series. */
import type * as Metric from "./metric.ts"

export interface Labelled {
  /** The names of the labels, in the order of their values in a key. */
  readonly labels: ReadonlyArray<string>
  readonly series: { readonly [key: string]: unknown }
}

/** The initial states of such metrics, by which they are recognised, and the metric of each of their series. */
const metrics = new WeakMap<object, Metric.Any>()

/** The state before the first event. */
export const initialLabelled = (metric: Metric.Any, labels: ReadonlyArray<string>): Labelled => {
  const initial: Labelled = { labels, series: {} }
  metrics.set(initial, metric)
  return initial
}

/** For the initial state of such a metric: its labels, and the metric of each series. */
export const labelledParts = (
  initial: unknown
): { readonly labels: ReadonlyArray<string>; readonly metric: Metric.Any } | undefined => {
  const metric = typeof initial === "object" && initial !== null ? metrics.get(initial) : undefined
  return metric && { labels: (initial as Labelled).labels, metric }
}
