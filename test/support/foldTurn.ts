import { Effect } from "effect"
import { newRecorder } from "./bothLayers.ts"

/**
 * Gives the fold, and what comes back from it, the time of a turn: a read of a recorder that nobody else knows. After
 * it a test can claim that something has not happened, and mean it.
 */
export const foldTurn = Effect.asVoid(Effect.flatMap(newRecorder(), (recorder) => recorder.snapshots))
