import { deepFreeze } from "../util/deepFreeze.ts"
import { define } from "./definition/define.ts"
import type * as Metric from "./definition/metric.ts"
import { ofInstrument } from "./instruments/makeInstrument.ts"

type Changes = Partial<
  Pick<Metric.Any, "name" | "events" | "reduce" | "description" | "unit" | "instrument" | "sources">
>

/** A definition with some of its parts changed. For an instrument the definition follows from the instrument. */
export const remake = (metric: Metric.Any, changes: Changes): Metric.Any => {
  const { description, events, initial, instrument, merge, minus, name, reduce, sources, unit, view } = {
    ...metric,
    ...changes
  }
  return instrument === undefined
    ? define({ name, events, initial, reduce, view, merge, minus, description, unit, instrument, sources })
    : ofInstrument({ name, events, description, unit, instrument: deepFreeze(instrument) })
}
