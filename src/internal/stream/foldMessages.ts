/** The messages from the fold to the producer side, about one lane or all. They are plain data, like commands. */

import type { Bygone } from "../metric/definition/bygone.ts"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import type { Quarantine, Snapshot } from "../metric/definition/snapshot.ts"
import type { Encoded } from "../model/otlp.ts"
import type { StreamStats } from "../model/runtimeStats.ts"
import type { Pieces } from "../util/pieces.ts"
import type { AnswerPart } from "./answerParts.ts"
import type { Keeper, Lane } from "./commands.ts"

/** From the fold, about one lane or all. */
export type FoldMessage = LaneMessage | RenderMessage | KeptMessage | ShippingMessage

/** From the fold to the recorder of a lane. */
export type LaneMessage =
  /** The counters of the lane have changed. Sent to a recorder that waits for it. */
  | { readonly _tag: "Folded"; readonly lane: Lane }
  /** A part of an answer that follows. */
  | ({ readonly _tag: "Part"; readonly lane: Lane; readonly request: number; readonly part: AnswerPart } & Sized)
  | ({ readonly _tag: "Answer"; readonly lane: Lane; readonly request: number; readonly read: Read } & Sized)
  /**
   * The changes up to `sequence` that were not sent before. The lane waits until `Delivered` carries the same sequence
   * number. One for changes from a dead worker carries another number.
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
      /** Of the event that failed, or of the last event before the view that failed. */
      readonly sequence: number
    }
  /** Nothing of the lane is left. Its number can be given to another recorder. */
  | { readonly _tag: "Closed"; readonly lane: Lane }

/** A change as the fold reports it. */
export interface Change {
  readonly tag: string
  readonly sequence: number
  readonly at: number
  readonly snapshot: Snapshot
}

/** The answer to a read, with one part per metric. */
export type Read = ReadonlyArray<ReadPart>

export type ReadPart = Snapshot | ShownRead | LargestRead | StateRead

/** The state of a metric, its generation, and why it is quarantined, if it is. */
export interface StateRead {
  readonly name: string
  readonly epoch: number
  readonly state: unknown
  /** What it had counted before resets and in expired series, for processes that add up counts. */
  readonly earlier?: unknown
  /**
   * For a definition that was replaced by another one of the same name: the shape of its states. It has earlier ones
   * only.
   */
  readonly former?: Fingerprint
  /** See {@link ShownRead}. */
  readonly isContinued?: true
  readonly quarantine?: Quarantine
}

/**
 * What a metric shows to exporters, its generation, and when it began to count, which is its registration or its last
 * reset. A metric with labels shows its series, without their total.
 */
export interface ShownRead {
  readonly snapshot: Snapshot
  readonly epoch: number
  readonly createdAt: number
  /** The metric continued from the state that an earlier recorder of the id has left, in this process or before. */
  readonly isContinued?: true
  readonly bygone?: Bygone
}

/** What a metric shows, with its largest series only. */
export interface LargestRead {
  readonly snapshot: Snapshot
  /** The total number of series. */
  readonly seriesCount: number
}

/** A value long enough to delay the thread that receives it, with its approximate number of values. */
export interface Sized {
  readonly values: number
}

/** What recorders show, in the requested format. */
export interface Rendered {
  /** For a scrape. */
  readonly body?: Pieces
  /** For OTLP, one entry per request. */
  readonly encoded?: ReadonlyArray<Encoded>
  /** What was exported. The next deltas are relative to it. */
  readonly base?: Uint8Array | undefined
}

/**
 * The answer to {@link Render}: first the notice that the fold has reached it, then the text, whose beginning may
 * arrive in parts.
 */
export type RenderMessage =
  | { readonly _tag: "Rendering"; readonly request: number }
  | { readonly _tag: "RenderedPart"; readonly request: number; readonly body: Pieces }
  | ({ readonly _tag: "Rendered"; readonly request: number } & Rendered)
  | { readonly _tag: "NotRendered"; readonly request: number; readonly reason: string }

/** A keeper's reports about the states. */
export type KeptMessage = { readonly by: Keeper } & (
  | /**
   * The state was written, or read: the time of writing, in milliseconds since the Unix epoch, and how many events of
   * this process it includes.
   */
  { readonly _tag: "StateWritten"; readonly savedAt: number; readonly events: number }
  | { readonly _tag: "StateNotWritten"; readonly reason: string }
  /** The answer to `Persist`, with the reason if the state could not be written. */
  | { readonly _tag: "Persisted"; readonly ticket: number; readonly failure: string | undefined }
  /** The state of a metric could not be kept, or could not be used completely. */
  | { readonly _tag: "StateNotKept"; readonly recorderId: string; readonly name: string; readonly reason: string }
)

/** The fold's reports about the store to which its events are appended. */
export type ShippingMessage =
  /** How that goes, of this fold; `kept`: bytes. */
  | ({ readonly _tag: "Streamed"; readonly kept: number } & Omit<StreamStats, "kept">)
  /** The answer to `Ship`, with the reason if the events could not be appended. */
  | { readonly _tag: "Shipped"; readonly ticket: number; readonly failure: string | undefined }
