/**
 * Consecutive reads of a runtime, for readers that do not know about lives. A recorder that is removed between two of
 * them is in the next one with its last state.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Dated } from "../formats/datedData.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { inSlices } from "../util/inSlices.ts"
import type { Steps } from "../util/steps.ts"
import type { CarriedSeries } from "./carried.ts"
import { collect, collectLast } from "./collect.ts"

interface CarriedReads<A> {
  readonly read: Effect.Effect<A>
  /** Removals no longer wait. */
  readonly stop: () => void
}

/** `show`: converts the data of each read. */
export const carriedReads = <A>(
  runtime: RuntimeService,
  carried: CarriedSeries,
  show: (all: ReadonlyArray<Dated>) => Steps<A>
): CarriedReads<A> => {
  const oneAtATime = Semaphore.makeUnsafe(1).withPermit
  const removed: Array<ReadonlyArray<Dated>> = []
  const keep = function* (): Steps<void> {
    // It is removed only when all of it is kept, because keeping the same state twice has no effect.
    for (let next = removed[0]; next !== undefined; next = removed[0]) {
      yield* carried.remove(next)
      removed.shift()
    }
  }
  // Started again each time.
  const kept = Effect.suspend(() => inSlices(keep()))
  const stop = internalsOf(runtime).beforeRemoval((source) =>
    Effect.flatMap(collectLast(runtime, source), ({ all }) => {
      removed.push(all)
      // A read may be in progress, and the removal does not wait for it.
      return Effect.asVoid(Effect.forkDetach(oneAtATime(kept)))
    })
  )
  // Removed recorders come before recorders of the same id that are read later.
  const read = oneAtATime(
    Effect.andThen(
      kept,
      Effect.flatMap(collect(runtime), ({ all }) => inSlices(show(all)))
    )
  )
  return { read, stop }
}
