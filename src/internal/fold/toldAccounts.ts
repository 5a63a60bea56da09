/** The accounting of recorders, as the application thread tells it now and then: a row of `packStats` for each. */
import { Width } from "../formats/packedStats.ts"

export class ToldAccounts {
  readonly #rows = new Map<string, Float64Array>()
  #changed = new Set<string>()

  tell(recorderIds: ReadonlyArray<string>, stats: Float64Array): void {
    for (const [i, recorderId] of recorderIds.entries()) {
      this.#rows.set(recorderId, stats.slice(i * Width, (i + 1) * Width))
      this.#changed.add(recorderId)
    }
  }

  of(recorderId: string): Float64Array | undefined {
    return this.#rows.get(recorderId)
  }

  /** Of a recorder that is removed. */
  take(recorderId: string): Float64Array | undefined {
    const row = this.#rows.get(recorderId)
    this.#rows.delete(recorderId)
    return row
  }

  /** The ids of those that were told since this was last called. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed
    this.#changed = new Set()
    return changed
  }
}
