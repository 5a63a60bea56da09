/**
 * Finds the metric that ends one worker after another. A worker leaves its last place in user code (see {@link
 * ../fold/place.ts}): an event and a metric, or a run of rows that all kernels fold together. The next worker folds the
 * events at that place one by one. If it ends in the same place, or at a row of that run, the worker after it
 * quarantines the metric there.
 */
import type { Place } from "../fold/place.ts"
import type { Lane } from "../stream/commands.ts"
import type { Poison } from "../stream/restore.ts"
import { messageOf } from "../util/describeError.ts"

export class Deaths {
  #last: Place | undefined
  #poisoned: ReadonlyArray<Poison> = []

  get poisoned(): ReadonlyArray<Poison> {
    return this.#poisoned
  }

  /**
   * Records the end of a worker. `nameOf` returns the name of the metric at a place. Returns the metric to blame, if
   * there is one.
   */
  add(place: Place | undefined, cause: unknown, nameOf: (place: Place) => string | undefined): Poison | undefined {
    const last = this.#last
    this.#last = place
    if (place === undefined || last === undefined || !isAgain(place, last, cause)) return undefined
    const name = nameOf(place)
    if (name === undefined) return undefined
    const error = `ended its worker twice in a row (${messageOf(cause)})`
    const { during, lane, sequence } = place
    const poison: Poison = { lane, name, during, sequence, error }
    this.#poisoned = [...this.#poisoned, poison]
    this.#last = undefined
    return poison
  }

  /** Forgets a lane whose number may be given to another recorder. */
  forget(lane: Lane): void {
    if (this.#poisoned.length > 0) this.#poisoned = this.#poisoned.filter((poison) => poison.lane !== lane)
  }
}

/** When memory runs out, it does so at this event or the next, so the sequence number is not compared. */
const isAgain = (place: Place, last: Place, cause: unknown): boolean =>
  place.metric !== undefined &&
  place.lane === last.lane &&
  place.during === last.during &&
  (last.metric === undefined || place.metric === last.metric) &&
  (isOutOfMemory(cause) || isAmong(place.sequence, last))

/** Compares sequence numbers that wrap around at 2^32. */
const isAmong = (sequence: number, { rows, sequence: first }: Place): boolean =>
  (sequence - first) >>> 0 < Math.max(1, rows)

const isOutOfMemory = (cause: unknown): boolean =>
  (cause as { readonly code?: unknown } | null)?.code === "ERR_WORKER_OUT_OF_MEMORY"
