/**
 * What an instrument shows: its series, all of them together, and what is remarkable.
 */
import { looksCut } from "../../util/cutText.ts"
import { type Instrument, type LabelValue, MostOfLabel } from "../definition/instrument.ts"
import { type Kind, kindOf } from "./kinds.ts"
import { labelsOf, OverflowKey, type SeriesState, together, withoutIdle } from "./series.ts"

/** From a state to dimensions. `now`: milliseconds since the Unix epoch. */
export const view = (instrument: Instrument, state: SeriesState<unknown>, now: number): object => {
  const kind = kindOf(instrument)
  const live = withoutIdle(instrument, kind.measure, state, now)
  const labelled = instrument.labels.length > 0
  return {
    ...(kind.adds || !labelled ? { ...kind.show(total(kind, live, now), now), ...kind.frame } : {}),
    ...(labelled && { series: seriesOf(instrument, kind, live, now) }),
    ...overflow(instrument, kind, live, now),
    ...cutSeries(instrument, Object.keys(live.series)),
    ...(live.rejected > 0 && { rejected: live.rejected })
  }
}

/** How many series have a label value that was cut, where there are any. */
export const cutSeries = (
  { labels, maxLabelLength = MostOfLabel }: Instrument,
  keys: Iterable<string>
): { readonly cut?: number } => {
  if (labels.length === 0) return {}
  let cut = 0
  for (const key of keys) {
    // Most keys are too short to have one.
    if (key === OverflowKey || key.length < maxLabelLength) continue
    if ((JSON.parse(key) as ReadonlyArray<LabelValue>).some((value) => looksCut(value, maxLabelLength))) cut++
  }
  return cut === 0 ? {} : { cut }
}

/** Of all series, of what is beyond the limit, and of what has expired. */
const total = ({ measure }: Kind, { idle, series }: SeriesState<unknown>, now: number): unknown => {
  return Object.values(series).reduce(
    (point, each) => together<unknown>(measure.merge, point, each, now),
    idle?.expired ?? null
  )
}

const seriesOf = (instrument: Instrument, kind: Kind, { series }: SeriesState<unknown>, now: number) =>
  Object.entries(series).flatMap(([key, point]) => {
    const labels = labelsOf(instrument, key)
    return labels === undefined ? [] : [{ labels, ...kind.show(point, now) }]
  })

/** What is beyond the limit. */
const overflow = ({ labels }: Instrument, kind: Kind, { series }: SeriesState<unknown>, now: number) =>
  Object.hasOwn(series, OverflowKey)
    ? { overflow: { ...kind.show(series[OverflowKey], now), ...tooMany(labels, Object.keys(series)) } }
    : {}

/** Examples of the values of a label that has too many. */
const Examples = 5

/** The label to blame for too many series: that with the most values. */
export const tooMany = (labels: Instrument["labels"], keys: ReadonlyArray<string>) => {
  const values = labels.map(() => new Set<LabelValue>())
  for (const key of keys) {
    if (key === OverflowKey) continue
    for (const [i, value] of (JSON.parse(key) as ReadonlyArray<LabelValue>).entries()) values[i]?.add(value)
  }
  const most = Math.max(...values.map(({ size }) => size))
  const worst = values.findIndex(({ size }) => size === most)
  return { label: labels[worst]?.[0], values: most, examples: [...(values[worst] ?? [])].slice(0, Examples) }
}
