import type { Lane, StreamNumber } from "../stream/commands.ts"
import type { LaneCounters } from "../stream/foldedCounters.ts"
import type { LaneMessage } from "../stream/foldMessages.ts"
import type { Poison } from "../stream/restore.ts"
import type { AnswerRoom } from "./answerRoom.ts"
import type { DueReads } from "./dueReads.ts"
import type { FoldTap } from "./foldTap.ts"
import type { Worktable } from "./slices.ts"

/** What lanes need from their fold. */
export interface FoldOfLanes {
  readonly send: (message: LaneMessage) => void
  /** The state of a metric could not be kept or used, and why. */
  readonly notKept: (recorderId: string, name: string, reason: string) => void
  /** Whether `send` copies. */
  readonly sendCopies: boolean
  /** Whether the answer to a read is still awaited. On another thread, the sender of its parts is informed instead. */
  readonly awaits?: ((lane: Lane, request: number) => boolean) | undefined
  /** Observes everything that lanes take. */
  readonly tap?: FoldTap | undefined
  /** Where long work is done in slices. */
  readonly work: Worktable
  /** For reads of very many lanes. */
  readonly reads: DueReads
  /** For answers on their way, if `send` copies. */
  readonly room: AnswerRoom
  /** See {@link ./place.ts}. */
  readonly place: Int32Array
  /** Whether rows are folded one by one and metric by metric, so that the place of what ends the fold is exact. */
  readonly isCareful: boolean
}

/** What a lane is made from. */
export interface LaneOptions {
  readonly lane: Lane
  readonly life: number
  readonly recorderId: string
  readonly stream: StreamNumber
  readonly counters: LaneCounters
  readonly fold: FoldOfLanes
  /** The sequence number up to which changes were received from the previous fold. */
  readonly seen?: number
  readonly poisons?: ReadonlyArray<Poison>
}
