/** What one source tells a store: each write builds upon the last one that the store has. */
import * as Effect from "effect/Effect"
import type { SourceWrite, StateStoreService, WriteOutcome } from "./stateStore.ts"

/** A source that has nothing new says at least so often that it is still there, in milliseconds. */
export const StillThereMillis = 5000

export interface SourceWriterOptions extends Pick<SourceWrite, "namespace" | "source" | "epoch" | "isLasting"> {
  readonly store: StateStoreService
}

/** What has changed since the last write that the store has, or everything where it has none. */
export type Change = Pick<SourceWrite, "entries" | "removed" | "hasEnded">

export class SourceWriter {
  readonly #options: SourceWriterOptions
  /** The sequence number of the last write that the store has; `undefined`: it is to have everything. */
  #base: number | undefined
  #sequence = 0
  /** When the store was last told anything, in milliseconds of this process. */
  #toldAt = Number.NEGATIVE_INFINITY
  #refused: string | undefined

  constructor(options: SourceWriterOptions) {
    this.#options = options
  }

  /** Whether the store is to have everything next. */
  get isFirst(): boolean {
    return this.#base === undefined
  }

  /** Why the store will take no write of this epoch any more. */
  get refused(): string | undefined {
    return this.#refused
  }

  /** Whether the store was told nothing for so long that others may wonder. */
  get isSilent(): boolean {
    return performance.now() - this.#toldAt >= StillThereMillis
  }

  /** Whether the store has it now. If not, it is to be told everything next. */
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
 * Sequence numbers only grow, so what has a later one is another process. The two would take turns if both went on, and the
 * total would go back each time.
 */
const refusals: { readonly [outcome in Exclude<WriteOutcome, "written" | "incomplete">]: string } = {
  outdated:
    "another process has written as the same source, so this one is not counted. Give each process a durable state of its own, not a copy or a backup of one, and restart this process",
  retired:
    "it was silent for so long that its counts were added to those of ended processes, so it is not counted any more. Raise retireAfter of the reader, and restart this process"
}
