/** The writes of one source to a store: each builds upon the last one that the store has. */
import * as Effect from "effect/Effect"
import type { SourceWrite, StateStoreService, WriteOutcome } from "./stateStore.ts"

/** The maximum interval at which a source without changes shows that it is alive, in milliseconds. */
export const StillThereMillis = 5000

export interface SourceWriterOptions extends Pick<SourceWrite, "namespace" | "source" | "epoch" | "isLasting"> {
  readonly store: StateStoreService
}

/** What has changed since the last write that the store has, or everything if it has none. */
export type Change = Pick<SourceWrite, "entries" | "removed" | "hasEnded">

export class SourceWriter {
  readonly #options: SourceWriterOptions
  /** The sequence number of the last write that the store has; `undefined`: the next write contains everything. */
  #base: number | undefined
  #sequence = 0
  /** When the store was last written to, in milliseconds of this process. */
  #toldAt = Number.NEGATIVE_INFINITY
  #refused: string | undefined

  constructor(options: SourceWriterOptions) {
    this.#options = options
  }

  /** Whether the next write contains everything. */
  get isFirst(): boolean {
    return this.#base === undefined
  }

  /** Why the store will accept no more writes of this epoch. */
  get refused(): string | undefined {
    return this.#refused
  }

  /** Whether nothing was written for so long that readers might consider the source silent. */
  get isSilent(): boolean {
    return performance.now() - this.#toldAt >= StillThereMillis
  }

  /** Returns whether the store has it now. If not, the next write must contain everything. */
  write(change: Change): Effect.Effect<boolean, Error> {
    return Effect.suspend(() => this.#tell(++this.#sequence, change))
  }

  /** Nothing has changed since the last write. */
  readonly stillThere: Effect.Effect<boolean, Error> = Effect.suspend(() =>
    this.#tell(this.#base!, { entries: new Map(), removed: [], hasEnded: false })
  )

  #tell(sequence: number, change: Change): Effect.Effect<boolean, Error> {
    const { store, ...identity } = this.#options
    const written = store.write({ ...change, ...identity, sequence, base: this.#base })
    return Effect.flatMap(written, (outcome): Effect.Effect<boolean, Error> => {
      switch (outcome) {
        case "written":
          this.#base = sequence
          this.#toldAt = performance.now()
          return Effect.succeed(true)
        case "incomplete":
          this.#base = undefined
          return Effect.succeed(false)
        default:
          this.#refused = refusals[outcome]
          return Effect.fail(new Error(this.#refused))
      }
    })
  }
}

/**
 * Sequence numbers only grow, so a later one belongs to another process. If both continued, they would alternate, and
 * the total would fall each time.
 */
const refusals: { readonly [outcome in Exclude<WriteOutcome, "written" | "incomplete">]: string } = {
  outdated:
    "another process has written as the same source, so this one is not counted. Give each process a durable state of its own, not a copy or a backup of one, and restart this process",
  retired:
    "it was silent for so long that its counts were added to those of ended processes, so it is not counted any more. Raise retireAfter of the reader, and restart this process"
}
