/**
 * The batches of a source that may still be needed: those that the store does not have, and those that it has but could
 * lose. A store that is killed may forget its last seconds, both commits and appended batches.
 */
import type { EventBatch } from "../store/eventStore.ts"
import type { KeptBatch } from "../stream/restore.ts"

/** A batch that was committed by the store's answer at this time, and by all answers since. */
interface Committed {
  readonly number: number
  readonly at: number
}

export class KeptBatches {
  #batches: Array<KeptBatch> = []
  #bytes = 0
  #next = 1
  #committed: Array<Committed> = []

  get bytes(): number {
    return this.#bytes
  }

  /** The number of the next batch. */
  get next(): number {
    return this.#next
  }

  /** The number of the oldest batch, or of the next one if there is none. */
  get oldest(): number {
    return this.#batches[0]?.number ?? this.#next
  }

  get all(): ReadonlyArray<KeptBatch> {
    return this.#batches
  }

  add(bytes: ArrayBufferLike, events: number): KeptBatch {
    const batch = { number: this.#next++, bytes, events }
    this.#batches.push(batch)
    this.#bytes += bytes.byteLength
    return batch
  }

  /** Takes over the batches of an earlier fold. */
  restore(batches: ReadonlyArray<KeptBatch>, next: number): void {
    this.#batches = [...batches]
    this.#bytes = batches.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
    this.#next = next
    this.#committed = []
  }

  /** The batches after a number, up to about this many bytes, and at least one. */
  after(number: number, most: number): ReadonlyArray<EventBatch> {
    const first = this.#batches.findIndex((batch) => batch.number > number)
    if (first < 0) return []
    const found: Array<EventBatch> = []
    let bytes = 0
    for (let i = first; i < this.#batches.length && (bytes < most || found.length === 0); i++) {
      const batch = this.#batches[i]!
      bytes += batch.bytes.byteLength
      found.push({ number: batch.number, bytes: new Uint8Array(batch.bytes) })
    }
    return found
  }

  /**
   * The store has answered that the batches up to a number are committed. Releases those that have been committed for
   * so long that the store cannot lose them. Returns whether there were any.
   */
  committed(number: number, now: number, graceMillis: number): boolean {
    this.#committed = this.#committed.filter((sample) => sample.number <= number)
    if ((this.#committed.at(-1)?.number ?? 0) < number) this.#committed.push({ number, at: now })
    const safe = this.#committed.findLast(({ at }) => at <= now - graceMillis)
    if (safe === undefined) return false
    this.#committed = this.#committed.filter(({ at }) => at >= safe.at)
    return this.#drop(safe.number)
  }

  #drop(number: number): boolean {
    const kept = this.#batches.findIndex((batch) => batch.number > number)
    const dropped = this.#batches.splice(0, kept < 0 ? this.#batches.length : kept)
    for (const { bytes } of dropped) this.#bytes -= bytes.byteLength
    return dropped.length > 0
  }

  /**
   * The batches up to a number are part of the total of a retired source. The others are the first ones of another
   * source.
   */
  renumber(last: number): void {
    this.#drop(last)
    this.#batches = this.#batches.map((batch, i) => ({ ...batch, number: i + 1 }))
    this.#next = this.#batches.length + 1
    this.#committed = []
  }
}
