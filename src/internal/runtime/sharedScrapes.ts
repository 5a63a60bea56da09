/**
 * Scrapes that are asked for at once are made once: whoever comes before one has begun gets the same, since it includes
 * all that came before it begins. Those who come later share the next one, so of one kind two at most are to be made.
 * What nobody waits for any more is given up.
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
  /** By kind: the last one that is under way. */
  readonly #last = new Map<string, Shared<A, E>>()

  /** `make` begins with all that it is to include. */
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
      // Whoever comes now does not join one that is given up.
      if (this.#last.get(kind) === shared) this.#last.delete(kind)
      return shared.fiber === undefined ? Effect.void : Fiber.interrupt(shared.fiber)
    })
  }
}
