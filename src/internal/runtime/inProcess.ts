/** A runtime that folds on the application thread. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { makeInProcessLink } from "../link/inProcess.ts"
import { durableOf } from "./durableOptions.ts"
import { flightLogOf } from "./flightRecorder.ts"
import { makeRuntime } from "./makeRuntime.ts"
import { defaultMemoryLimit, type RuntimeOptions, runtimeOptionChecks } from "./options.ts"
import type { RuntimeService } from "./service.ts"

/** Makes a runtime that is `Idle` until `start`. */
export const makeInProcess = (options: RuntimeOptions): Effect.Effect<RuntimeService, never, Scope.Scope> =>
  makeRuntime(
    options,
    runtimeOptionChecks,
    Effect.gen(function* () {
      const { durable, memoryLimit = defaultMemoryLimit } = options
      const flightLog = yield* flightLogOf(options)
      const settings = yield* durableOf(options)
      if (settings === undefined) return yield* makeInProcessLink(memoryLimit, flightLog)
      const { keepInProcess } = yield* Effect.promise(() => import("../link/keepInProcess.ts"))
      return yield* makeInProcessLink(memoryLimit, flightLog, keepInProcess(settings, durable?.store))
    })
  )
