import type { Lane } from "../stream/commands.ts"

/** The lane whose metrics they are. */
export interface MetricsLane {
  readonly lane: Lane
  /** See {@link ./place.ts}. */
  readonly place: Int32Array
  readonly quarantined: (name: string, error: string) => void
  readonly notKept: (name: string, reason: string) => void
}
