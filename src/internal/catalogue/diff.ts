/**
 * What changes between two versions of definitions.
 */
import { type Change, changeOf, inOrder } from "./changes.ts"
import type { DescribedMetric } from "./describedMetric.ts"
import { changesOf } from "./metricChanges.ts"

/** The changes from the old metrics to the new ones, the gravest first. */
export const diffOf = (
  old: ReadonlyArray<DescribedMetric>,
  now: ReadonlyArray<DescribedMetric>
): ReadonlyArray<Change> => {
  const [before, after] = [byName(old), byName(now)]
  const removed = [...before.values()].filter(({ name }) => !after.has(name))
  const added = [...after.values()].filter(({ name }) => !before.has(name))
  const renamed = renames(removed, added)
  const isNew = new Set(renamed.values())
  const changes = [
    ...removed.flatMap((metric) => {
      const other = renamed.get(metric)
      return other === undefined
        ? [changeOf(metric, { code: "metric-removed", what: "is removed" })]
        : [renaming(metric, other), ...changesOf(metric, other)]
    }),
    ...[...before.values()].flatMap((metric) => {
      const other = after.get(metric.name)
      return other === undefined ? [] : changesOf(metric, other)
    }),
    ...added.flatMap((metric) =>
      isNew.has(metric) ? [] : [changeOf(metric, { code: "metric-added", what: "is added" })]
    )
  ]
  return inOrder(changes)
}

const byName = (metrics: ReadonlyArray<DescribedMetric>): ReadonlyMap<string, DescribedMetric> =>
  new Map(metrics.map((metric) => [metric.name, metric]))

// --- names

/** Those that are the same but for the name, if there is one only that can be meant. */
const renames = (
  removed: ReadonlyArray<DescribedMetric>,
  added: ReadonlyArray<DescribedMetric>
): ReadonlyMap<DescribedMetric, DescribedMetric> =>
  new Map(
    removed.flatMap((metric) => {
      const key = apartFromName(metric)
      const others = added.filter((each) => apartFromName(each) === key)
      const same = removed.filter((each) => apartFromName(each) === key)
      return others.length === 1 && same.length === 1 ? [[metric, others[0]!] as const] : []
    })
  )

const apartFromName = ({
  dimensions,
  events,
  filter,
  kind,
  labels,
  measures,
  settings,
  state,
  unit
}: DescribedMetric) => JSON.stringify([dimensions, events, filter, kind, labels, measures, settings, state, unit])

const renaming = (old: DescribedMetric, now: DescribedMetric): Change => {
  const [samples, others] = [old, now].map(({ exposed }) => exposed.map(({ sample }) => sample).join(", "))
  const inPrometheus = samples === others ? `is still ${samples}` : `was ${samples} and is ${others}`
  return changeOf(old, {
    code: "metric-renamed",
    what: `is now called ${now.name}; in Prometheus it ${inPrometheus}`,
    before: old.name,
    after: now.name
  })
}
