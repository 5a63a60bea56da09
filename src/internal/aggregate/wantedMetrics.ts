/**
 * Which metrics the aggregators of a namespace fold. Each has them in its id, so that the others keep the events of those
 * that they do not have themselves: in a deployment, aggregators of two versions work beside each other.
 */
import { randomUUID } from "node:crypto"
import { measuredBy } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { murmur3 } from "../util/murmur3.ts"
import { HeldMillis } from "./heldBatches.ts"

/** An id has no more, so that a store can have it in a key. */
const MostMetrics = 250

const Separator = ":"

const hashOf = (name: string, measured: string): number => murmur3(JSON.stringify([name, measured]), 0).high >>> 0

/** The id of a new aggregator that folds these. */
export const aggregatorId = (metrics: Iterable<Metric.Any>): string => {
  const hashes = Array.from(metrics, (metric) => hashOf(metric.name, measuredBy(metric).hash))
  const bytes = Buffer.alloc(4 * Math.min(hashes.length, MostMetrics))
  for (let i = 0; i < bytes.byteLength / 4; i++) bytes.writeUInt32LE(hashes[i]!, 4 * i)
  return `${randomUUID()}${Separator}${bytes.toString("base64url")}`
}

/** The first part of an id, by which sources are shared among them: it is short. */
export const nameOf = (id: string): string => id.split(Separator, 1)[0]!

const hashesIn = (id: string): ReadonlyArray<number> => {
  const bytes = Buffer.from(id.split(Separator)[1] ?? "", "base64url")
  return Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, i) => bytes.readUInt32LE(4 * i))
}

/** What other aggregators fold, and this one does not. */
export class WantedMetrics {
  readonly #own: ReadonlySet<number>
  /** By hash, when there was last an aggregator that folds it. */
  readonly #seen = new Map<number, number>()

  constructor(ownId: string) {
    this.#own = new Set(hashesIn(ownId))
  }

  /** These are the aggregators that there are now. One that has gone may be replaced, or come back. */
  see(ids: ReadonlyArray<string>, now: number): void {
    for (const [hash, at] of this.#seen) if (Math.abs(now - at) > HeldMillis) this.#seen.delete(hash)
    for (const id of ids) for (const hash of hashesIn(id)) if (!this.#own.has(hash)) this.#seen.set(hash, now)
  }

  has(name: string, measured: string): boolean {
    return this.#seen.size > 0 && this.#seen.has(hashOf(name, measured))
  }
}
