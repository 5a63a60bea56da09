/**
 * The state of a metric that was given labels and has no instrument: a state of its own for each series.
 */
import type * as Metric from "./metric.ts"

export interface Labelled {
  /** Their names, in the order in which a key has their values. */
  readonly labels: ReadonlyArray<string>
  readonly series: { readonly [key: string]: unknown }
}

/** The states of such metrics before the first event, by which they are known, and the metric of each of their series. */
const metrics = new WeakMap<object, Metric.Any>()

/** The state before the first event. */
export const initialLabelled = (metric: Metric.Any, labels: ReadonlyArray<string>): Labelled => {
  const initial: Labelled = { labels, series: {} }
  metrics.set(initial, metric)
  return initial
}

/** Of the state of such a metric before the first event: its labels, and the metric of each series. */
export const labelledParts = (
  initial: unknown
): { readonly labels: ReadonlyArray<string>; readonly metric: Metric.Any } | undefined => {
  const metric = typeof initial === "object" && initial !== null ? metrics.get(initial) : undefined
  return metric && { labels: (initial as Labelled).labels, metric }
}
