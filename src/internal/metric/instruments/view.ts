/** What an instrument shows: its series, their total, and everything special. */
import { asItIs } from "../../util/copyPlain.ts"
import { looksCut } from "../../util/cutText.ts"
import { allSteps, type Steps } from "../../util/steps.ts"
import { type Instrument, type LabelValue, MostOfLabel } from "../definition/instrument.ts"
import { kindOf } from "./kinds.ts"
import { labelsOf, OverflowKey, type SeriesState, together, withoutIdle } from "./series.ts"

type Labels = { readonly [name: string]: LabelValue }

/** The series of an instrument at a moment, whoever holds them. */
interface SeriesRead {
  readonly live: Iterable<readonly [key: string, point: unknown]>
  /** The points of expired series that were not swept yet. */
  readonly idle: Iterable<unknown>
  /** All removed series as one point; `null`: there are none. */
  readonly expired: unknown
  readonly rejected: number
}

/** The number of series that are viewed or compared in one step. */
export const StepSeries = 128

/** From a state to dimensions. `now`: milliseconds since the Unix epoch. */
export const view = (instrument: Instrument, state: SeriesState<unknown>, now: number): object => {
  const { idle, rejected, series } = withoutIdle(instrument, kindOf(instrument).measure, state, now)
  return allSteps(
    viewSteps(instrument, { live: Object.entries(series), idle: [], expired: idle?.expired ?? null, rejected }, now)
  )
}

/** The same for series that are read one by one. `own`: converts what is shown of a series. */
export function* viewSteps(instrument: Instrument, read: SeriesRead, now: number, own = asItIs): Steps<object> {
  const { adds, frame, measure, show } = kindOf(instrument)
  const labelled = instrument.labels.length > 0
  const isTotalled = adds || !labelled
  const series: Array<{ readonly labels: Labels }> = []
  let total = read.expired
  let overflow: unknown
  let cut = 0
  let count = 0
  if (isTotalled) {
    for (const point of read.idle) {
      if (++count % StepSeries === 0) yield
      total = together<unknown>(measure.merge, total, point, now)
    }
  }
  for (const [key, point] of read.live) {
    if (++count % StepSeries === 0) yield
    if (isTotalled) total = together<unknown>(measure.merge, total, point, now)
    if (!labelled) continue
    if (isCut(instrument, key)) cut++
    const labels = labelsOf(instrument, key)
    if (labels === undefined) overflow = point
    else series.push({ labels, ...own(show(point, now)) })
  }
  return {
    ...(isTotalled && { ...show(total, now), ...frame }),
    ...(labelled && { series }),
    ...(overflow !== undefined && {
      overflow: { ...show(overflow, now), ...(yield* tooMany(instrument.labels, series)) }
    }),
    ...cutShown(cut),
    ...(read.rejected > 0 && { rejected: read.rejected })
  }
}

/** Whether a label value of a series was cut. Most keys are too short for that. */
export const isCut = ({ maxLabelLength = MostOfLabel }: Instrument, key: string): boolean =>
  key !== OverflowKey &&
  key.length >= maxLabelLength &&
  (JSON.parse(key) as ReadonlyArray<LabelValue>).some((value) => looksCut(value, maxLabelLength))

/** The number of such series, if there are any. */
export const cutShown = (cut: number): { readonly cut?: number } => (cut === 0 ? {} : { cut })

/** The number of example values for a label that has too many. */
const Examples = 5

/** The label that causes too many series: the one with the most values. */
export function* tooMany(names: Instrument["labels"], series: Iterable<{ readonly labels: Labels }>): Steps<object> {
  const values = names.map(() => new Set<LabelValue>())
  let count = 0
  for (const { labels } of series) {
    if (++count % StepSeries === 0) yield
    for (const [i, [name]] of names.entries()) values[i]!.add(labels[name]!)
  }
  const most = Math.max(...values.map(({ size }) => size))
  const worst = values.findIndex(({ size }) => size === most)
  return { label: names[worst]?.[0], values: most, examples: [...(values[worst] ?? [])].slice(0, Examples) }
}
