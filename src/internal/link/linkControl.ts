/** The options and the control interface of a link, for a fold in this thread or in another one. */

import type { Place } from "../fold/place.ts"
import type { Carrier } from "../stream/carrier.ts"
import type { Lane } from "../stream/commands.ts"
import type { FoldMessage } from "../stream/foldMessages.ts"
import type { Restore } from "../stream/restore.ts"
import type { Unwanted } from "../stream/workerMessages.ts"
import type { RowWriter } from "../stream/writer.ts"
import type { AttachedStreams } from "./attachedThreads.ts"
import type { FlightLog } from "./flightLog.ts"
import type { KeptLog } from "./keptLog.ts"
import type { Link } from "./link.ts"
import type { TellStore } from "./toldStore.ts"
import type { WorkerCatalog } from "./workerCatalog.ts"

export interface LinkOptions {
  readonly catalog: WorkerCatalog | undefined
  readonly carrier: Carrier
  /** What is kept for a replacement fold, if this fold can be replaced. */
  readonly kept?: KeptLog
  /** The streams of attached threads by number, if threads can be attached, and how the fold is informed about them. */
  readonly attached?: AttachedStreams
  /** Keeps the end of the log, for a flight recorder. */
  readonly flightLog?: FlightLog | undefined
  /** The maximum size in bytes of the memory for events. */
  readonly mostBytes: number
  /** The location of the state that outlives the process, if there is any. */
  readonly durablePlace?: string | undefined
  readonly tellStore: TellStore
  /** Whether the events are appended to a store. */
  readonly ships?: boolean
  /** Allocates memory for counters that both sides can access. */
  readonly allocateCounters: (bytes: number) => ArrayBufferLike
  readonly hold: () => () => void
  /** Runs `action` at the next turn of the event loop. */
  readonly nextTurn: (action: () => void) => void
  /** Runs `action`, which was triggered by a message of the fold, as soon as nothing is being folded or dispatched. */
  readonly afterFold: (action: () => void) => void
  /** Receives what the fold has sent without a turn of the event loop, if the fold is in another thread. */
  readonly receive?: () => void
  /** Folds what was published, if the fold is in this thread. */
  readonly foldNow?: () => void
  /** Informs a fold that answers in parts that the rest of an answer is no longer wanted. */
  readonly unwanted?: (unwanted: Unwanted) => void
  readonly terminate: () => void
}

/** A link over a carrier, with the functions through which the carrier reports back. */
export interface LinkControl {
  readonly link: Link
  readonly writer: RowWriter
  readonly deliver: (message: FoldMessage) => void
  /** Whether the answer to a read is still awaited. */
  readonly awaits: (lane: Lane, request: number) => boolean
  readonly fail: (cause: unknown) => void
  /** A number that changes while the fold makes progress. */
  readonly progress: () => number
  /** Describes the place of the fold, for people. */
  readonly describe: (place: Place | undefined) => string
  readonly slow: (reason: string) => void
  /** Reports that the fold has ended at this place and is about to be replaced. */
  readonly restarting: (cause: unknown, place: Place | undefined) => void
  /** Returns what the replacement resumes from. From now on the writer relies on the replacement. */
  readonly restore: (careful: number) => Restore
  readonly restarted: () => void
  /** The runtime is shut down. Nothing more will arrive from the fold. */
  readonly close: () => void
}
