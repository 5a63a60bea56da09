/** The changes between two versions of definitions. */
import { type Change, changeOf, inOrder, renamed } from "./changes.ts"
import type { DescribedMetric } from "./describedMetric.ts"
import { changesOf } from "./metricChanges.ts"

/** The changes from the old metrics to the new ones, the most severe first. */
export const diffOf = (
  old: ReadonlyArray<DescribedMetric>,
  now: ReadonlyArray<DescribedMetric>
): ReadonlyArray<Change> => inOrder([...changes(byName(old), byName(now))])

const byName = (metrics: ReadonlyArray<DescribedMetric>): ReadonlyMap<string, DescribedMetric> =>
  new Map(metrics.map((metric) => [metric.name, metric]))

function* changes(before: ReturnType<typeof byName>, after: ReturnType<typeof byName>): Iterable<Change> {
  const removed = [...before.values()].filter(({ name }) => !after.has(name))
  const added = [...after.values()].filter(({ name }) => !before.has(name))
  const others = renamed(removed, added, apartFromName)
  for (const metric of removed) {
    const other = others.get(metric)
    if (other === undefined) yield changeOf(metric, { code: "metric-removed", what: "is removed" })
    else {
      yield renaming(metric, other)
      yield* changesOf(metric, other)
    }
  }
  for (const metric of before.values()) {
    const other = after.get(metric.name)
    if (other !== undefined) yield* changesOf(metric, other)
  }
  const isNew = new Set(others.values())
  for (const metric of added) {
    if (!isNew.has(metric)) yield changeOf(metric, { code: "metric-added", what: "is added" })
  }
}

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
