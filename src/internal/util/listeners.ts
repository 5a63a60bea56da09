import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A set of listeners, which can be removed again. */
export class Listeners<Listener> implements Iterable<Listener> {
  readonly #all = new Set<Listener>()

  /** Returns the function that undoes this. */
  add(listener: Listener): () => void {
    this.#all.add(listener)
    return () => void this.#all.delete(listener)
  }

  get size(): number {
    return this.#all.size
  }

  [Symbol.iterator](): Iterator<Listener> {
    return this.#all.values()
  }
}

/** Listens until the scope closes. */
export const listening = (listen: () => () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(Effect.sync(listen), (forget) => Effect.sync(forget)))
