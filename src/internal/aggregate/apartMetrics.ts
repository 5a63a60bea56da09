/**
 * The metrics of a recorder that this aggregator does not fold, because it does not have them, or has another version.
 * The results of other aggregators are kept as they are.
 */
import { measuredKey } from "../metric/definition/measured.ts"
import type { FoldedMetrics } from "./foldedMetrics.ts"
import { missedBy, type StoredMetric } from "./storedRecorder.ts"

export class ApartMetrics {
  readonly #of: FoldedMetrics
  /** By name and definition. */
  readonly #metrics = new Map<string, StoredMetric>()

  constructor(of: FoldedMetrics) {
    this.#of = of
  }

  get all(): ReadonlyArray<StoredMetric> {
    return [...this.#metrics.values()]
  }

  get isEmpty(): boolean {
    return this.#metrics.size === 0
  }

  /** A known metric stays as it is. */
  add(stored: StoredMetric): void {
    const key = measuredKey(stored)
    if (this.#metrics.has(key)) return
    const { name } = stored
    this.#metrics.set(key, stored)
    this.#of.onProblem(
      this.#of.byName.has(name)
        ? `processes define the metric "${name}" differently from this aggregator: it is left out here. Start an aggregator with their version within an hour, or update them`
        : `processes have the metric "${name}", which is not in the metrics of this aggregator: it is left out. Pass it to metrics`
    )
  }

  /**
   * Whether another aggregator may fold the events: for a metric of which this aggregator has another version, or that
   * a current aggregator folds or has folded.
   */
  get wait(): boolean {
    const { byName, isWanted } = this.#of
    return this.all.some(
      ({ bytes, measured, name, sequence }) =>
        sequence !== undefined && (bytes !== undefined || byName.has(name) || isWanted?.(name, measured) === true)
    )
  }

  /** If no aggregator waits, nothing is kept for these metrics: they count from this event on at the earliest. */
  passBy(sequence: number, time: number | undefined): void {
    if (this.wait) return
    for (const [key, stored] of this.#metrics) {
      if (stored.sequence === undefined || stored.sequence === sequence) continue
      this.#metrics.set(key, { ...stored, sequence, createdAt: time, lacksUntil: time })
    }
  }

  /**
   * Takes over the metrics of a recorder that has ended at this event. `keeps`: including states, each of one recorder.
   */
  absorb(others: ApartMetrics, sequence: number, keeps: boolean): void {
    for (const [key, stored] of others.#metrics) {
      const known = this.#metrics.get(key)
      const bytes = keeps && known?.bytes === undefined ? stored.bytes : undefined
      // The contents of a state that is not kept are missing as well.
      const missed = missedBy(stored, sequence) + (bytes === stored.bytes ? 0 : sequence)
      // Without a state it has counted nothing.
      const createdAt = bytes === undefined ? undefined : stored.createdAt
      const left = { ...stored, bytes, sequence: undefined, missed, createdAt }
      if (known === undefined) this.add(left)
      else this.#metrics.set(key, both(known, left))
    }
  }

  /** Removes and returns the metrics that other aggregators may still fold. */
  takeUnfolded(): ReadonlyArray<StoredMetric> {
    const unfolded = this.all.filter(({ sequence }) => sequence !== undefined)
    for (const stored of unfolded) this.#metrics.delete(measuredKey(stored))
    return unfolded
  }
}

const both = (one: StoredMetric, other: StoredMetric): StoredMetric => ({
  ...one,
  bytes: one.bytes ?? other.bytes,
  missed: one.missed + other.missed,
  createdAt: extreme(Math.min, one.createdAt, other.createdAt),
  lacksUntil: extreme(Math.max, one.lacksUntil, other.lacksUntil)
})

/** The extreme of the values that are known. */
const extreme = (
  of: (one: number, other: number) => number,
  one: number | undefined,
  other: number | undefined
): number | undefined => (one === undefined || other === undefined ? (one ?? other) : of(one, other))
