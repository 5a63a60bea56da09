/** Since when the metrics of a recorder count, by the times of its events. */
import type { StoredMetric } from "./storedRecorder.ts"

/** By the names of metrics. */
type Times = ReadonlyMap<string, number>

export class CountedSince {
  readonly #createdAt = new Map<string, number>()
  readonly #lacksUntil = new Map<string, number>()

  /** Since when each counts. One that is not here does so since the first event that comes. */
  get createdAt(): Times {
    return this.#createdAt
  }

  /** The time of the last event that was folded before any aggregator had the metric, of those that lack some. */
  get lacksUntil(): Times {
    return this.#lacksUntil
  }

  /** It counts since this event. `again`: it was reset. */
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

  /** What another one has counted becomes part of this. `isKept`: not a level. */
  absorb(other: CountedSince, isKept: (name: string) => boolean): void {
    for (const [name, time] of other.#createdAt) if (isKept(name)) setExtreme(this.#createdAt, name, time, Math.min)
    for (const [name, time] of other.#lacksUntil) setExtreme(this.#lacksUntil, name, time, Math.max)
  }
}

/** `of`: which of two times is taken. */
export const setExtreme = (
  into: Map<string, number>,
  name: string,
  time: number,
  of: (one: number, other: number) => number
): void => void into.set(name, of(time, into.get(name) ?? time))
