/**
 * Which metrics the aggregators of a namespace fold. The id of each aggregator contains its metrics, so that the others
 * keep the events of metrics that they do not have themselves: during a deployment, aggregators of two versions work
 * side by side.
 */
import { randomUUID } from "node:crypto"
import { measuredKey, type NameAndMeasured, nameAndMeasured } from "../metric/definition/measured.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { murmur3 } from "../util/murmur3.ts"
import { HeldMillis } from "./heldBatches.ts"

/** The maximum number of metrics in an id, so that a store can use it as a key. */
const MostMetrics = 250

const Separator = ":"

const hashOf = (metric: NameAndMeasured): number => murmur3(measuredKey(metric), 0).high >>> 0

/** The id of a new aggregator that folds these metrics. */
export const aggregatorId = (metrics: Iterable<Metric.Any>): string => {
  const hashes = Array.from(metrics, (metric) => hashOf(nameAndMeasured(metric)))
  const bytes = Buffer.alloc(4 * Math.min(hashes.length, MostMetrics))
  for (let i = 0; i < bytes.byteLength / 4; i++) bytes.writeUInt32LE(hashes[i]!, 4 * i)
  return `${randomUUID()}${Separator}${bytes.toString("base64url")}`
}

/** The first part of an id, which is used to assign sources because it is short. */
export const nameOf = (id: string): string => id.split(Separator, 1)[0]!

const hashesIn = (id: string): ReadonlyArray<number> => {
  const bytes = Buffer.from(id.split(Separator)[1] ?? "", "base64url")
  return Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, i) => bytes.readUInt32LE(4 * i))
}

/** The metrics that other aggregators fold and this one does not. */
export class WantedMetrics {
  readonly #own: ReadonlySet<number>
  /** By hash, when an aggregator that folds it was last present. */
  readonly #seen = new Map<number, number>()

  constructor(ownId: string) {
    this.#own = new Set(hashesIn(ownId))
  }

  /** Updates the aggregators that are present. One that has gone may be replaced, or come back. */
  see(ids: ReadonlyArray<string>, now: number): void {
    for (const [hash, at] of this.#seen) if (Math.abs(now - at) > HeldMillis) this.#seen.delete(hash)
    for (const id of ids) for (const hash of hashesIn(id)) if (!this.#own.has(hash)) this.#seen.set(hash, now)
  }

  has(name: string, measured: string): boolean {
    return this.#seen.size > 0 && this.#seen.has(hashOf({ name, measured }))
  }
}
