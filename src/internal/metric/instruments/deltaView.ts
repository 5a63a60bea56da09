import type { Steps } from "../../util/steps.ts"
import type { Instrument } from "../definition/instrument.ts"
import { kindOf } from "./kinds.ts"
import type { Measure } from "./measure.ts"
import { goesOn, isIdle, type SeriesState, together } from "./series.ts"
import { StepSeries, viewSteps } from "./view.ts"

type State = SeriesState<unknown>

/** Shows what was added to an instrument since an earlier state, some series at a time. */
export function* deltaViewSteps(
  instrument: Instrument,
  later: State,
  earlier: State | undefined,
  now: number
): Steps<object> {
  const { measure } = kindOf(instrument)
  const { minus } = measure
  const before = minus === undefined ? undefined : earlier
  const point = (key: string): unknown =>
    before !== undefined && goesOn(later, before, key)
      ? minus!(later.series[key], before.series[key])
      : later.series[key]
  const hasExpired = (key: string): boolean =>
    later.idle !== undefined && isIdle(instrument, later.idle.seen[key]!, now)
  const live = function* (): Generator<readonly [key: string, point: unknown], void> {
    for (const key of Object.keys(later.series)) if (!hasExpired(key)) yield [key, point(key)]
  }
  const idle = function* (): Generator<unknown, void> {
    for (const key of Object.keys(later.series)) if (hasExpired(key)) yield point(key)
  }
  const expired = yield* expiredSince(measure, later, before)
  const rejected = later.rejected - (before?.rejected ?? 0)
  return yield* viewSteps(instrument, { live: live(), idle: idle(), expired, rejected }, now)
}

/** What has expired since then. Earlier it was either a series, or part of what had expired. */
function* expiredSince(
  { merge, minus }: Measure<unknown, unknown>,
  later: State,
  before: State | undefined
): Steps<unknown> {
  const expired = later.idle?.expired ?? null
  if (expired === null || before === undefined) return expired
  let seen: unknown = before.idle?.expired ?? null
  let count = 0
  for (const key of Object.keys(before.series)) {
    if (++count % StepSeries === 0) yield
    if (!goesOn(later, before, key)) seen = together(merge, seen, before.series[key])
  }
  return seen === null ? expired : minus!(expired, seen)
}
