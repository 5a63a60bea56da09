import { known, type Steps } from "../../util/steps.ts"
import type { Instrument } from "../definition/instrument.ts"
import { kindOf } from "./kinds.ts"
import { minusStates, type SeriesState } from "./series.ts"
import { view, viewSteps } from "./view.ts"

type State = SeriesState<unknown>

/** What an instrument shows of what came to an earlier state, some series at a time where series do not expire. */
export const deltaViewSteps = (
  instrument: Instrument,
  later: State,
  earlier: State | undefined,
  now: number
): Steps<object> => {
  const { measure } = kindOf(instrument)
  const { minus } = measure
  if (earlier === undefined || minus === undefined) return wholeSteps(instrument, later, now)
  if (later.idle !== undefined) return known(view(instrument, minusStates(measure)(later, earlier), now))
  const rest = (key: string): unknown =>
    Object.hasOwn(earlier.series, key) ? minus(later.series[key], earlier.series[key]) : later.series[key]
  return viewSteps(instrument, readOf(later, later.rejected - earlier.rejected, rest), now)
}

const wholeSteps = (instrument: Instrument, state: State, now: number): Steps<object> =>
  state.idle === undefined
    ? viewSteps(
        instrument,
        readOf(state, state.rejected, (key) => state.series[key]),
        now
      )
    : known(view(instrument, state, now))

const readOf = ({ series }: State, rejected: number, point: (key: string) => unknown) => {
  const live = function* (): Generator<readonly [key: string, point: unknown], void> {
    for (const key of Object.keys(series)) yield [key, point(key)]
  }
  return { live: live(), idle: [], expired: null, rejected }
}
