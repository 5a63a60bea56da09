/**
 * Where a fold is in code that may end it: in reducers, views, and states that are restored. It is written to memory that
 * outlives the worker, by plain stores right before the code runs, so that a worker that dies leaves the place of it.
 */
import type { Lane } from "../stream/protocol.ts"

// The words of a place.
export const PlaceLane = 0
/** The index of the metric in its lane, or {@link AllKernels}. */
export const PlaceMetric = 1
/** The lower 32 bits of the sequence number of the event; of a view, that of the last event. */
export const PlaceSequence = 2
export const PlaceDuring = 3
/** The lower 32 bits of the position in the log up to which it has read. */
export const PlacePosition = 4
/** Another number after each turn of the fold. */
export const PlaceTurns = 5
export const PlaceWords = 6

/** The lane of a fold that is in no such code. */
export const Nowhere = -1

/** The rows of a run, given to all kernels at once: that of the first row is the sequence number. */
export const AllKernels = -1

// What the fold does there.
export const DuringFold = 0
export const DuringView = 1
export const DuringRestore = 2

const names = ["fold", "view", "restore"] as const

export interface Place {
  readonly lane: Lane
  readonly metric: number
  readonly sequence: number
  readonly during: (typeof names)[number]
}

/** `undefined`: it is in no code of the user. */
export const placeIn = (words: Int32Array): Place | undefined =>
  words[PlaceLane] === Nowhere ? undefined : placeOf(words)

const placeOf = (words: Int32Array): Place => ({
  lane: words[PlaceLane]!,
  metric: words[PlaceMetric]!,
  sequence: words[PlaceSequence]!,
  during: names[words[PlaceDuring]!]!
})

/** For a fold whose place nobody asks for. */
export const nowhere = new Int32Array(PlaceWords)
