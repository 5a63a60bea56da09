/** What the fold of a worker thread leaves for the one that takes its place, should it die. */

import type { Lane, StreamNumber } from "./commands.ts"
import type { CounterBuffer } from "./foldedCounters.ts"
import type { LogPlace } from "./rows/log.ts"

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
