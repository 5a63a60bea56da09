/** Shuts a runtime down: its recorders first, each after folding what it accepted, then the fold. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { ShutdownFailed } from "../model/runtimeErrors.ts"
import { endsWithin, giveUpAfter } from "../util/liveClock.ts"
import type { FlightRecorder } from "./flightRecorder.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"
import type { RecorderRegistry } from "./registry.ts"
import type { RuntimeService } from "./service.ts"
import type { RuntimeThreads } from "./threads.ts"

/** The first caller starts it, in its own fiber. All others wait for the same end. */
export const shutdownOf = (
  lifecycle: RuntimeLifecycle,
  registry: RecorderRegistry,
  flightRecorder: FlightRecorder | undefined,
  threads: Pick<RuntimeThreads, "closing" | "close">
): RuntimeService["shutdown"] => {
  const closed = Deferred.makeUnsafe<void, ShutdownFailed>()
  const { log, namespace, shutdownTimeout } = lifecycle
  let isClosing = false

  const close = Effect.gen(function* () {
    threads.closing()
    const { controls } = registry
    const results = yield* Effect.forEach(controls, (control) => Effect.result(control.close), {
      concurrency: "unbounded"
    })
    const failures = results.flatMap((result, i) =>
      Result.isFailure(result) ? [controls[i]!.unfinished(result.failure)] : []
    )
    yield* Effect.forEach(controls, (control) => registry.bury(control), { concurrency: "unbounded", discard: true })
    threads.close()
    // The fold may be stuck in a reducer of one of them.
    const isStuck = controls.some(({ isGivenUp }) => isGivenUp)
    yield* isStuck ? Effect.void : Effect.all([saveLast(lifecycle), shipLast(lifecycle)], { concurrency: "unbounded" })
    // Before the log of the fold is gone.
    if (flightRecorder !== undefined) yield* giveUpAfter(shutdownTimeout)(flightRecorder.written)
    yield* lifecycle.closeFold(isStuck)
    lifecycle.closed()
    yield* log.lifecycle("runtime closed")
    if (failures.length > 0) return yield* new ShutdownFailed({ namespace, failures })
  })

  const closeNow = Effect.suspend(() => {
    lifecycle.beginStop()
    return Deferred.into(close, closed)
  })

  return Effect.gen(function* () {
    for (const control of registry.controls) yield* control.refuseInHook("see its runtime shut down")
    if (!isClosing) {
      isClosing = true
      const isStarting = lifecycle.state === "Starting"
      lifecycle.inBackground(isStarting ? Effect.andThen(lifecycle.startedOrGivenUp, closeNow) : closeNow)
    }
    return yield* Deferred.await(closed)
  })
}

/** Has the durable state written and the store updated, including what the recorders have left. */
const saveLast = ({ link, log, shutdownTimeout }: RuntimeLifecycle): Effect.Effect<void> => {
  if (link === undefined || link.failure() !== undefined) return Effect.void
  const last = (what: string, persist: Effect.Effect<void, Error> | undefined): Effect.Effect<void> =>
    persist === undefined
      ? Effect.void
      : Effect.catch(endsWithin(shutdownTimeout)(persist), ({ message }) =>
          log.failure(`${what} not written at shutdown: ${message}`)
        )
  // A store must never contain more than the durable state, so it is written after that.
  return Effect.andThen(
    last("the durable state was", link.durable?.persist),
    last("the counts were", link.store.end?.persistLast)
  )
}

/** Has everything that the recorders have accepted appended to the store, and marks the end there. */
const shipLast = ({ link, log, shutdownTimeout }: RuntimeLifecycle): Effect.Effect<void> => {
  if (link?.shipping === undefined || link.failure() !== undefined) return Effect.void
  return Effect.catch(endsWithin(shutdownTimeout)(link.shipping.end), ({ message }) =>
    log.failure(`the last events were not appended to their store: ${message}`)
  )
}
