import type { Lane, StreamNumber } from "../stream/commands.ts"
import type { LaneCounters } from "../stream/foldedCounters.ts"
import type { LaneMessage } from "../stream/foldMessages.ts"
import type { Poison } from "../stream/restore.ts"
import type { AnswerRoom } from "./answerRoom.ts"
import type { DueReads } from "./dueReads.ts"
import type { FoldTap } from "./foldTap.ts"
import type { Worktable } from "./slices.ts"

/** The fold whose lanes they are. */
export interface FoldOfLanes {
  readonly send: (message: LaneMessage) => void
  /** The state of a metric could not be kept or used, and why. */
  readonly notKept: (recorderId: string, name: string, reason: string) => void
  /** Whether `send` copies. */
  readonly sendCopies: boolean
  /** Whether somebody waits for the answer to a read. On another thread, whoever sends its parts is told. */
  readonly awaits?: ((lane: Lane, request: number) => boolean) | undefined
  /** Is shown what lanes take. */
  readonly tap?: FoldTap | undefined
  /** Where what takes long is done in slices. */
  readonly work: Worktable
  /** For reads of very many lanes. */
  readonly reads: DueReads
  /** For answers on their way, where `send` copies. */
  readonly room: AnswerRoom
  /** See {@link ./place.ts}. */
  readonly place: Int32Array
  /** Whether rows are folded one by one and metric by metric, so that the place of what ends the fold is exact. */
  readonly isCareful: boolean
}

/** What a lane is made of. */
export interface LaneOptions {
  readonly lane: Lane
  readonly life: number
  readonly recorderId: string
  readonly stream: StreamNumber
  readonly counters: LaneCounters
  readonly fold: FoldOfLanes
  /** Up to which sequence number changes were received from the fold before. */
  readonly seen?: number
  readonly poisons?: ReadonlyArray<Poison>
}
