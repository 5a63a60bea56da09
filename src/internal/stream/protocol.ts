/**
 * The messages between the producer side and the fold side. Plain data, so that it crosses a thread; in process the
 * same objects are passed by reference. Events are not among it: they lie in the rows of the stream.
 */

import type { MessagePort } from "node:worker_threads"
import type { Bygone } from "../metric/definition/bygone.ts"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { SeriesFilter } from "../metric/definition/seriesFilter.ts"
import type { Quarantine, Snapshot } from "../metric/definition/snapshot.ts"
import type { Rendering } from "../model/format.ts"
import type { RuntimeStats } from "../model/runtimeStats.ts"
import type { AnswerPart } from "./answerParts.ts"
import type { CounterBuffer } from "./foldedCounters.ts"
import type { LogPlace } from "./rows/log.ts"

/** Pages that the fold of a worker reads between two looks at its messages. */
export const PagesAtOnce = 4

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
  readonly what: "snapshots" | "shown" | "largest" | "states"
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

/** What recorders show in the format that was asked for. */
export interface Rendered {
  readonly body: Uint8Array<ArrayBuffer>
  /** How many there are, where the format counts them. */
  readonly points?: number | undefined
}

/** The answer to {@link Render}: first that the fold has come to it, then the text. */
export type RenderMessage =
  | { readonly _tag: "Rendering"; readonly request: number }
  | ({ readonly _tag: "Rendered"; readonly request: number } & Rendered)
  | { readonly _tag: "NotRendered"; readonly request: number; readonly reason: string }

/** Who keeps states beyond the fold: for the next process, or for those who add up processes. */
export type Keeper = "durable" | "store"

/** What a keeper says of the states. */
export type KeptMessage = { readonly by: Keeper } & (
  | /** Or read: when it was written, in milliseconds since the Unix epoch, and how many events of this process it has. */
  { readonly _tag: "StateWritten"; readonly savedAt: number; readonly events: number }
  | { readonly _tag: "StateNotWritten"; readonly reason: string }
  /** The answer to `Persist`, with the reason if the state could not be written. */
  | { readonly _tag: "Persisted"; readonly ticket: number; readonly failure: string | undefined }
  /** The state of a metric could not be kept, or not be used, or not all of it. */
  | { readonly _tag: "StateNotKept"; readonly recorderId: string; readonly name: string; readonly reason: string }
)

/** What the fold says of the store that its events are appended to. */
export type ShippingMessage =
  | {
      readonly _tag: "Streamed"
      /** Events that the store has got from this fold. */
      readonly events: number
      /** Bytes that are kept for the store. */
      readonly kept: number
      /** Nothing is folded because as much is kept as may be. */
      readonly isFull: boolean
      readonly failures: number
      /** Why the last attempt failed, if it did. */
      readonly failure: string | undefined
      /** How often the events went to another source, because the last one was taken for ended. */
      readonly retirements: number
    }
  /** The answer to `Ship`, with the reason if the events could not be appended. */
  | { readonly _tag: "Shipped"; readonly ticket: number; readonly failure: string | undefined }

/** From the fold side, of one lane or of all. */
export type FoldMessage = LaneMessage | RenderMessage | KeptMessage | ShippingMessage

/** A change as the fold side reports it. */
export interface Change {
  readonly tag: string
  readonly sequence: number
  readonly at: number
  readonly snapshot: Snapshot
}

/** The state of a metric, its generation, and why it is quarantined, if it is. */
export interface StateRead {
  readonly name: string
  readonly epoch: number
  readonly state: unknown
  /** See {@link ShownRead}. */
  readonly isContinued?: true
  readonly quarantine?: Quarantine
}

/**
 * What a metric shows exporters, its generation, and when it began to count: registered, or reset. Of one
 * with labels its series, without what they come to together.
 */
export interface ShownRead {
  readonly snapshot: Snapshot
  readonly epoch: number
  readonly createdAt: number
  /** It went on from the state that an earlier recorder of the id has left, in this process or before. */
  readonly isContinued?: true
  readonly bygone?: Bygone
}

/** What a metric shows, with its largest series only. */
export interface LargestRead {
  readonly snapshot: Snapshot
  /** How many there are. */
  readonly seriesCount: number
}

/** The answer to a read: of each metric something. */
export type Read = ReadonlyArray<ReadPart>

export type ReadPart = Snapshot | ShownRead | LargestRead | StateRead

/** What is long enough to hold up the thread that receives it, with the number of its values, about. */
export interface Sized {
  readonly values: number
}

