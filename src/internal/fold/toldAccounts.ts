/** The accounting of recorders, as the application thread reports it now and then: a row of `packStats` for each. */
import { addEndedRow, Width } from "../formats/packedStats.ts"

/** The maximum number of ids of removed recorders whose accounting is kept, as for their states. */
const MostLeft = 1000

export class ToldAccounts {
  readonly #rows = new Map<string, Float64Array>()
  /** The accounting of removed recorders, the oldest first. */
  readonly #left = new Map<string, Float64Array>()
  /** The ids that were reported since they were last taken. */
  readonly changed = new Set<string>()

  tell(recorderIds: ReadonlyArray<string>, stats: Float64Array): void {
    for (const [i, recorderId] of recorderIds.entries()) {
      this.#rows.set(recorderId, stats.slice(i * Width, (i + 1) * Width))
      this.changed.add(recorderId)
    }
  }

  of(recorderId: string): Float64Array | undefined {
    return this.#rows.get(recorderId)
  }

  /** The last reported accounting of removed recorders with this id. */
  leftBy(recorderId: string): Float64Array | undefined {
    return this.#left.get(recorderId)
  }

  /** Takes the accounting of a recorder that is removed. */
  take(recorderId: string): Float64Array | undefined {
    const row = this.#rows.get(recorderId)
    this.#rows.delete(recorderId)
    if (row === undefined) return undefined
    const before = this.#left.get(recorderId)
    this.#left.delete(recorderId)
    this.#left.set(recorderId, addEndedRow(before, row))
    if (this.#left.size > MostLeft) this.#left.delete(this.#left.keys().next().value!)
    return row
  }
}
