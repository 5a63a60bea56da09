/**
 * The commands from the producer side to the fold, in the order of the stream. They are plain data, so that they can
 * cross threads; in process the same objects are passed by reference. Events are not commands: they are rows of the
 * stream.
 */

import type * as Metric from "../metric/definition/metric.ts"
import type { SeriesFilter } from "../metric/definition/seriesFilter.ts"
import type { Rendering } from "../model/format.ts"
import type { RuntimeStats } from "../model/runtimeStats.ts"
import type { CounterBuffer } from "./foldedCounters.ts"

/** A recorder as the fold knows it. A lane is open from the creation of the recorder to its removal. */
export type Lane = number

/** Which changes of metrics are listened to: none, every change, or the latest change of each metric in a batch. */
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
      /** Filled in by the fold: the state that an earlier recorder of the id has left. */
      readonly left?: Uint8Array | undefined
    }
  | ReadCommand
  /** Resets the metric of this name, or all metrics. */
  | { readonly _tag: "Reset"; readonly lane: Lane; readonly name?: string; readonly at: number }
  | { readonly _tag: "Watch"; readonly lane: Lane; readonly watch: Watch }
  /** Replaces a read that another fold has answered, or a scrape (of all lanes). Only its time is left. */
  | { readonly _tag: "Rewind"; readonly lane?: Lane; readonly now: number }

export interface ReadCommand {
  readonly _tag: "Read"
  readonly lane: Lane
  readonly request: number
  readonly what: "snapshots" | "shown" | "largest" | "states" | "counted"
  readonly now: number
  /** The names of the metrics to read, in a read of snapshots. Default: all. */
  readonly names?: ReadonlyArray<string> | undefined
  /** Restricts a read of snapshots to the series with these labels. */
  readonly labels?: SeriesFilter | undefined
  /** The maximum number of series per metric, in a read of the largest series. */
  readonly maxSeries?: number | undefined
}

/** From the producer side, in the order of the stream. */
export type Command =
  | LaneCommand
  /** Memory for the counters of more lanes: a chunk, by its number. */
  | { readonly _tag: "Counters"; readonly chunk: number; readonly buffer: CounterBuffer }
  /** `stream`: the stream that carries the rows of the lane, if it is not the main one. */
  | { readonly _tag: "Open"; readonly lane: Lane; readonly recorderId: string; readonly stream?: StreamNumber }
  /** The thread of the stream has ended, and all of its lanes are closed. */
  | { readonly _tag: "End"; readonly stream: StreamNumber }
  /** If there is a total, the counts of the lane are moved into the lane of the total. `at`: the time of the move. */
  | { readonly _tag: "Close"; readonly lane: Lane; readonly total?: { readonly lane: Lane; readonly at: number } }
  /** From here on events of the lane are not folded. Events that its thread still writes are counted as evicted. */
  | { readonly _tag: "Seal"; readonly lane: Lane }
  /** The listeners of a lane have handled the `Changes` up to this sequence number. */
  | { readonly _tag: "Delivered"; readonly lane: Lane; readonly sequence: number }
  | Render
  | DropRender
  /** The accounting of recorders, from `packStats`, for the store that the counts are sent to. */
  | { readonly _tag: "Accounts"; readonly recorderIds: ReadonlyArray<string>; readonly stats: Float64Array }
  /** Has the durable state written, including everything before this command. */
  | { readonly _tag: "Persist"; readonly by: Keeper; readonly ticket: number; readonly isLast?: true }
  /** Has everything before this command appended to the store of events. `ends`: no more events follow. */
  | { readonly _tag: "Ship"; readonly ticket: number; readonly ends: boolean }

/** A command, and the end of its row in the log. */
export interface Attachment extends CommandOrder {
  readonly at: number
  /** A {@link Command}. The carrier does not look at it. */
  readonly command: unknown
}

/** A stream that a fold reads: the runtime's stream, which carries the commands, or that of an attached thread. */
export type StreamNumber = number

/** The stream of the thread that the runtime runs in. */
export const MainStream: StreamNumber = 0

/** The place of a command of the main stream among the rows of other streams. */
export interface CommandOrder {
  /**
   * The fold handles the command once it has read these streams up to these positions. A stream that has ended counts
   * as read.
   */
  readonly after?: ReadonlyArray<readonly [stream: StreamNumber, position: number]>
  /** The thread that has sent the command, and the command's number there. Later rows of the thread wait for it. */
  readonly from?: { readonly stream: StreamNumber; readonly ticket: number }
}

/** What the states are kept for beyond the fold: the next process, or processes that add up counts. */
export type Keeper = "durable" | "store"

/** Renders everything that these recorders show, for a scrape. */
export interface Render {
  readonly _tag: "Render"
  readonly request: number
  readonly rendering: Rendering
  readonly now: number
  readonly namespace: string
  readonly recorderIds: ReadonlyArray<string>
  /** For each recorder, the id of its total. Recorders with the same id are added up. */
  readonly totalIds?: ReadonlyArray<string>
  /** The lane of each recorder, or -1 if it cannot be read. */
  readonly lanes: Int32Array
  /** What deltas are relative to. */
  readonly exported?: {
    /** The last exports. If a series is in several, the first one counts. */
    readonly bases: ReadonlyArray<Uint8Array>
    /** Memory for the base of this export. */
    readonly free?: SharedArrayBuffer | undefined
    /** Distinguishes the recorders from all others. */
    readonly instances: ReadonlyArray<number>
    /** Other recorders whose last export is still valid. */
    readonly unread: ReadonlyArray<number>
  }
  /** The accounting of each recorder, from `packStats`. */
  readonly stats: Float64Array
  /** How long the fold took to reach the last read, in seconds. */
  readonly foldLag: number | undefined
  /** `undefined` if the text is not wanted. */
  readonly runtime: Partial<RuntimeStats> | undefined
  /** `MetricData` from elsewhere, to be shown as well. */
  readonly others?: ReadonlyArray<object>
}

/** The scrape is no longer wanted. */
export interface DropRender {
  readonly _tag: "DropRender"
  readonly request: number
}
