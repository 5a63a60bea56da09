/**
 * Reads of a runtime that go on from each other, for readers that know of no lives. A recorder that is removed between two
 * of them is in the next one with its last state.
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
  /** Removals are no longer waited for. */
  readonly stop: () => void
}

/** `show`: what is made of the data of each read. */
export const carriedReads = <A>(
  runtime: RuntimeService,
  carried: CarriedSeries,
  show: (all: ReadonlyArray<Dated>) => Steps<A>
): CarriedReads<A> => {
  const oneAtATime = Semaphore.makeUnsafe(1).withPermit
  const removed: Array<ReadonlyArray<Dated>> = []
  const keep = function* (): Steps<void> {
    // It stays until all of it is kept: to keep the same state twice changes nothing.
    for (let next = removed[0]; next !== undefined; next = removed[0]) {
      yield* carried.remove(next)
      removed.shift()
    }
  }
  // Begun anew each time.
  const kept = Effect.suspend(() => inSlices(keep()))
  const stop = internalsOf(runtime).beforeRemoval((source) =>
    Effect.flatMap(collectLast(runtime, source), ({ all }) => {
      removed.push(all)
      // A read may be under way, which the removal does not wait for.
      return Effect.asVoid(Effect.forkDetach(oneAtATime(kept)))
    })
  )
  // What was removed comes before recorders of the same id that are read after it.
  const read = oneAtATime(
    Effect.andThen(
      kept,
      Effect.flatMap(collect(runtime), ({ all }) => inSlices(show(all)))
    )
  )
  return { read, stop }
}
