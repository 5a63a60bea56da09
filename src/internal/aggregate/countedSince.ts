/** Since when the metrics of a recorder count, by the times of its events. */
import type { StoredMetric } from "./storedRecorder.ts"

/** By metric name. */
type Times = ReadonlyMap<string, number>

export class CountedSince {
  readonly #createdAt = new Map<string, number>()
  readonly #lacksUntil = new Map<string, number>()

  /** Since when each counts. A metric without an entry counts from the next event on. */
  get createdAt(): Times {
    return this.#createdAt
  }

  /** For metrics that lack some events: the time of the last event folded before any aggregator had the metric. */
  get lacksUntil(): Times {
    return this.#lacksUntil
  }

  /** The metric counts from this event on. `again`: it was reset. */
  begin(name: string, time: number | undefined, again: boolean): void {
    if (again) {
      this.#createdAt.delete(name)
      this.#lacksUntil.delete(name)
    }
    if (time !== undefined && !this.#createdAt.has(name)) this.#createdAt.set(name, time)
  }

  load({ createdAt, lacksUntil, name }: StoredMetric): void {
    if (createdAt !== undefined) this.#createdAt.set(name, createdAt)
    if (lacksUntil !== undefined) this.#lacksUntil.set(name, lacksUntil)
  }

  of(name: string): Pick<StoredMetric, "createdAt" | "lacksUntil"> {
    return { createdAt: this.#createdAt.get(name), lacksUntil: this.#lacksUntil.get(name) }
  }

  /** Takes over the times of another recorder. `isKept`: whether a metric is not a level. */
  absorb(other: CountedSince, isKept: (name: string) => boolean): void {
    for (const [name, time] of other.#createdAt) if (isKept(name)) setExtreme(this.#createdAt, name, time, Math.min)
    for (const [name, time] of other.#lacksUntil) setExtreme(this.#lacksUntil, name, time, Math.max)
  }
}

/** `of`: chooses between two times. */
export const setExtreme = (
  into: Map<string, number>,
  name: string,
  time: number,
  of: (one: number, other: number) => number
): void => void into.set(name, of(time, into.get(name) ?? time))
