/**
 * The messages between an attached thread and the runtime's thread, through their own port. Events are not included:
 * they reach the fold through memory that the thread shares with it.
 */
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import type { Command, Lane } from "../stream/commands.ts"
import type { CounterPlace } from "../stream/foldedCounters.ts"
import type { LaneMessage } from "../stream/foldMessages.ts"
import type { LaneBooks } from "../stream/rows/laneBooks.ts"
import type { CatalogEntries, ImportMessage } from "../stream/workerMessages.ts"

/** The recorder of a thread, as it was made there. */
export interface ThreadRecorder {
  readonly recorderId: string
  readonly entityId: string
  readonly capacity: number
  readonly totalOfRemoved: string | false | undefined
}

/** A lane that a thread may open, and the memory for its recorder's counts. */
export interface ReservedLane {
  readonly lane: Lane
  readonly counters: CounterPlace
  readonly books: LaneBooks
}

/** From an attached thread. */
export type FromThread =
  | {
      readonly _tag: "Hello"
      readonly version: string
      readonly threadId: number
      readonly words: SharedArrayBuffer
      /** The size of the memory that it needs for its rows. */
      readonly bytes: number
    }
  | { readonly _tag: "Memory"; readonly first: number; readonly buffer: ArrayBufferLike }
  /** Requests a lane. */
  | { readonly _tag: "Reserve" }
  | ThreadCommand
  /** It has stopped writing to the lane, and everything it has written is before this position. */
  | { readonly _tag: "Left"; readonly lane: Lane; readonly position: number }
  | { readonly _tag: "Unwanted"; readonly lane: Lane; readonly request: number }
  /** Requests metrics from these modules, to be registered. */
  | {
      readonly _tag: "Find"
      readonly request: number
      readonly metrics: ReadonlyArray<readonly [name: string, fingerprint: Fingerprint]>
      readonly modules: ReadonlyArray<string>
    }
  /** Withdraws a request: the names that it has claimed are free again. */
  | { readonly _tag: "Forget"; readonly request: number }

/** A metric whose Prometheus name is taken by a metric of the runtime. */
export interface NameCollision {
  readonly metric: string
  readonly other: string
  readonly as: string
}

/** A command to the fold, placed after this position of the thread's stream. It contains no functions. */
export interface ThreadCommand {
  readonly _tag: "Command"
  readonly ticket: number
  readonly position: number
  readonly command: Command
  /** With `Open`. */
  readonly recorder?: ThreadRecorder
}

/** To an attached thread. */
export type ToThread =
  | Welcome
  | { readonly _tag: "Refused"; readonly reason: string }
  | { readonly _tag: "Reserved"; readonly reserved: ReservedLane }
  | { readonly _tag: "Fold"; readonly message: LaneMessage }
  /** The runtime has removed the recorder of a lane. */
  | { readonly _tag: "Removed"; readonly lane: Lane }
  /** The runtime is shutting down. Later removals are part of that. */
  | { readonly _tag: "Closing" }
  /** The worker was replaced. */
  | { readonly _tag: "Restarted" }
  | {
      readonly _tag: "Found"
      readonly request: number
      readonly metrics: CatalogEntries
      readonly collisions: ReadonlyArray<NameCollision>
    }
  | {
      readonly _tag: "NotFound"
      readonly request: number
      readonly error: Extract<ImportMessage, { readonly _tag: "NotImported" }>["error"]
    }

export interface Welcome {
  readonly _tag: "Welcome"
  readonly namespace: string
  /** The words with which it wakes the fold. */
  readonly control: SharedArrayBuffer
  /** Memory for its rows that the fold already has, left by another thread. */
  readonly memory: SharedArrayBuffer | undefined
}
