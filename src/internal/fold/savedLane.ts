/**
 * What a fold saves of a lane, so that the lane can be restored in the fold of another worker. All of it is plain data
 * for `v8.serialize`. It shares arrays with the lane, so it must be serialised before the fold continues.
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
  /** The stream of its rows. */
  readonly stream: StreamNumber
  /** The sequence number of the last event that was folded or skipped. */
  readonly sequence: number
  /** The lane's own counts. They wrap around like those of `LaneCounters`. */
  readonly applied: number
  readonly ignored: number
  readonly watch: Watch
  /** Whether no more events of it are folded. */
  readonly isSealed: boolean
  /** In the order in which their names were first registered. */
  readonly metrics: ReadonlyArray<SavedMetric>
  /** Reads that were not answered. */
  readonly reads: ReadonlyArray<SavedRead>
  /** What arrived while the lane waited for a listener, in order. */
  readonly inbox: ReadonlyArray<SavedStep> | undefined
  /** The batch whose changes a listener has not taken yet. */
  readonly undelivered: SavedEvents | undefined
}

/** A read in progress, as of its place in the stream. */
export interface SavedRead {
  readonly command: ReadCommand
  readonly parts: ReadonlyArray<SavedPart>
}

/** What it shows of a metric: everything, serialised, or the series from which it is made. */
export type SavedPart =
  | { readonly _tag: "Known"; readonly bytes: Uint8Array }
  | { readonly _tag: "Series"; readonly metric: SavedMetric }

export type SavedStep = Waiting | SavedEvents

/** A command, or a gap left by evicted events. Definitions are looked up by their names. */
export type Waiting = LaneCommand | { readonly _tag: "Skip"; readonly to: number }

/** Events to be folded one by one. */
export interface SavedEvents {
  readonly _tag: "Events"
  readonly events: ReadonlyArray<MetricEvent>
  /** The span of each event, if any has one. It is stored separately, because structured clone does not copy it. */
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
  /** What it includes beyond what it shows, and since when: see `EarlierSeries`. */
  readonly earliest?: number
  readonly earlier?: SavedKernel | undefined
  readonly isContinued: boolean
  readonly quarantine: Quarantine | undefined
  /** Why its view is not run any more. */
  readonly viewFault: string | undefined
  /** Which of its series are distinguished by numbers in a scrape. */
  readonly duplicates: ReadonlyMap<string, ReadonlyArray<string>> | undefined
  /** What it showed last, serialised. It is shown again if its view throws. Instruments have none. */
  readonly shown: Uint8Array | undefined
  readonly state: SavedState
  /** Events that are in the state of a hand-written metric and nowhere else. Absent: none. */
  readonly reduced?: number
}

export type SavedState =
  | { readonly _tag: "Kernel"; readonly kernel: SavedKernel }
  /** The initial state of the definition, before the first event. */
  | { readonly _tag: "Initial" }
  /** The state of a hand-written metric, serialised on its own. */
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  /** A state that is not plain data, and why. */
  | { readonly _tag: "Lost"; readonly reason: string }

/** What must be known about the log before a place in order to read on from there. */
export interface LogState {
  readonly stream: StreamNumber
  /** The last command that has arrived from the thread of the stream. */
  readonly ticket: number
  readonly reader: ReaderState
  /** The latest time of an event or a read. */
  readonly latest: number
  /** The lists of names, from this one on. */
  readonly firstNameList: number
  readonly nameLists: ReadonlyArray<ReadonlyArray<string>>
  readonly layouts: ReadonlyArray<readonly [type: number, layout: Layout]>
}

/** Lasting strings of the dictionary, from this one on. They never change. */
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
