/** A runtime that folds on the application thread. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { makeInProcessLink } from "../link/inProcess.ts"
import { flightLogOf } from "./flightRecorder.ts"
import { makeRuntime } from "./makeRuntime.ts"
import { defaultMemoryLimit, type RuntimeOptions, type RuntimeService, runtimeOptionChecks } from "./service.ts"

/** Makes a runtime that is `Idle` until `start`. */
export const makeInProcess = (options: RuntimeOptions): Effect.Effect<RuntimeService, never, Scope.Scope> =>
  makeRuntime(
    options,
    runtimeOptionChecks,
    Effect.flatMap(
      Effect.suspend(() => flightLogOf(options)),
      (flightLog) => makeInProcessLink(options.memoryLimit ?? defaultMemoryLimit, flightLog)
    )
  )
