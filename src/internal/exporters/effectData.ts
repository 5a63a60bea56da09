/** The metrics of an Effect registry as data of exporters, without those that this package shows there. */
import * as Context from "effect/Context"
import * as EffectMetric from "effect/Metric"
import { type Attributes, type MetricData, shapeKey } from "../formats/metricData.ts"
import { unitCode } from "../naming/unitCode.ts"
import { oncePer } from "../util/oncePer.ts"
import { isShownByUs } from "./shownInEffect.ts"

/** The label that Effect's own exporters use for the values of a frequency. */
const KeyAttribute = "key"

let registries = 0
const kindOf = oncePer((_registry: object) => `effect ${++registries}`)

/** To be shown in addition to a runtime. */
export const effectMetricsOf = (context: Context.Context<never>) => {
  const kind = kindOf(Context.get(context, EffectMetric.MetricRegistry))
  return { kind, read: () => effectData(context) }
}

/** Everything that can be read, merged by name and shape. */
const effectData = (context: Context.Context<never>): ReadonlyArray<MetricData> => {
  const byShape = new Map<string, MetricData>()
  for (const { hooks, ...metric } of Context.get(context, EffectMetric.MetricRegistry).values()) {
    if (isShownByUs(hooks.get)) continue
    const data = read({ ...metric, hooks }, context)
    if (data === undefined) continue
    const key = shapeKey(data)
    const known = byShape.get(key)
    const points = [...(known?.points ?? []), ...data.points]
    byShape.set(key, { ...data, points } as MetricData)
  }
  return [...byShape.values()]
}

/** `undefined`: the hooks of the metric, which may be of the application, failed. */
const read = (
  { attributes = {}, description, hooks, id, type }: EffectMetric.Metric.Metadata<never, unknown>,
  context: Context.Context<never>
): MetricData | undefined => {
  const { time_unit, unit = time_unit, ...labels } = attributes
  const named = { name: id, description, unit: unit === undefined ? undefined : unitCode(unit) }
  try {
    const snapshot = { id, type, description, attributes, state: hooks.get(context) } as EffectMetric.Metric.Snapshot
    return { ...named, ...shapeOf(snapshot, labels) } as MetricData
  } catch {
    return undefined
  }
}

const shapeOf = (snapshot: EffectMetric.Metric.Snapshot, attributes: Attributes): object => {
  switch (snapshot.type) {
    case "Counter": {
      const { count, incremental } = snapshot.state
      return { type: "sum", monotonic: incremental, points: [{ attributes, value: Number(count) }] }
    }
    case "Gauge":
      return { type: "gauge", points: [{ attributes, value: Number(snapshot.state.value) }] }
    case "Frequency": {
      const points = Array.from(snapshot.state.occurrences, ([key, value]) => ({
        attributes: { ...attributes, [KeyAttribute]: key },
        value
      }))
      return { type: "sum", monotonic: true, points }
    }
    case "Histogram": {
      const { buckets, count, max, min, sum } = snapshot.state
      const finite = buckets.filter(([boundary]) => Number.isFinite(boundary))
      const upTo = [...finite.map(([, total]) => total), count]
      const point = {
        attributes,
        count,
        sum,
        sumFalls: min < 0,
        ...extremes(count, min, max),
        boundaries: finite.map(([boundary]) => boundary),
        counts: upTo.map((total, i) => total - (upTo[i - 1] ?? 0))
      }
      return { type: "histogram", points: [point] }
    }
    case "Summary": {
      const { count, min, quantiles, sum } = snapshot.state
      const known = quantiles.flatMap(([quantile, value]) => (value === undefined ? [] : [[quantile, value] as const]))
      return { type: "summary", points: [{ attributes, count, sum, sumFalls: min < 0, quantiles: known }] }
    }
  }
}

const extremes = (count: number, min: number, max: number) => (count === 0 ? { min: null, max: null } : { min, max })
