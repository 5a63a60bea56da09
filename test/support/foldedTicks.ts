import { Effect } from "effect"
import type { RecorderService } from "mvx-metrics"
import { TickLog } from "./probe.metrics.ts"

/** The numbers of the ticks that were folded, in order. */
export const foldedTicks = (recorder: RecorderService) =>
  Effect.map(recorder.snapshot(TickLog), ({ dimensions }) => dimensions.log.map(([n]) => n))
