import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Those who want to be told of something, until they do not. */
export class Listeners<Listener> implements Iterable<Listener> {
  readonly #all = new Set<Listener>()

  /** Returns what undoes this. */
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
