/** The outcome of events that were appended to a store. */

/** The events of a recorder, or of several together. */
export interface EventCounts {
  /** Folded by at least one metric. */
  readonly applied: number
  /** Read by no metric. */
  readonly ignored: number
  /** Evicted by the recorder. */
  readonly evicted: number
  /** Lost by the store without a trace. */
  readonly missed: number
}

export const noEventCounts: EventCounts = { applied: 0, ignored: 0, evicted: 0, missed: 0 }

export const addEventCounts = (one: EventCounts, other: EventCounts): EventCounts => ({
  applied: one.applied + other.applied,
  ignored: one.ignored + other.ignored,
  evicted: one.evicted + other.evicted,
  missed: one.missed + other.missed
})
