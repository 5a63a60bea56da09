import { Effect, Latch } from "effect"

/** A place where an effect is held: it says that it has come there, and waits to be let through. */
export interface Gate {
  /** What is run by the one who is held, as a hook or inside a listener. */
  readonly pass: Effect.Effect<void>
  /** Waits until someone has come to the gate. */
  readonly reached: Effect.Effect<void>
  /** Lets through whoever is there, and all who come later. */
  readonly open: Effect.Effect<void>
}

/** A closed gate. It opens with the scope at the latest, so that a test that fails leaves nobody behind. */
export const makeGate = Effect.map(
  Effect.acquireRelease(Latch.make(), (way) => way.open),
  (way): Gate => {
    const reached = Latch.makeUnsafe()
    return { pass: Effect.andThen(reached.open, way.await), reached: reached.await, open: Effect.asVoid(way.open) }
  }
)
