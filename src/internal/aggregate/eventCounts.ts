/** What became of events that were appended to a store. */

/** Events of a recorder, or of several together. */
export interface EventCounts {
  /** Folded by at least one metric. */
  readonly applied: number
  /** Of no concern to any metric. */
  readonly ignored: number
  /** Evicted by the recorder. */
  readonly evicted: number
  /** Of which the store has lost every trace. */
  readonly missed: number
}

export const noEventCounts: EventCounts = { applied: 0, ignored: 0, evicted: 0, missed: 0 }

export const addEventCounts = (one: EventCounts, other: EventCounts): EventCounts => ({
  applied: one.applied + other.applied,
  ignored: one.ignored + other.ignored,
  evicted: one.evicted + other.evicted,
  missed: one.missed + other.missed
})
