import type * as Metric from "../../Metric.ts"
import { deepFreeze } from "../deepFreeze.ts"
import { ofInstrument } from "../instruments/define.ts"
import { define } from "./definition.ts"

type Changes = Partial<
  Pick<Metric.Any, "name" | "events" | "reduce" | "description" | "unit" | "instrument" | "sources">
>

/** A definition with some of its parts changed. That of an instrument follows from the instrument. */
export const remake = (metric: Metric.Any, changes: Changes): Metric.Any => {
  const { description, events, initial, instrument, merge, minus, name, reduce, sources, unit, view } = {
    ...metric,
    ...changes
  }
  return instrument === undefined
    ? define({ name, events, initial, reduce, view, merge, minus, description, unit, instrument, sources })
    : ofInstrument({ name, events, description, unit, instrument: deepFreeze(instrument) })
}
