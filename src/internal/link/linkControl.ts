/** What a link is made of, and what it is made for: a fold in this thread, or one in another thread. */

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
  /** What is kept for another fold, where one can take the place of this one. */
  readonly kept?: KeptLog
  /** The streams of attached threads by number, where there can be any, and how the fold is told of them. */
  readonly attached?: AttachedStreams
  /** Keeps the end of the log, for a flight recorder. */
  readonly flightLog?: FlightLog | undefined
  /** Most bytes of memory that events may lie in. */
  readonly mostBytes: number
  /** Where the state lies that outlives the process, if any does. */
  readonly durablePlace?: string | undefined
  readonly tellStore: TellStore
  /** Whether the events are appended to a store. */
  readonly ships?: boolean
  /** Memory for counters that both sides see. */
  readonly allocateCounters: (bytes: number) => ArrayBufferLike
  readonly hold: () => () => void
  /** Runs `action` at the next turn of the event loop. */
  readonly nextTurn: (action: () => void) => void
  /** Runs `action`, which a message of the fold has led to, when nothing is being folded or handed over. */
  readonly afterFold: (action: () => void) => void
  /** Receives what the fold has sent, without a turn of the event loop, where it is in another thread. */
  readonly receive?: () => void
  /** Folds what was published, where the fold is in this thread. */
  readonly foldNow?: () => void
  /** Tells a fold whose answers come in parts that nobody waits for the rest of one. */
  readonly unwanted?: (unwanted: Unwanted) => void
  readonly terminate: () => void
}

/** A link over a carrier, with the functions by which the carrier reports back. */
export interface LinkControl {
  readonly link: Link
  readonly writer: RowWriter
  readonly deliver: (message: FoldMessage) => void
  /** Whether somebody waits for the answer to a read. */
  readonly awaits: (lane: Lane, request: number) => boolean
  readonly fail: (cause: unknown) => void
  /** Another number while the fold gets on. */
  readonly progress: () => number
  /** Where the fold is, for somebody who reads it. */
  readonly describe: (place: Place | undefined) => string
  readonly slow: (reason: string) => void
  /** The fold has ended, in this place, and another one is to take its place. */
  readonly restarting: (cause: unknown, place: Place | undefined) => void
  /** What that one goes on from. From now on the writer counts on it. */
  readonly restore: (careful: number) => Restore
  readonly restarted: () => void
  /** The runtime is shut down: nothing more comes of it. */
  readonly close: () => void
}
