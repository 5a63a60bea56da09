/**
 * The place of a fold in code that may end it: in reducers, in views, and in states that are being restored. It is
 * written to memory that outlives the worker, with plain stores right before the code runs, so that a worker that dies
 * leaves its place behind.
 */
import type { Lane } from "../stream/commands.ts"

// The words of a place.
export const PlaceLane = 0
/** The index of the metric in its lane. */
export const PlaceMetric = 1
/** The lower 32 bits of the event's sequence number, or, for a view, of the last event's. */
export const PlaceSequence = 2
export const PlaceDuring = 3
/** The lower 32 bits of the position in the log up to which the fold has read. */
export const PlacePosition = 4
/** A number that changes with each turn of the fold. */
export const PlaceTurns = 5
/**
 * The number of rows, from the sequence number on, that all kernels take at once; 0: one event, or none, for one
 * metric.
 */
export const PlaceRows = 6
/**
 * The index of a metric that reads the tag of the current events, and the index of the tag among those that the metric
 * reads.
 */
export const PlaceReader = 7
export const PlaceTag = 8
export const PlaceWords = 9

/** The lane of a fold that is outside such code. */
export const Nowhere = -1

// What the fold does there.
export const DuringFold = 0
export const DuringView = 1
export const DuringRestore = 2

const names = ["fold", "view", "restore"] as const

export interface Place {
  readonly lane: Lane
  /** `undefined`: it is one of the metrics that take `rows` together. */
  readonly metric: number | undefined
  readonly sequence: number
  readonly during: (typeof names)[number]
  readonly rows: number
  readonly reader: number
  readonly tag: number
}

/** `undefined`: the fold is outside user code. */
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

/** The lane of the metrics. */
export interface MetricsLane {
  readonly lane: Lane
  readonly place: Int32Array
  readonly quarantined: (name: string, error: string) => void
  readonly notKept: (name: string, reason: string) => void
}

/** Runs `run` for each metric, with the place set to its code. */
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

/** For a fold whose place is not needed. */
export const nowhere = new Int32Array(PlaceWords)
