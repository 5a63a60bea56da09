/**
 * What the production side and the fold side say to each other. Plain data, so that it crosses a thread; in process the
 * same objects are passed by reference.
 */
import type * as Metric from "../Metric.ts"
import type { MetricEvent } from "../MetricEvent.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Fingerprint } from "./fingerprint.ts"

/** A recorder as the fold side knows it. A lane is open from the recorder's making to its removal. */
export type Lane = number

/**
 * Who listens to changes of metrics: nobody, someone who wants every change, or only people who want to be up to date
 * (the latest change of each metric of a batch).
 */
export type Watch = "none" | "latest" | "every"

/** From the production side, in order. */
export type Command =
  /** Asks a worker for its catalog: the answer shows that messages go straight through from then on. */
  | { readonly _tag: "Hello" }
  | { readonly _tag: "Open"; readonly lane: Lane; readonly counters: Int32Array }
  | { readonly _tag: "Register"; readonly lane: Lane; readonly name: string; readonly metric?: Metric.Any }
  | {
      readonly _tag: "Events"
      readonly lane: Lane
      /** Sequence number of the first event. */
      readonly first: number
      readonly events: ReadonlyArray<MetricEvent>
      readonly times: ReadonlyArray<number>
    }
  | { readonly _tag: "Read"; readonly lane: Lane; readonly request: number; readonly now: number }
  | { readonly _tag: "Watch"; readonly lane: Lane; readonly watch: Watch }
  | { readonly _tag: "Delivered"; readonly lane: Lane }
  | { readonly _tag: "Close"; readonly lane: Lane }

/** A change as the fold side reports it. */
export interface Change {
  readonly tag: string
  readonly sequence: number
  readonly at: number
  readonly snapshot: Snapshot
}

/** From the fold side to the recorder of a lane. */
export type LaneMessage =
  /** The counters of the lane have moved. */
  | { readonly _tag: "Folded"; readonly lane: Lane }
  | {
      readonly _tag: "Snapshots"
      readonly lane: Lane
      readonly request: number
      readonly snapshots: ReadonlyArray<Snapshot>
    }
  /** The lane waits until this is answered by `Delivered`. */
  | { readonly _tag: "Changes"; readonly lane: Lane; readonly changes: ReadonlyArray<Change> }
  | { readonly _tag: "Quarantined"; readonly lane: Lane; readonly name: string; readonly error: string }

/** From a worker thread as a whole. */
export type WorkerMessage =
  | LaneMessage
  /** The first word of a worker: the definitions it has. */
  | { readonly _tag: "Catalog"; readonly metrics: ReadonlyArray<readonly [name: string, fingerprint: Fingerprint]> }
  /** The first and last word of a worker that cannot work; `error` is Schema-encoded. */
  | { readonly _tag: "Refused"; readonly error: unknown }
  /** The last word of a worker whose fold died of a defect. */
  | { readonly _tag: "Died"; readonly reason: string }

/** Indices of the counters of a lane, shared between both sides. They wrap around; only differences are read. */
export const Applied = 0
export const Ignored = 1
export const CounterCount = 2
