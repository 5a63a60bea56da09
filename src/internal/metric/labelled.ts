/** Labels for a hand-written metric: one state for each combination of label values. */
import type { MetricEvent } from "../model/event.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import { mapValues } from "../util/mapValues.ts"
import { allSteps } from "../util/steps.ts"
import { define } from "./definition/define.ts"
import { inner, made } from "./definition/fingerprint.ts"
import { DefaultMaxSeries, type LabelValue, labelValue, type Source, sourceValue } from "./definition/instrument.ts"
import { initialLabelled, type Labelled, labelledParts } from "./definition/labelledParts.ts"
import type * as Metric from "./definition/metric.ts"
import { byKey } from "./instruments/mergeStates.ts"
import { keyOf, OverflowKey, seriesKey, together } from "./instruments/series.ts"
import { tooMany } from "./instruments/view.ts"
import { hasTimes, rewindState } from "./rewindState.ts"

export const labelledStates = (metric: Metric.Any, labels: ReadonlyArray<readonly [string, Source]>): Metric.Any => {
  const { merge, minus } = metric
  if (merge === undefined) {
    throw new InvalidArgument({
      metric: metric.name,
      argument: "merge",
      reason: "is required to add labels. Pass merge to Metric.make"
    })
  }
  if (labelledParts(metric.initial) !== undefined) {
    throw new InvalidArgument({
      metric: metric.name,
      argument: "labels",
      reason: "this metric already has labels. Pass all labels in one call"
    })
  }
  const initial = initialLabelled(
    metric,
    labels.map(([name]) => name)
  )
  const timed = hasTimes(metric)
  const labelled = (reducer: Metric.Reducer<unknown, MetricEvent>) =>
    made(
      (state: Labelled, event: MetricEvent, at: number) => {
        const values = labels.map(([, source]) => labelValue(sourceValue(source, event, at)))
        const key = seriesKey(DefaultMaxSeries, state.series, keyOf(values))
        const before = Object.hasOwn(state.series, key) ? state.series[key] : metric.initial
        const after = reducer(before, event, at)
        if (Object.is(after, before)) return state
        const series = timed ? mapValues(state.series, (each) => rewindState(metric, each, at)) : state.series
        return { ...state, series: { ...series, [key]: after } }
      },
      () => ["labelled", labels, inner(metric)]
    )
  const view = ({ series }: Labelled, now: number) => {
    let total: unknown = null
    for (const state of Object.values(series)) total = together(merge, total, state, now)
    const shown = Object.entries(series).flatMap(([key, state]) =>
      key === OverflowKey ? [] : [{ labels: named(labels, key), ...(metric.view(state, now) as object) }]
    )
    return {
      ...(metric.view(total ?? metric.initial, now) as object),
      series: shown,
      ...(Object.hasOwn(series, OverflowKey) && {
        overflow: {
          ...(metric.view(series[OverflowKey], now) as object),
          ...allSteps(tooMany(labels, shown))
        }
      })
    }
  }
  return define({
    name: metric.name,
    events: metric.events,
    initial,
    reduce: mapValues(metric.reduce, labelled),
    view,
    merge: (left: Labelled, right: Labelled, now?: number): Labelled => ({
      ...left,
      series: byKey(left.series, right.series, merge, now)
    }),
    minus:
      minus === undefined
        ? undefined
        : (later: Labelled, earlier: Labelled): Labelled => ({
            ...later,
            series: mapValues(later.series, (state, key) =>
              Object.hasOwn(earlier.series, key) ? minus(state, earlier.series[key]) : state
            )
          }),
    description: metric.description,
    unit: metric.unit,
    instrument: undefined,
    sources: undefined
  })
}

const named = (
  labels: ReadonlyArray<readonly [string, Source]>,
  key: string
): { readonly [name: string]: LabelValue } => {
  const values = JSON.parse(key) as ReadonlyArray<LabelValue>
  return Object.fromEntries(labels.map(([name], i) => [name, values[i] ?? null]))
}
