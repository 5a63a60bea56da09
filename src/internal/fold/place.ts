/**
 * Where a fold is in code that may end it: in reducers, views, and states that are restored. It is written to memory that
 * outlives the worker, by plain stores right before the code runs, so that a worker that dies leaves the place of it.
 */
import type { Lane } from "../stream/commands.ts"

// The words of a place.
export const PlaceLane = 0
/** The index of the metric in its lane. */
export const PlaceMetric = 1
/** The lower 32 bits of the sequence number of the event; of a view, that of the last event. */
export const PlaceSequence = 2
export const PlaceDuring = 3
/** The lower 32 bits of the position in the log up to which it has read. */
export const PlacePosition = 4
/** Another number after each turn of the fold. */
export const PlaceTurns = 5
/** How many rows, from the sequence number on, are given to all kernels at once; 0: one event, or none, to one metric. */
export const PlaceRows = 6
/** The index of a metric that reads the tag of the events at hand, and that of the tag among those it reads. */
export const PlaceReader = 7
export const PlaceTag = 8
export const PlaceWords = 9

/** The lane of a fold that is in no such code. */
export const Nowhere = -1

// What the fold does there.
export const DuringFold = 0
export const DuringView = 1
export const DuringRestore = 2

const names = ["fold", "view", "restore"] as const

export interface Place {
  readonly lane: Lane
  /** `undefined`: it is among those that take `rows` together. */
  readonly metric: number | undefined
  readonly sequence: number
  readonly during: (typeof names)[number]
  readonly rows: number
  readonly reader: number
  readonly tag: number
}

/** `undefined`: it is in no code of the user. */
export const placeIn = (words: Int32Array): Place | undefined =>
  words[PlaceLane] === Nowhere ? undefined : placeOf(words)

const placeOf = (words: Int32Array): Place => ({
  lane: words[PlaceLane]!,
  metric: words[PlaceRows] === 0 ? words[PlaceMetric]! : undefined,
  sequence: words[PlaceSequence]!,
  during: names[words[PlaceDuring]!]!,
  rows: words[PlaceRows]!,
  reader: words[PlaceReader]!,
  tag: words[PlaceTag]!
})

/** The lane whose metrics they are. */
export interface MetricsLane {
  readonly lane: Lane
  readonly place: Int32Array
  readonly quarantined: (name: string, error: string) => void
  readonly notKept: (name: string, reason: string) => void
}

/** What `run` gives for each metric, where the place says that the fold is in this code of theirs. */
export const during = <M extends { readonly index: number }, A>(
  what: number,
  { lane, place }: MetricsLane,
  metrics: ReadonlyArray<M>,
  run: (metric: M) => A
): Array<A> => {
  place[PlaceLane] = lane
  place[PlaceDuring] = what
  const results = metrics.map((metric) => {
    place[PlaceMetric] = metric.index
    return run(metric)
  })
  place[PlaceDuring] = DuringFold
  return results
}

/** For a fold whose place nobody asks for. */
export const nowhere = new Int32Array(PlaceWords)
