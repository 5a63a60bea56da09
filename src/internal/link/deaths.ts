/**
 * Which metric it is that ends one worker after another. A worker leaves the place in the user's code in which it ended
 * (see {@link ../fold/place.ts}). The next one folds what comes there one by one, so that its place is exact; if it ends in
 * the very same place, the metric is quarantined there in the worker after that.
 */
import { AllKernels, type Place } from "../fold/place.ts"
import type { Lane, Poison } from "../stream/protocol.ts"
import { messageOf } from "../util/describeError.ts"

export class Deaths {
  #last: Place | undefined
  #poisoned: ReadonlyArray<Poison> = []

  get poisoned(): ReadonlyArray<Poison> {
    return this.#poisoned
  }

  /** A worker has ended. `nameOf`: the name of the metric of a place. Returns the metric that is found guilty. */
  add(place: Place | undefined, cause: unknown, nameOf: (place: Place) => string | undefined): Poison | undefined {
    const last = this.#last
    this.#last = place
    if (place === undefined || last === undefined || !isSame(place, last, cause)) return undefined
    const name = nameOf(place)
    if (name === undefined) return undefined
    const error = `ended its worker twice in a row (${messageOf(cause)})`
    const { during, lane, sequence } = place
    const poison: Poison = { lane, name, during, sequence, error }
    this.#poisoned = [...this.#poisoned, poison]
    this.#last = undefined
    return poison
  }

  /** The number of the lane may be given to another recorder. */
  forget(lane: Lane): void {
    if (this.#poisoned.length > 0) this.#poisoned = this.#poisoned.filter((poison) => poison.lane !== lane)
  }
}

/** Memory runs out at this event or the next: there it is the metric alone. */
const isSame = (a: Place, b: Place, cause: unknown): boolean =>
  a.metric !== AllKernels &&
  a.lane === b.lane &&
  a.metric === b.metric &&
  a.during === b.during &&
  (a.sequence === b.sequence || isOutOfMemory(cause))

const isOutOfMemory = (cause: unknown): boolean =>
  (cause as { readonly code?: unknown } | null)?.code === "ERR_WORKER_OUT_OF_MEMORY"
