/**
 * Batches with events of metrics that this aggregator does not have, or in another version: they are kept beside the state of
 * their source, so that an aggregator that has these metrics can fold the events for them. For a deployment, in which both are there for
 * a while: not for longer than an hour, and not more than some megabytes.
 */
import type { Parts } from "./storedRecorder.ts"

/** The key of a part begins with this, followed by the number of the batch and by when it was kept. */
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

  /** Those that are too old, or too many, are let go. */
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
