/**
 * The fold of a built-in instrument, in place: what its pure reducer says, at a fraction of the cost. It takes events,
 * or rows where they lie (see {@link ./rowsFold.ts}); property tests hold both equal to the reducer.
 */
import type { MetricEvent } from "../../MetricEvent.ts"
import type { Layout } from "../layout.ts"
import { type Instrument, isMeasurable, labelValues, measuredValue, type SeriesState } from "./instrument.ts"
import type { Points } from "./points.ts"
import { type SeriesFinder, SeriesTable } from "./seriesTable.ts"

/** Where the rows of a layout have what a kernel needs. */
export interface RowsPlan {
  readonly value: ValuePlace
  readonly finder: SeriesFinder
}

/** Where the value lies: in a word, or, as an integer, in a half. `one`: each row counts 1. */
export type ValuePlace = "one" | { readonly word: number } | { readonly half: number }

export class Kernel {
  readonly instrument: Instrument
  readonly points: Points
  /** Measurements that were none. */
  rejected = 0
  readonly #table: SeriesTable

  constructor(instrument: Instrument, points: Points) {
    this.instrument = instrument
    this.points = points
    this.#table = new SeriesTable(instrument, points)
  }

  /** Folds one event; whether it concerned the metric. Throws what the definition's functions throw. */
  event(event: MetricEvent, at: number): boolean {
    const { filter } = this.instrument
    if (filter !== undefined && !filter(event)) return false
    const value = measuredValue(this.instrument, event, at)
    if (value === undefined) return false
    if (typeof value !== "number" || !isMeasurable(value, this.points.least)) this.rejected++
    else this.points.add(this.#table.indexOf(labelValues(this.instrument, event, at)), value, at)
    return true
  }

  /** How to fold the rows of a layout, all of which then concern the metric; `undefined` where it takes the event. */
  plan(layout: Layout): RowsPlan | undefined {
    if (this.instrument.filter !== undefined) return undefined
    const value = valuePlace(this.instrument, layout)
    if (value === undefined) return undefined
    const finder = this.#table.finder(layout)
    return finder === undefined ? undefined : { value, finder }
  }

  /** The state as the pure reducer has it. */
  state(): SeriesState<unknown> {
    return { series: this.#table.entries((index) => this.points.point(index)), rejected: this.rejected }
  }
}

/** Where the rows of a layout have the value, or `undefined` where the instrument has to take it from the event. */
const valuePlace = ({ value }: Instrument, layout: Layout): ValuePlace | undefined => {
  if (value === undefined) return "one"
  const field = layout.fields.find(([name]) => name === value)?.[1]
  if (field === undefined || field.half >= 0) return undefined
  if (field.kind === "integer") return { half: field.place }
  return field.kind === "number" ? { word: field.word } : undefined
}
