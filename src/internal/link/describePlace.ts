/** Describes the place of a fold in user code, for people. */
import type { Place } from "../fold/place.ts"
import type { LoggedRecorder } from "./flightLog.ts"

export const describePlace = (of: LoggedRecorder, place: Place): string => {
  const { metric, rows, sequence } = place
  const name = metric === undefined ? undefined : of.metricAt(metric)?.name
  const metrics = name === undefined ? "the built-in metrics" : `the metric "${name}"`
  const first = sequence >>> 0
  const events = rows > 1 ? `one of the events ${first} to ${first + rows - 1}` : `event ${first}`
  return ` in ${metrics} of the recorder "${of.recorderId}", at ${events}${tagAt(of, place)}`
}

const tagAt = (of: LoggedRecorder, { during, reader, tag }: Place): string => {
  const found = during === "fold" ? Object.keys(of.metricAt(reader)?.reduce ?? {})[tag] : undefined
  return found === undefined ? "" : `, ${found}`
}
