/** What the fold answers to reads, in the public form. */
import type * as Metric from "../metric/definition/metric.ts"
import type { Snapshot, Snapshots, States } from "../metric/definition/snapshot.ts"
import { stateOf } from "../metric/definition/stateShape.ts"
import { isMetricSet } from "../metric/metricSet.ts"
import type { StateRead } from "../stream/foldMessages.ts"
import type { OfMetric } from "./registrations.ts"

export type Definitions = ReadonlyMap<string, Metric.Any>

/** The fold's answer, the definitions at that time by name, and the read's place in the order of events. */
export interface Answer<A> {
  readonly at: number
  readonly sequence: number
  readonly definitions: Definitions
  readonly read: ReadonlyArray<A>
}

export const ofMetrics = <A>(
  { definitions, read }: Answer<A>,
  nameOf: (each: A) => string
): ReadonlyArray<OfMetric<A>> => read.map((each) => ({ ...each, metric: definitions.get(nameOf(each))! }))

export const statesOf = (read: ReadonlyArray<OfMetric<StateRead>>): States =>
  Object.fromEntries(read.map(({ metric, name, state }) => [name, stateOf(metric, state)]))

/** By name. */
export const byName = (read: ReadonlyArray<Snapshot>): Snapshots =>
  Object.fromEntries(read.map((snapshot) => [snapshot.name, snapshot]))

/** The snapshot of a metric, or those of a set by name, following the overloads of `snapshot`. */
export const snapshotsOf = (given: Metric.Any | Metric.MetricSet, all: Snapshots): never =>
  (isMetricSet(given)
    ? Object.fromEntries(given.metrics.map(({ name }) => [name, all[name]]))
    : all[given.name]) as never
