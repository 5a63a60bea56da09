/** A runtime that folds on the application thread. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { makeInProcessLink } from "../link/inProcess.ts"
import type { DurableStateError, RuntimeFailed } from "../model/runtimeErrors.ts"
import { durableOf } from "./durableOptions.ts"
import { flightLogOf } from "./flightRecorder.ts"
import { makeRuntime } from "./makeRuntime.ts"
import { defaultMemoryLimit, type RuntimeOptions, runtimeOptionChecks } from "./options.ts"
import type { RuntimeService } from "./service.ts"
import { shippingOf } from "./streamOptions.ts"

/** Makes a runtime that is `Idle` until `start`. */
export const makeInProcess = (options: RuntimeOptions): Effect.Effect<RuntimeService, never, Scope.Scope> =>
  makeRuntime(
    options,
    runtimeOptionChecks,
    Effect.gen(function* () {
      const { durable, memoryLimit = defaultMemoryLimit } = options
      const flightLog = yield* flightLogOf(options)
      const settings = yield* durableOf(options)
      const shipping = shippingOf(options)
      const shipped = shipping && (yield* importing(() => import("../link/shipInProcess.ts"))).shipInProcess(shipping)
      const kept =
        settings && (yield* importing(() => import("../link/keepInProcess.ts"))).keepInProcess(settings, durable?.store)
      return yield* makeInProcessLink<DurableStateError | RuntimeFailed>(memoryLimit, flightLog, kept, shipped)
    })
  )

/** Most runtimes need neither. */
const importing = <A>(load: () => Promise<A>): Effect.Effect<A> => Effect.promise(load)
