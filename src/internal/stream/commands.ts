/**
 * What the producer side has the fold do, in the order of the stream. Plain data, so that it crosses a thread; in process
 * the same objects are passed by reference. Events are not among it: they lie in the rows of the stream.
 */

import type * as Metric from "../metric/definition/metric.ts"
import type { SeriesFilter } from "../metric/definition/seriesFilter.ts"
import type { Rendering } from "../model/format.ts"
import type { RuntimeStats } from "../model/runtimeStats.ts"
import type { CounterBuffer } from "./foldedCounters.ts"

/** A recorder as the fold side knows it. A lane is open from the recorder's making to its removal. */
export type Lane = number

/**
 * Who listens to changes of metrics: nobody, someone who wants every change, or only people who want to be up to date
 * (the latest change of each metric of a batch).
 */
export type Watch = "none" | "latest" | "every"

/** From a recorder to the fold of its lane. */
export type LaneCommand =
  | {
      readonly _tag: "Register"
      readonly lane: Lane
      readonly name: string
      readonly metric?: Metric.Any
      /** When counting begins, in milliseconds since the Unix epoch. */
      readonly at: number
      /** Put there by the fold: the state that an earlier recorder of the id has left. */
      readonly left?: Uint8Array | undefined
    }
  | ReadCommand
  /** Resets the metric of this name, or all. */
  | { readonly _tag: "Reset"; readonly lane: Lane; readonly name?: string; readonly at: number }
  | { readonly _tag: "Watch"; readonly lane: Lane; readonly watch: Watch }
  /** A read that was answered by another fold, or a scrape (of all lanes): of it the time is left. */
  | { readonly _tag: "Rewind"; readonly lane?: Lane; readonly now: number }

export interface ReadCommand {
  readonly _tag: "Read"
  readonly lane: Lane
  readonly request: number
  readonly what: "snapshots" | "shown" | "largest" | "states" | "counted"
  readonly now: number
  /** Those of a read of snapshots, if not all. */
  readonly names?: ReadonlyArray<string> | undefined
  /** Of these only such series, of a read of snapshots. */
  readonly labels?: SeriesFilter | undefined
  /** Most series of a metric, of a read of the largest. */
  readonly maxSeries?: number | undefined
}

/** From the producer side, in the order of the stream. */
export type Command =
  | LaneCommand
  /** Memory for the counters of further lanes: a chunk, by its number. */
  | { readonly _tag: "Counters"; readonly chunk: number; readonly buffer: CounterBuffer }
  /** `stream`: that of the rows of the lane, if not the main one. */
  | { readonly _tag: "Open"; readonly lane: Lane; readonly recorderId: string; readonly stream?: StreamNumber }
  /** The thread of the stream has ended, and all of its lanes are closed. */
  | { readonly _tag: "End"; readonly stream: StreamNumber }
  /** What the lane has counted goes into the lane of a total, if there is one. `at`: the time of that. */
  | { readonly _tag: "Close"; readonly lane: Lane; readonly total?: { readonly lane: Lane; readonly at: number } }
  /** No more events of the lane are folded, though its thread may still write some: they are counted as evicted. */
  | { readonly _tag: "Seal"; readonly lane: Lane }
  /** The listeners of a lane have taken the `Changes` that reach this sequence number. */
  | { readonly _tag: "Delivered"; readonly lane: Lane; readonly sequence: number }
  | Render
  | DropRender
  /** The accounting of recorders, from `packStats`, for those who are told what was counted. */
  | { readonly _tag: "Accounts"; readonly recorderIds: ReadonlyArray<string>; readonly stats: Float64Array }
  /** Has the durable state written, as it is behind what came before. */
  | { readonly _tag: "Persist"; readonly by: Keeper; readonly ticket: number; readonly isLast?: true }
  /** Has everything that came before appended to the store of events. `ends`: nothing comes any more. */
  | { readonly _tag: "Ship"; readonly ticket: number; readonly ends: boolean }

/** A command, and where its row ends in the log. */
export interface Attachment extends CommandOrder {
  readonly at: number
  /** A {@link Command}. What carries it does not look. */
  readonly command: unknown
}

/** A stream that a fold reads: that of the runtime, which has the commands, or that of an attached thread. */
export type StreamNumber = number

/** The stream of the thread that the runtime runs in. */
export const MainStream: StreamNumber = 0

/** Where a command of the main stream stands among the rows of other streams. */
export interface CommandOrder {
  /** The fold comes to it when it has read these streams up to these positions. One that has ended counts as read. */
  readonly after?: ReadonlyArray<readonly [stream: StreamNumber, position: number]>
  /** The thread that has sent it, and its number there: the rows of the thread that come behind it wait for it. */
  readonly from?: { readonly stream: StreamNumber; readonly ticket: number }
}

/** Who keeps states beyond the fold: for the next process, or for those who add up processes. */
export type Keeper = "durable" | "store"

/** All that these recorders show, as a scrape has it. */
export interface Render {
  readonly _tag: "Render"
  readonly request: number
  readonly rendering: Rendering
  readonly now: number
  readonly namespace: string
  readonly recorderIds: ReadonlyArray<string>
  /** Of each of them the id of its total, where those of one total are added up. */
  readonly totalIds?: ReadonlyArray<string>
  /** The lane of each of them, or -1 for one that cannot be read. */
  readonly lanes: Int32Array
  /** What deltas go on from. */
  readonly exported?: {
    /** What was exported last. Of what is in several, the first one counts. */
    readonly bases: ReadonlyArray<Uint8Array>
    /** Memory for what is exported now. */
    readonly free?: SharedArrayBuffer | undefined
    /** What tells the recorders from all others. */
    readonly instances: ReadonlyArray<number>
    /** Others of which what was exported last still stands. */
    readonly unread: ReadonlyArray<number>
  }
  /** The accounting of each of them, from `packStats`. */
  readonly stats: Float64Array
  /** How long the fold took to come to the last read, in seconds. */
  readonly foldLag: number | undefined
  /** `undefined` where nobody reads the text. */
  readonly runtime: Partial<RuntimeStats> | undefined
  /** Data of others to be shown beside: `MetricData`. */
  readonly others?: ReadonlyArray<object>
}

/** Nobody waits for it any more. */
export interface DropRender {
  readonly _tag: "DropRender"
  readonly request: number
}
