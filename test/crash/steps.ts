/**
 * The messages between the harness and the system. The two are different processes.
 */
import type { Report, Snapshots } from "mvx-metrics/Snapshot"
import type { FaultCounts, Strike } from "./faults.ts"
import type { Poison } from "./load.metrics.ts"

/** The APIs that the load comes by. Each has a runtime of its own, and so a worker. */
export const sides = ["effect", "promise"] as const
export type Side = (typeof sides)[number]

/**
 * The roles of recorders.
 *
 * - `exact`: takes every event, and has all metrics.
 * - `watched`, `latest`: has a listener to all changes, or to the latest.
 * - `newest`, `oldest`, `waiting`, `failing`: small, so that its overflow policy applies.
 * - `deltas`: is read by a delta reader.
 */
export const roles = ["exact", "watched", "latest", "newest", "oldest", "waiting", "failing", "deltas"] as const
export type Role = (typeof roles)[number]

/** One thing to do with a recorder; all of a recorder are done in order. */
export type Op =
  | { readonly _tag: "Create"; readonly role: Role }
  | { readonly _tag: "Remove" }
  /** Has it accept so many events, each offered again until it is. */
  | { readonly _tag: "Burst"; readonly count: number; readonly waits: boolean }
  | { readonly _tag: "Poison"; readonly how: Poison }
  | { readonly _tag: "Register"; readonly name: string }
  | { readonly _tag: "Reset"; readonly name: string | undefined }
  /** The listener takes so long for each of the next changes. */
  | { readonly _tag: "Stall"; readonly millis: number; readonly changes: number }
  /** A read that is given up after so long. */
  | { readonly _tag: "Abandon"; readonly millis: number }
  | { readonly _tag: "Delta" }
  | { readonly _tag: "Report" }

export interface Script {
  readonly side: Side
  readonly id: string
  readonly role: Role
  readonly ops: ReadonlyArray<Op>
}

/** Scripts that run at the same time, while workers are struck. */
export interface Step {
  readonly now: number
  readonly scripts: ReadonlyArray<Script>
  /** Whether the metrics are scraped meanwhile. */
  readonly scrapes: boolean
  readonly strikes: ReadonlyArray<{ readonly side: Side; readonly kind: Strike; readonly afterMillis: number }>
}

/** What an op came to: the events that were refused before the others were accepted, or what was read. */
export type Answer =
  | { readonly refused: number }
  | { readonly report: Pick<Report, "snapshots" | "stats"> }
  | { readonly delta: Snapshots }
  | Record<never, never>

/** What is wrong, by what it counts as. */
export interface Problem {
  readonly kind: "lost" | "doubleCounted" | "hang" | "wrong"
  readonly count: number
  readonly text: string
}

export interface StepDone {
  readonly answers: ReadonlyArray<ReadonlyArray<Answer>>
  /** What a scrape shows at the end of the step: the events counted by each recorder. */
  readonly totals: { readonly [S in Side]: { readonly [id: string]: number } } | undefined
  readonly problems: ReadonlyArray<Problem>
  /** Of the whole run so far. */
  readonly kills: number
  readonly faults: FaultCounts
  /** The longest by what was struck. */
  readonly recoveryMillis: { readonly [struck: string]: number }
  /** Of the whole run: how many scrapes were answered in either way, and the longest that one took. */
  readonly scrapes: { readonly answered: number; readonly refused: number; readonly longestMillis: number }
  readonly rss: number
}

export type ToSystem = Step | "end"
export type FromSystem = StepDone | "ready"