/** From the fold side to the recorder of a lane. */
export type LaneMessage =
  /** The counters of the lane have moved. Said to a recorder that waits for it. */
  | { readonly _tag: "Folded"; readonly lane: Lane }
  /** A part of the answer that comes. */
  | ({ readonly _tag: "Part"; readonly lane: Lane; readonly request: number; readonly part: AnswerPart } & Sized)
  | ({ readonly _tag: "Answer"; readonly lane: Lane; readonly request: number; readonly read: Read } & Sized)
  /**
   * The changes up to `sequence` that were not sent before. The lane waits until `Delivered` names the same sequence
   * number: one for changes of a worker that died names another.
   */
  | {
      readonly _tag: "Changes"
      readonly lane: Lane
      readonly sequence: number
      readonly changes: ReadonlyArray<Change>
    }
  | {
      readonly _tag: "Quarantined"
      readonly lane: Lane
      readonly name: string
      readonly error: string
      /** Of the event at which it was, or of the last one before its view. */
      readonly sequence: number
    }
  /** Nothing of the lane is left: its number can be given to another recorder. */
  | { readonly _tag: "Closed"; readonly lane: Lane }

/** To a worker thread, on the channel of its program. */
export type ThreadMessage =
  /** Asks a worker for its catalog: the answer shows that messages go straight through from then on. */
  | {
      readonly _tag: "Hello"
      readonly durable?: DurableSettings | undefined
      readonly states?: StoreSettings | undefined
      readonly shipping?: ShippingSettings | undefined
    }
  | ImportRequest
  | StoreRequest

/** How a fold keeps its state beyond the process. */
export interface DurableSettings {
  readonly namespace: string
  /** A folder; without it the worker has a store of its own. */
  readonly directory: string | undefined
  /** What the lock of the folder has as long as it is this runtime's. */
  readonly lock: string | undefined
  readonly intervalMillis: number
  readonly levels: boolean
  readonly keepMillis: number
  /** Whether it begins with what was written. A fold that takes the place of another one has that from it. */
  readonly reads: boolean
}

/** How a fold tells a store what it counts. */
export interface StoreSettings {
  /** A module that makes the store, with its settings; without it the worker has a store of its own. */
  readonly store: { readonly url: string; readonly settings: unknown } | undefined
  readonly namespace: string
  /** Who writes: the same for all folds of a process, each in an epoch of its own. A durable state has its own. */
  readonly source: string
  readonly epoch: number
  readonly intervalMillis: number
}

/** Asks a worker to tell a store what it counts. */
export interface StoreRequest {
  readonly _tag: "Store"
  readonly states: StoreSettings
}

/** The answer to {@link StoreRequest}: with the reason, if the store could not be opened. */
export interface StoreMessage {
  readonly _tag: "StoreOpened"
  readonly failure: string | undefined
}

/** How a fold has its events appended to a store. */
export interface ShippingSettings {
  readonly namespace: string
  /** The id that the fold has in the store, first. */
  readonly source: string
  /** A module that makes the store. `undefined`: the fold has it. */
  readonly store: unknown
  readonly intervalMillis: number
  /** Most bytes that are kept for the store. */
  readonly memoryLimit: number
  /** How long what was committed is kept for a store that loses it. */
  readonly graceMillis: number
  readonly heartbeatMillis: number
}

/** To the fold of a worker thread, on the stream's port, beside what is written to shared memory. */
export type FoldRequest =
  /** First: the shared memory by which the threads wake each other, and in which the fold leaves its place. */
  | {
      readonly _tag: "Start"
      readonly control: SharedArrayBuffer
      readonly place: SharedArrayBuffer
      readonly restore?: Restore
    }
  /** There is the stream of an attached thread, with these words. */
  | { readonly _tag: "Stream"; readonly stream: StreamNumber; readonly words: SharedArrayBuffer }
  /** Shared memory whose pages have numbers from `first` on, in the main stream or another one. */
  | {
      readonly _tag: "Memory"
      readonly stream?: StreamNumber
      readonly first: number
      readonly buffer: ArrayBufferLike
    }
  | { readonly _tag: "Attach"; readonly attachments: ReadonlyArray<Attachment> }
  /** So many values of answers were received in all, in turns of the event loop before this one. */
  | { readonly _tag: "Taken"; readonly values: number }
  | Unwanted
  /** The answer to `Idle`: it may sleep, and is woken by the next message. */
  | { readonly _tag: "Sleep" }
  /** There are new rows. */
  | { readonly _tag: "Wake" }

/** Nobody waits for the rest of an answer. */
export interface Unwanted {
  readonly _tag: "Unwanted"
  readonly lane: Lane
  readonly request: number
}

