/** A store in memory that fails on demand, before or after it has done its work, and that can be set back. */
import { Effect } from "effect"
import { MetricsError } from "mvx-metrics"
import type { EventStoreService } from "mvx-metrics/MetricsStore"
import { type EventsInMemory, memoryEvents, noEvents } from "../../../src/internal/store/memoryEvents.ts"

export type Fate = "works" | "fails" | "fails, and has done it"

export class BrokenStore {
  #stored: EventsInMemory = noEvents()
  /** What there was before each of the last operations that have changed something. */
  #before: Array<EventsInMemory> = []
  readonly #store = memoryEvents(() => this.#stored)

  /** The store as one of its users has it. `fate`: of the next operation. */
  usedWith(fate: () => Fate): EventStoreService {
    const store = this.#store
    const use =
      <Args extends ReadonlyArray<unknown>, A>(
        f: (...args: Args) => Effect.Effect<A, MetricsError.MetricsStoreError>
      ) =>
      (...args: Args): Effect.Effect<A, MetricsError.MetricsStoreError> =>
        Effect.suspend(() => {
          const comes = fate()
          const failed = new MetricsError.MetricsStoreError({ store: "broken", operation: "use", reason: comes })
          if (comes === "fails") return Effect.fail(failed)
          this.#before.push({ sources: new Map(this.#stored.sources), owners: new Map(this.#stored.owners) })
          return comes === "works" ? f(...args) : Effect.andThen(f(...args), Effect.fail(failed))
        })
    return {
      place: "broken",
      append: use(store.append),
      join: use(store.join),
      leave: use(store.leave),
      state: use(store.state),
      read: use(store.read),
      commit: use(store.commit),
      forget: use(store.forget)
    }
  }

  /** It has lost what was done in the last operations. */
  setBack(operations: number): void {
    const at = Math.max(0, this.#before.length - operations)
    const before = this.#before[at]
    if (before === undefined) return
    this.#stored = before
    this.#before = this.#before.slice(0, at)
  }
}
