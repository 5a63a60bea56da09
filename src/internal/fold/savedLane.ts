/**
 * What a fold saves of a lane, so that the lane can be put back in the fold of another worker. All of it is plain data
 * that `v8.serialize` takes. It shares arrays with the lane, so it must be serialised before the fold goes on.
 */
import type * as Metric from "../metric/definition/metric.ts"
import type { Quarantine } from "../metric/definition/snapshot.ts"
import type { MetricEvent } from "../model/event.ts"
import type { SpanIds } from "../model/eventSpan.ts"
import type { Lane, LaneCommand, ReadCommand, StreamNumber, Watch } from "../stream/commands.ts"
import type { Layout } from "../stream/rows/layout.ts"
import type { ReaderState } from "../stream/rows/log.ts"
import type { SavedKernel } from "./kernels/savedKernel.ts"

export interface SavedLane {
  readonly lane: Lane
  /** See {@link TappedLane.life}. */
  readonly life: number
  readonly recorderId: string
  /** That of its rows. */
  readonly stream: StreamNumber
  /** The sequence number of the last event that was folded or skipped. */
  readonly sequence: number
  /** The lane's own counts. They wrap around as those of `LaneCounters` do. */
  readonly applied: number
  readonly ignored: number
  readonly watch: Watch
  /** Whether no more events of it are folded. */
  readonly isSealed: boolean
  /** In the order in which their names were first registered. */
  readonly metrics: ReadonlyArray<SavedMetric>
  /** Those that were not answered. */
  readonly reads: ReadonlyArray<SavedRead>
  /** What came while the lane waited for a listener, in order. */
  readonly inbox: ReadonlyArray<SavedStep> | undefined
  /** The batch whose changes a listener has not taken yet. */
  readonly undelivered: SavedEvents | undefined
}

/** A read that is under way, as of the moment when it was its turn. */
export interface SavedRead {
  readonly command: ReadCommand
  readonly parts: ReadonlyArray<SavedPart>
}

/** What it shows of a metric: all of it, serialised, or the series that it is made from. */
export type SavedPart =
  | { readonly _tag: "Known"; readonly bytes: Uint8Array }
  | { readonly _tag: "Series"; readonly metric: SavedMetric }

export type SavedStep = Waiting | SavedEvents

/** A command, or a gap that evicted events have left. Definitions are found again by their names. */
export type Waiting = LaneCommand | { readonly _tag: "Skip"; readonly to: number }

/** Events that are to be folded one by one. */
export interface SavedEvents {
  readonly _tag: "Events"
  readonly events: ReadonlyArray<MetricEvent>
  /** The span of each event, where any has one: it is beside the event, where structured clone does not find it. */
  readonly spans: ReadonlyArray<SpanIds | null> | undefined
  readonly times: ReadonlyArray<number>
  /** Folded and not counted yet, because their changes are undelivered. */
  readonly applied: number
  readonly ignored: number
}

export interface SavedMetric {
  readonly name: string
  readonly epoch: number
  readonly createdAt: number
  /** What it has in it beyond what it shows, and since when: see `EarlierSeries`. */
  readonly earliest?: number
  readonly earlier?: SavedKernel | undefined
  readonly isContinued: boolean
  readonly quarantine: Quarantine | undefined
  /** Why its view is not run any more. */
  readonly viewFault: string | undefined
  /** Which of its series are told apart by numbers in a scrape. */
  readonly duplicates: ReadonlyMap<string, ReadonlyArray<string>> | undefined
  /** What it showed last, serialised: it is shown again when its view throws. Instruments have none. */
  readonly shown: Uint8Array | undefined
  readonly state: SavedState
  /** Events that are in the state of a metric by hand, and nowhere else. Absent: none. */
  readonly reduced?: number
}

export type SavedState =
  | { readonly _tag: "Kernel"; readonly kernel: SavedKernel }
  /** As the definition has it before the first event. */
  | { readonly _tag: "Initial" }
  /** That of a hand-written metric, serialised for itself. */
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  /** A state that is not plain data, and why it is none. */
  | { readonly _tag: "Lost"; readonly reason: string }

/** What has to be known of the log before a place of it to read on from there. */
export interface LogState {
  readonly stream: StreamNumber
  /** The last command of the thread of the stream that has come. */
  readonly ticket: number
  readonly reader: ReaderState
  /** No event came later, and no read. */
  readonly latest: number
  /** The lists of names, from this one on. */
  readonly firstNameList: number
  readonly nameLists: ReadonlyArray<ReadonlyArray<string>>
  readonly layouts: ReadonlyArray<readonly [type: number, layout: Layout]>
}

/** Strings that are in the dictionary for good, from this one on: they are never others. */
export interface SavedStrings {
  readonly stream: StreamNumber
  readonly from: number
  readonly strings: ReadonlyArray<string>
}

/** A metric, and what is saved of it. */
export interface MetricAndSaved {
  readonly metric: Metric.Any
  readonly saved: SavedMetric
}
