/** What the fold of a worker thread leaves for its replacement, in case it dies. */

import type { Lane, StreamNumber } from "./commands.ts"
import type { CounterBuffer } from "./foldedCounters.ts"
import type { LogPlace } from "./rows/log.ts"

/** What a replacement fold resumes from. */
export interface Restore {
  readonly place: LogPlace
  /** The parts of {@link Saved} that were kept, by id and in order. */
  readonly segments: ReadonlyMap<number, SharedArrayBuffer>
  readonly counters: ReadonlyArray<CounterBuffer>
  /** The current lanes, and the sequence number up to which their changes have arrived. */
  readonly seen: ReadonlyArray<readonly [lane: Lane, sequence: number]>
  /** Lanes whose recorders were removed. Their rows up to this position of the log are not folded again. */
  readonly gone: { readonly lanes: ReadonlyArray<Lane>; readonly to: number }
  /**
   * Up to this position events are folded one by one, metric by metric, because what ended the previous fold is among
   * them.
   */
  readonly careful: number
  /** Batches that the store of events may not have. `undefined`: there are none. */
  readonly shipping?: KeptShipping | undefined
  /** The streams of attached threads. */
  readonly attached?: ReadonlyArray<RestoredStream>
  /** What has ended earlier folds. */
  readonly poisoned: ReadonlyArray<Poison>
}

/** Where a fold resumes in the stream of an attached thread. */
export interface RestoredStream {
  readonly stream: StreamNumber
  readonly place: LogPlace
  readonly careful: number
  /** The position up to which rows are published now. */
  readonly to: number
}

/** A metric that ended a fold. It is quarantined at the place where it would do so again. */
export interface Poison {
  readonly lane: Lane
  readonly name: string
  readonly error: string
  /**
   * - `fold`: right before the event with the sequence number is folded;
   * - `view`: before the metric is next shown, once the lane has reached that sequence number;
   * - `restore`: when the lane is restored. Its state is not read.
   */
  readonly during: "fold" | "view" | "restore"
  /** The lower 32 bits are enough, as in the place of a fold. */
  readonly sequence: number
}

/** A part of a checkpoint, which the fold of a worker thread sends through a port of its own. */
export interface Saved {
  readonly id: number
  /** For a replacement fold. Nothing else reads it. */
  readonly segment: SharedArrayBuffer
  /** Segments that are obsolete now that this one exists. */
  readonly drops: ReadonlyArray<number>
  /** With the last part: the place that the checkpoint covers, and those in the streams of attached threads. */
  readonly covers?: LogPlace
  readonly attached?: ReadonlyArray<Pick<RestoredStream, "stream" | "place">>
}

/** A portion of events for a store. */
export interface KeptBatch {
  readonly number: number
  readonly bytes: ArrayBufferLike
  readonly events: number
}

/** Batches kept for a replacement fold, sent by the fold of a worker thread through that port. */
export interface SavedBatches {
  readonly _tag: "Batches"
  readonly source: string
  readonly batches: ReadonlyArray<KeptBatch>
  /** Batches before this number are dropped. */
  readonly oldest: number
  /** Whether these replace all others. */
  readonly restarts: boolean
}

/** What is kept of the batches. */
export interface KeptShipping {
  readonly source: string
  readonly batches: ReadonlyArray<KeptBatch>
  /** The number of the next batch. */
  readonly next: number
}
