/** The data that a live page gets once a second, as JSON. The page and the terminal view both read it. */

import type { KindName } from "../../metric/definition/instrument.ts"
import type { Quarantine } from "../../metric/definition/snapshot.ts"
import type { RuntimeStats } from "../../model/runtimeStats.ts"
import type { Stats } from "../../model/stats.ts"

/** `custom`: a metric with hand-written reducers; `derived`: one that is computed from others. */
export type LiveKind = KindName | "custom" | "derived"

export interface LiveMetric {
  readonly name: string
  readonly kind: LiveKind
  readonly description?: string
  readonly unit?: string
  /** The names of its labels, if it has any. */
  readonly labels: ReadonlyArray<string>
  /** As in the snapshot, except for series beyond the limit: the largest are included. */
  readonly dimensions: unknown
  /** The total number of series. */
  readonly seriesCount: number
  readonly quarantine?: Quarantine
}

export interface LiveRecorder {
  readonly recorderId: string
  readonly entityId: string
  readonly stats: Stats
  readonly metrics: ReadonlyArray<LiveMetric>
  /** Why there are no metrics: the recorder could not be read. */
  readonly error?: string
}

export interface LiveData {
  readonly namespace: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly recorders: ReadonlyArray<LiveRecorder>
  /** The total number of recorders; those beyond the limit are not included. */
  readonly recorderCount: number
  /** The stats of the runtime. A cluster reports less. */
  readonly runtime?: Partial<RuntimeStats>
}

/** An update without its recorders. */
export type LiveHead = Omit<LiveData, "recorders">

/**
 * Reads an update in its written form: JSON, with each recorder on a line of its own. A page parses one line after the
 * other and draws frames in between; any other reader can parse it as JSON.
 */
export const readLines = (
  text: string
): { readonly head: LiveHead; readonly recorders: () => Generator<LiveRecorder> } => {
  const [first, ...lines] = text.split("\n")
  const { recorders: _, ...head } = JSON.parse(`${first}]}`) as LiveData
  return {
    head,
    *recorders() {
      for (const line of lines.slice(0, -1)) if (line !== "") yield JSON.parse(line.replace(/,$/, ""))
    }
  }
}
