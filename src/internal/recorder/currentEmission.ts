import * as Context from "effect/Context"
import type { Emission } from "./dispatch.ts"

/** That of the fiber. A reference reaches the recorder through any function that a copy of its service has for `emit`. */
export const CurrentEmission = Context.Reference<Emission | undefined>("mvx-metrics/internal/CurrentEmission", {
  defaultValue: () => undefined
})
