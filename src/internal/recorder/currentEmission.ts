import * as Context from "effect/Context"
import type { Emission } from "./dispatch.ts"

/**
 * The emission of the fiber. A reference reaches the recorder even through a wrapper around the `emit` of its service.
 */
export const CurrentEmission = Context.Reference<Emission | undefined>("mvx-metrics/internal/CurrentEmission", {
  defaultValue: () => undefined
})
