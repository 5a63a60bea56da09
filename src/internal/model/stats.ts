/**
 * The accounting of one recorder. At any moment
 *
 * - `offered = accepted + refused`
 * - `accepted = applied + ignored + evicted + pending`
 *
 * so that there is no silent loss.
 */

/**
 * `Idle → Starting → Running → Stopping → Stopped | Failed`; from `Stopped` it can be started again.
 *
 * @category models
 * @since 0.2.0
 */
export type RecorderState = "Idle" | "Starting" | "Running" | "Stopping" | "Stopped" | "Failed"

/**
 * Counts of events since the recorder was made, all in events.
 *
 * @category models
 * @since 0.2.0
 */
export interface Stats {
  readonly state: RecorderState
  /** The maximum number of events in flight: accepted and not yet folded. */
  readonly capacity: number
  /** All events emitted to the recorder, accepted or refused. */
  readonly offered: number
  readonly accepted: number
  readonly refused: number
  /** The refused events by reason. */
  readonly refusedBy: {
    /** The capacity was used up. */
    readonly overflow: number
    /** The value was not an event, or not plain data. */
    readonly invalid: number
    /** The recorder was stopping, stopped or failed. */
    readonly notRunning: number
  }
  /** At least one metric took the event. */
  readonly applied: number
  /** No metric took the event. */
  readonly ignored: number
  /** `drop-oldest` evicted the event to make room for a newer one. */
  readonly evicted: number
  /** Accepted and not yet folded, wherever the event is. */
  readonly pending: number
}

/** The numbers of an accounting. */
export type Counts = Omit<Stats, "state">

/** The numbers that exporters show. The others follow from them. */
export type EventCounts = Omit<Counts, "offered" | "refused">

/** The counts before the first event. */
export const noCounts: Counts = {
  capacity: 0,
  offered: 0,
  accepted: 0,
  refused: 0,
  refusedBy: { overflow: 0, invalid: 0, notRunning: 0 },
  applied: 0,
  ignored: 0,
  evicted: 0,
  pending: 0
}

/** The sum of the counts of two recorders. */
export const addEventCounts = (left: EventCounts, right: EventCounts): EventCounts => ({
  capacity: left.capacity + right.capacity,
  accepted: left.accepted + right.accepted,
  refusedBy: {
    overflow: left.refusedBy.overflow + right.refusedBy.overflow,
    invalid: left.refusedBy.invalid + right.refusedBy.invalid,
    notRunning: left.refusedBy.notRunning + right.refusedBy.notRunning
  },
  applied: left.applied + right.applied,
  ignored: left.ignored + right.ignored,
  evicted: left.evicted + right.evicted,
  pending: left.pending + right.pending
})

/** The same with all numbers. */
export const addCounts = (left: Counts, right: Counts): Counts => ({
  ...addEventCounts(left, right),
  offered: left.offered + right.offered,
  refused: left.refused + right.refused
})
