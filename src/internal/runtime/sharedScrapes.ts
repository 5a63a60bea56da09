/**
 * Simultaneous scrapes are made once. Requests that arrive before a scrape has begun share it, because it includes
 * everything before its beginning. Later requests share the next one, so at most two of one kind are pending. A scrape
 * whose requests are all cancelled is dropped.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

interface Shared<A, E> {
  readonly result: Deferred.Deferred<A, E>
  fiber: Fiber.Fiber<A, E> | undefined
  waiting: number
  hasBegun: boolean
}

export class SharedScrapes<A, E> {
  /** By kind: the last one in progress. */
  readonly #last = new Map<string, Shared<A, E>>()

  /** `make` starts with everything that it must include. */
  share(kind: string, make: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      const last = this.#last.get(kind)
      if (last !== undefined && !last.hasBegun) return this.#join(kind, last)
      const shared: Shared<A, E> = { result: Deferred.makeUnsafe(), fiber: undefined, waiting: 0, hasBegun: false }
      this.#last.set(kind, shared)
      const before = last === undefined ? Effect.yieldNow : Effect.exit(Deferred.await(last.result))
      const all = Effect.andThen(
        before,
        Effect.suspend(() => {
          shared.hasBegun = true
          return make
        })
      )
      const ended = Effect.onExit(all, (exit) =>
        Effect.sync(() => {
          if (this.#last.get(kind) === shared) this.#last.delete(kind)
          Deferred.doneUnsafe(shared.result, exit)
        })
      )
      return Effect.flatMap(Effect.forkDetach(ended), (fiber) => {
        shared.fiber = fiber
        return this.#join(kind, shared)
      })
    })
  }

  #join(kind: string, shared: Shared<A, E>): Effect.Effect<A, E> {
    shared.waiting++
    return Effect.onInterrupt(Deferred.await(shared.result), () => {
      if (--shared.waiting > 0) return Effect.void
      // Later requests must not join a scrape that is dropped.
      if (this.#last.get(kind) === shared) this.#last.delete(kind)
      return shared.fiber === undefined ? Effect.void : Fiber.interrupt(shared.fiber)
    })
  }
}
