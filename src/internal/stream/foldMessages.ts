/** What the fold tells the producer side: of one lane, or of all. Plain data, as commands are. */

import type { Bygone } from "../metric/definition/bygone.ts"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import type { Quarantine, Snapshot } from "../metric/definition/snapshot.ts"
import type { Encoded } from "../model/otlp.ts"
import type { StreamStats } from "../model/runtimeStats.ts"
import type { Pieces } from "../util/pieces.ts"
import type { AnswerPart } from "./answerParts.ts"
import type { Keeper, Lane } from "./commands.ts"

/** From the fold side, of one lane or of all. */
export type FoldMessage = LaneMessage | RenderMessage | KeptMessage | ShippingMessage

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

/** A change as the fold side reports it. */
export interface Change {
  readonly tag: string
  readonly sequence: number
  readonly at: number
  readonly snapshot: Snapshot
}

/** The answer to a read: of each metric something. */
export type Read = ReadonlyArray<ReadPart>

export type ReadPart = Snapshot | ShownRead | LargestRead | StateRead

/** The state of a metric, its generation, and why it is quarantined, if it is. */
export interface StateRead {
  readonly name: string
  readonly epoch: number
  readonly state: unknown
  /** What it had counted before it was reset, and in series that have expired, for those who add up processes. */
  readonly earlier?: unknown
  /** Of a definition that was replaced by another one of its name, what its states are like: it has earlier ones only. */
  readonly former?: Fingerprint
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

/** What is long enough to hold up the thread that receives it, with the number of its values, about. */
export interface Sized {
  readonly values: number
}

/** What recorders show in the format that was asked for. */
export interface Rendered {
  /** Of a scrape. */
  readonly body?: Pieces
  /** Of OTLP, each for a request. */
  readonly encoded?: ReadonlyArray<Encoded>
  /** What is exported with it, as what the next deltas go on from. */
  readonly base?: Uint8Array | undefined
}

/** The answer to {@link Render}: first that the fold has come to it, then the text, of which the begin may come in parts. */
export type RenderMessage =
  | { readonly _tag: "Rendering"; readonly request: number }
  | { readonly _tag: "RenderedPart"; readonly request: number; readonly body: Pieces }
  | ({ readonly _tag: "Rendered"; readonly request: number } & Rendered)
  | { readonly _tag: "NotRendered"; readonly request: number; readonly reason: string }

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
  /** How that goes, of this fold; `kept`: bytes. */
  | ({ readonly _tag: "Streamed"; readonly kept: number } & Omit<StreamStats, "kept">)
  /** The answer to `Ship`, with the reason if the events could not be appended. */
  | { readonly _tag: "Shipped"; readonly ticket: number; readonly failure: string | undefined }
