/**
 * Batches with events of metrics that this aggregator does not have, or has in another version. They are kept beside
 * the state of their source, so that an aggregator that has these metrics can fold the events for them. This serves
 * deployments, in which both versions run for a while, so it is limited to an hour and to a few megabytes.
 */
import type { Parts } from "./storedRecorder.ts"

/** The prefix of the key of a part, followed by the number of the batch and the time from which it was kept. */
const OfBatch = "h:"

/** How long a batch is kept. */
export const HeldMillis = 60 * 60 * 1000
const MostBytes = 8 * 1024 * 1024

interface Held {
  readonly key: string
  readonly number: number
  readonly at: number
  readonly bytes: Uint8Array
}

export const isHeldBatch = (key: string): boolean => key.startsWith(OfBatch)

export class HeldBatches {
  /** In order. */
  #held: ReadonlyArray<Held>
  readonly #changed = new Set<string>()

  constructor(parts: Parts) {
    const found = [...parts].filter(([key]) => isHeldBatch(key))
    this.#held = found
      .map(([key, bytes]) => {
        const [, number, at] = key.split(":")
        return { key, number: Number(number), at: Number(at), bytes }
      })
      .sort((one, other) => one.number - other.number)
  }

  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  get batches(): ReadonlyArray<Uint8Array> {
    return this.#held.map(({ bytes }) => bytes)
  }

  /** Batches that are too old, or exceed the limit, are dropped. */
  add(number: number, bytes: Uint8Array, now: number): void {
    const key = `${OfBatch}${number}:${now}`
    let left = MostBytes
    const all = [...this.#held, { key, number, at: now, bytes }]
    const first = all.findLastIndex((held) => {
      left -= held.bytes.byteLength
      return left < 0 || held.at < now - HeldMillis
    })
    this.#changed.add(key)
    this.#keep(all.slice(first + 1), all)
  }

  clear(): void {
    this.#keep([], this.#held)
  }

  #keep(kept: ReadonlyArray<Held>, of: ReadonlyArray<Held>): void {
    const keys = new Set(kept.map(({ key }) => key))
    for (const { key } of of) if (!keys.has(key)) this.#changed.add(key)
    this.#held = kept
  }

  /** What has changed since {@link stored}. */
  changes(): ReadonlyArray<readonly [string, Uint8Array | undefined]> {
    const bytes = new Map(this.#held.map((held) => [held.key, held.bytes]))
    return Array.from(this.#changed, (key) => [key, bytes.get(key)])
  }

  stored(): void {
    this.#changed.clear()
  }
}
