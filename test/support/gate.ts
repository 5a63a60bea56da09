import { Effect, Latch } from "effect"

/** A place where an effect is held: it says that it has come there, and waits to be let through. */
export interface Gate {
  /** The effect of the blocked code, to run as a hook or inside a listener. */
  readonly pass: Effect.Effect<void>
  /** Waits until the gate has been reached. */
  readonly reached: Effect.Effect<void>
  /** Releases current and future waiters. */
  readonly open: Effect.Effect<void>
}

/** A closed gate. It opens with the scope at the latest, so that a failing test leaves no waiter behind. */
export const makeGate = Effect.map(
  Effect.acquireRelease(Latch.make(), (way) => way.open),
  (way): Gate => {
    const reached = Latch.makeUnsafe()
    return { pass: Effect.andThen(reached.open, way.await), reached: reached.await, open: Effect.asVoid(way.open) }
  }
)
