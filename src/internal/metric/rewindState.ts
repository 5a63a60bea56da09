import { mapValues } from "../util/mapValues.ts"
import { type Labelled, labelledParts } from "./definition/labelledParts.ts"
import type * as Metric from "./definition/metric.ts"
import { kindOf } from "./instruments/kinds.ts"
import { rewoundState, type SeriesState } from "./instruments/series.ts"

type ByName = { readonly [name: string]: unknown }

/** The state of any metric for a reader whose clock is at `now`: see {@link rewoundState}. Most stay as they are. */
export const rewindState = (metric: Metric.Any, state: unknown, now: number): unknown => {
  if (!hasTimes(metric)) return state
  const { initial, instrument, sources } = metric
  if (instrument !== undefined) return rewoundState(kindOf(instrument).measure, state as SeriesState<unknown>, now)
  if (sources !== undefined)
    return mapValues(sources, (source, name) => rewindState(source, (state as ByName)[name], now))
  const { metric: one } = labelledParts(initial)!
  const { series } = state as Labelled
  return { ...(state as Labelled), series: mapValues(series, (own) => rewindState(one, own, now)) }
}

/** Whether a state contains times that a clock may reach again: those of windows, and of series that expire. */
export const hasTimes = ({ initial, instrument, sources }: Metric.Any): boolean => {
  if (instrument !== undefined) {
    return instrument.expireAfter !== undefined || kindOf(instrument).measure.rewind !== undefined
  }
  if (sources !== undefined) return Object.values(sources).some(hasTimes)
  const labelled = labelledParts(initial)
  return labelled !== undefined && hasTimes(labelled.metric)
}