/** A metric that ended a fold: it is quarantined where it would do so again. */
export interface Poison {
  readonly lane: Lane
  readonly name: string
  readonly error: string
  /**
   * - `fold`: right before the event with the sequence number is folded;
   * - `view`: before the metric is next shown, once the lane has come to that sequence number;
   * - `restore`: when the lane is restored. Its state is not read.
   */
  readonly during: "fold" | "view" | "restore"
  /** Its lower 32 bits will do, as the place of a fold has them. */
  readonly sequence: number
}

/** What a fold goes on from that replaces another one. */
export interface Restore {
  readonly place: LogPlace
  /** Those of {@link Saved} that were kept, by id and in order. */
  readonly segments: ReadonlyMap<number, SharedArrayBuffer>
  readonly counters: ReadonlyArray<CounterBuffer>
  /** The lanes that are there now, and up to which sequence number changes of them have come. */
  readonly seen: ReadonlyArray<readonly [lane: Lane, sequence: number]>
  /** Lanes whose recorders were removed. What lies in the log of them up to this position is not folded again. */
  readonly gone: { readonly lanes: ReadonlyArray<Lane>; readonly to: number }
  /** Up to this position events are folded one by one, metric by metric: what has ended the fold before is among them. */
  readonly careful: number
  /** Batches that the store of events may not have. `undefined`: none was made. */
  readonly shipping?: KeptShipping | undefined
  /** The streams of attached threads. */
  readonly attached?: ReadonlyArray<RestoredStream>
  /** What has ended folds before. */
  readonly poisoned: ReadonlyArray<Poison>
}

/** Where a fold goes on in the stream of an attached thread. */
export interface RestoredStream {
  readonly stream: StreamNumber
  readonly place: LogPlace
  readonly careful: number
  /** The position of what is published now. */
  readonly to: number
}

/** A part of a checkpoint, from the fold of a worker thread, on a port of its own. */
export interface Saved {
  readonly id: number
  /** For a fold that is restored: nobody else looks into it. */
  readonly segment: SharedArrayBuffer
  /** Those that nobody needs any more, now that there is this one. */
  readonly drops: ReadonlyArray<number>
  /** With the last part: the place that is covered, and those in the streams of attached threads. */
  readonly covers?: LogPlace
  readonly attached?: ReadonlyArray<Pick<RestoredStream, "stream" | "place">>
}

/** A portion of events for a store. */
export interface KeptBatch {
  readonly number: number
  readonly bytes: ArrayBufferLike
  readonly events: number
}

/** Batches that are kept for the fold that takes the place of this one, from the fold of a worker thread, on that port. */
export interface SavedBatches {
  readonly _tag: "Batches"
  readonly source: string
  readonly batches: ReadonlyArray<KeptBatch>
  /** Those before this number go. */
  readonly oldest: number
  /** These take the place of all others. */
  readonly restarts: boolean
}

/** What is kept of them. */
export interface KeptShipping {
  readonly source: string
  readonly batches: ReadonlyArray<KeptBatch>
  /** The number of the batch that comes next. */
  readonly next: number
}

/** Asks the packaged worker to import a module, by its URL, for the metrics among its exports. */
export interface ImportRequest {
  readonly _tag: "Import"
  readonly module: string
}

/** The answer to {@link ImportRequest}: the definitions that the worker has now and had not before, or a Schema-encoded error. */
export type ImportMessage =
  | { readonly _tag: "Imported"; readonly module: string; readonly metrics: CatalogEntries }
  | { readonly _tag: "NotImported"; readonly module: string; readonly error: unknown }

/** Definitions that a worker has. */
export type CatalogEntries = ReadonlyArray<readonly [name: string, fingerprint: Fingerprint]>

/** The first word of a worker: the definitions it has, and the ports for all that belongs to the stream. */
export interface CatalogMessage {
  readonly _tag: "Catalog"
  readonly metrics: CatalogEntries
  readonly port: MessagePort
  /** For {@link Saved}. It is asked whether something has come. */
  readonly saved: MessagePort
}

/** From a worker thread, on the channel of its program. */
export type WorkerMessage =
  | CatalogMessage
  | ImportMessage
  | StoreMessage
  /** The first and last word of a worker that cannot work; `error` is Schema-encoded. */
  | { readonly _tag: "Refused"; readonly error: unknown }
  /** The last word of a worker whose fold died of a defect. */
  | { readonly _tag: "Died"; readonly reason: string }

/** From the fold of a worker thread, on the stream's port. */
export type FoldReply =
  | FoldMessage
  /** No rows have come for a while. */
  | { readonly _tag: "Idle" }
