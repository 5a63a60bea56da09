/** What reaches a lane in order, and is queued while the lane waits for a listener to changes. */
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricEvent } from "../model/event.ts"
import { putSpan, spanOf } from "../model/eventSpan.ts"
import type { LaneCommand } from "../stream/commands.ts"
import type { Change } from "../stream/foldMessages.ts"
import type { Steps } from "../util/steps.ts"
import type { LaneMetrics } from "./laneMetrics.ts"
import type { SavedEvents, SavedStep } from "./savedLane.ts"
import type { Shown } from "./shown.ts"
import type { Work } from "./slices.ts"

export type Step = LaneCommand | Batch | Show | Skip | Absorb

/** A request to be shown all metrics, after every event that came before. */
export interface Show extends ShowOptions {
  readonly _tag: "Show"
  readonly now: number
  /** The requester. */
  readonly by: object
  readonly take: (shown: ReadonlyArray<Shown>) => void
  /** What remains to be done, once it has begun. */
  steps?: Steps<void>
}

export interface ShowOptions {
  readonly canWait: boolean
  /** Whether the result is added up with that of other recorders. */
  readonly addsUp: boolean
}

/** Events were evicted. The next one comes after this sequence number. */
interface Skip {
  readonly _tag: "Skip"
  readonly to: number
}

/** Events to be folded one by one, from `next` on, because there is a listener or the lane waits. */
export interface Batch {
  readonly _tag: "Events"
  readonly events: Array<MetricEvent>
  readonly times: Array<number>
  next: number
  /** Events folded since they were last counted. */
  applied: number
  ignored: number
}

/** The counts of a removed recorder, which the lane takes over. */
export interface Absorb {
  readonly _tag: "Absorb"
  readonly removed: LaneMetrics
  readonly at: number
  /** The lane has taken over everything. */
  readonly onEnd: () => void
}

/** The lane takes it over in slices, and queues what arrives meanwhile. */
export interface Absorbing {
  readonly _tag: "Absorbing"
  readonly steps: Steps<void>
  readonly onEnd: () => void
  /** `undefined` in the call that starts it. */
  work: Work | undefined
}

/** Stands for an event that no metric reads. */
export const foreign: MetricEvent = { _tag: "" }

export const emptyBatch = (): Batch => ({ _tag: "Events", events: [], times: [], next: 0, applied: 0, ignored: 0 })

/** The maximum number of changes that wait for a listener. The fold continues when they are delivered. */
const ChangesAtOnce = 32

/**
 * Folds events of a batch until the maximum number of changes is reached. `fold` returns whether a metric took the
 * event.
 */
export const foldSome = (
  batch: Batch,
  isWatched: boolean,
  fold: (event: MetricEvent, at: number, changes: Array<Change> | undefined) => boolean
): ReadonlyArray<Change> => {
  const { events, times } = batch
  const changes: Array<Change> = []
  while (batch.next < events.length && changes.length < ChangesAtOnce) {
    const index = batch.next++
    if (fold(events[index]!, times[index]!, isWatched ? changes : undefined)) batch.applied++
    else batch.ignored++
  }
  return changes
}

/** Requests to be shown something are repeated to the next worker. */
export const savedStep = (step: Step): ReadonlyArray<SavedStep> => {
  switch (step._tag) {
    case "Show":
      return []
    case "Events":
      return [savedBatch(step)]
    case "Absorb":
      return notSaved()
    case "Register": {
      const { at, lane, left, name } = step
      return [{ _tag: "Register", lane, name, at, left }]
    }
    default:
      return [step]
  }
}

/** The removed recorder's counts are in neither lane's records at this point: see `Fold.isAbsorbing`. */
const notSaved = (): never => {
  throw new Error("A lane was saved before it had all that a removed recorder has left to it.")
}

/** What waits for a listener. */
export const savedHeld = (held: Batch | Absorbing): SavedEvents =>
  held._tag === "Absorbing" ? notSaved() : savedBatch(held)

const savedBatch = ({ applied, events, ignored, next, times }: Batch): SavedEvents => {
  const left = events.slice(next)
  const spans = left.map(spanOf)
  return {
    _tag: "Events",
    events: left,
    spans: spans.some((span) => span !== null) ? spans : undefined,
    times: times.slice(next),
    applied,
    ignored
  }
}

/** `definitionOf`: returns a metric by its name. */
export const restoredStep = (step: SavedStep, definitionOf: (name: string) => Metric.Any): Step => {
  if (step._tag === "Events") return restoredBatch(step)
  return step._tag === "Register" ? { ...step, metric: definitionOf(step.name) } : step
}

export const restoredBatch = ({ applied, events, ignored, spans, times }: SavedEvents): Batch => ({
  _tag: "Events",
  events: events.map((event, i) => putSpan(event, spans?.[i] ?? null)),
  times: times.slice(),
  next: 0,
  applied,
  ignored
})

/** The last change of each metric, in their order. */
export const latestOfEach = (changes: ReadonlyArray<Change>): ReadonlyArray<Change> => {
  const byName = new Map<string, Change>()
  for (const change of changes) {
    byName.delete(change.snapshot.name)
    byName.set(change.snapshot.name, change)
  }
  return [...byName.values()]
}
