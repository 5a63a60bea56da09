import { Effect } from "effect"
import type { RuntimeService } from "mvx-metrics"
import { internalsOf, withInternals } from "../../src/internal/runtime/internals.ts"

/** Counts how often recorders are read as objects. */
export const countingReads = (runtime: RuntimeService) => {
  const internals = internalsOf(runtime)
  const counted = { reads: 0 }
  const sources = () =>
    internals
      .sources()
      .map((source) => ({ ...source, shown: Effect.onExit(source.shown, () => Effect.sync(() => counted.reads++)) }))
  return { counted, watched: withInternals(runtime, { ...internals, sources }) }
}
