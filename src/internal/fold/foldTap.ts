/** Observes everything that a fold takes, right before the fold takes it, to have it folded elsewhere as well. */
import type { MetricEvent } from "../model/event.ts"
import type { Lane } from "../stream/commands.ts"
import type { Rows } from "../stream/rows/format.ts"
import type { LaneMetrics } from "./laneMetrics.ts"
import type { FoldLayout } from "./metricPlans.ts"

/** A lane before it takes what is shown. */
export interface TappedLane {
  readonly lane: Lane
  /** The position in the log at which its recorder was opened. A lane number is reused later. */
  readonly life: number
  readonly recorderId: string
  /** The sequence number of the last event. */
  readonly sequence: number
  /** The sequence number up to which everything was shown. Between it and {@link sequence} there is no event. */
  tapped: number
  readonly metrics: Pick<LaneMetrics, "version" | "generations">
}

export interface FoldTap {
  /** A recorder was made. It has no metrics yet. */
  readonly opened: (lane: TappedLane) => void
  /** `count` rows of a layout, from word `at` on, all with the same time. */
  readonly rows: (lane: TappedLane, layout: FoldLayout, rows: Rows, at: number, count: number, time: number) => void
  readonly event: (lane: TappedLane, event: MetricEvent, time: number) => void
  /** The next event comes after this sequence number. The events before it were evicted. */
  readonly evicted: (lane: TappedLane, to: number) => void
  /** The recorder was removed. `total`: the id of the recorder that takes over its counts. */
  readonly closed: (lane: TappedLane, total: string | undefined) => void
}
