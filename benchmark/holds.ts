import type { Usage } from "./workerProbe.ts"

/** How long the fold stood still at most since the last question, in milliseconds, while there were events to fold. */
export interface HoldUsage extends Usage {
  readonly holdMillis: number
  /** Without what V8 took to collect garbage, and without the time for which other threads had the processors. */
  readonly ownHoldMillis: number
  /** The longest collection. */
  readonly collectionMillis: number
}
