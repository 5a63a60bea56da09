/**
 * Someone who is shown everything that a fold takes, right before the fold takes it, to have it folded elsewhere as well.
 */
import type { MetricEvent } from "../model/event.ts"
import type { Lane } from "../stream/commands.ts"
import type { Rows } from "../stream/rows/format.ts"
import type { LaneMetrics } from "./laneMetrics.ts"
import type { FoldLayout } from "./metricPlans.ts"

/** A lane, as it is before it takes what is shown. */
export interface TappedLane {
  readonly lane: Lane
  /** Where its recorder was opened in the log: the number of a lane is given to others later. */
  readonly life: number
  readonly recorderId: string
  /** That of the last event. */
  readonly sequence: number
  /** Up to which sequence number everything was shown. What lies between that and {@link sequence} took no event. */
  tapped: number
  readonly metrics: Pick<LaneMetrics, "version" | "generations">
}

export interface FoldTap {
  /** A recorder was made. It has no metrics yet. */
  readonly opened: (lane: TappedLane) => void
  /** `count` rows of a layout, from word `at` on, all of one time. */
  readonly rows: (lane: TappedLane, layout: FoldLayout, rows: Rows, at: number, count: number, time: number) => void
  readonly event: (lane: TappedLane, event: MetricEvent, time: number) => void
  /** The next event comes after this sequence number: those before it were evicted. */
  readonly evicted: (lane: TappedLane, to: number) => void
  /** The recorder was removed. `total`: the id of the recorder that takes what it has counted. */
  readonly closed: (lane: TappedLane, total: string | undefined) => void
}
