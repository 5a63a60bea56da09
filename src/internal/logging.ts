import * as Effect from "effect/Effect"

/**
 * How much is logged: nothing, lifecycle and failures, or reads as well. Lifecycle goes to `Debug`, so that a program
 * with Effect's default level hears of a recorder only when something is wrong.
 */
export type Detail = "silent" | "normal" | "inspection"

export interface Log {
  readonly lifecycle: (message: string) => Effect.Effect<void>
  readonly warning: (message: string) => Effect.Effect<void>
  readonly failure: (message: string) => Effect.Effect<void>
  readonly inspection: (message: string) => Effect.Effect<void>
}

export const makeLog = (detail: Detail, annotations: { readonly [name: string]: string }): Log => {
  const at =
    (enabled: boolean, log: (message: string) => Effect.Effect<void>) =>
    (message: string): Effect.Effect<void> =>
      enabled ? Effect.annotateLogs(log(message), annotations) : Effect.void
  const normal = detail !== "silent"
  return {
    lifecycle: at(normal, Effect.logDebug),
    warning: at(normal, Effect.logWarning),
    failure: at(normal, Effect.logError),
    inspection: at(detail === "inspection", Effect.logDebug)
  }
}
