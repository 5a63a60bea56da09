/**
 * How the threads of a runtime wake each other: a few words of shared memory.
 *
 * While events come the worker naps for a few milliseconds between two looks, and is woken only when much has piled up
 * or somebody waits. After a while without any it sleeps until a message comes. So the production thread pays for a
 * wake-up hardly ever, and an idle worker does nothing.
 */

const Signal = 0
const State = 1

const Awake = 0
const Napping = 1
const Asleep = 2

export const ControlBytes = 2 * Int32Array.BYTES_PER_ELEMENT

/** Longest nap, in milliseconds. */
const NapMillis = 4

export class WakeUp {
  readonly #control: Int32Array

  constructor(control: SharedArrayBuffer) {
    this.#control = new Int32Array(control)
  }

  // --- on the production side

  /** Ends a nap. Once: the worker takes its time to get up, and every further call would cost as much as the first. */
  rouse(): void {
    if (Atomics.load(this.#control, State) !== Napping) return
    if (Atomics.compareExchange(this.#control, State, Napping, Awake) !== Napping) return
    Atomics.add(this.#control, Signal, 1)
    Atomics.notify(this.#control, Signal)
  }

  /** Whether the worker is asleep, which is told to one who asks: it has to send a message. */
  takeAsleep(): boolean {
    return (
      Atomics.load(this.#control, State) === Asleep &&
      Atomics.compareExchange(this.#control, State, Asleep, Awake) === Asleep
    )
  }

  // --- on the worker's side

  /** Naps, unless there is something to do by now. Blocks the thread. */
  nap(hasWork: () => boolean): void {
    const seen = Atomics.load(this.#control, Signal)
    Atomics.store(this.#control, State, Napping)
    if (!hasWork()) Atomics.wait(this.#control, Signal, seen, NapMillis)
    Atomics.store(this.#control, State, Awake)
  }

  /** Falls asleep, unless there is something to do by now: then gives `false`. */
  fallAsleep(hasWork: () => boolean): boolean {
    Atomics.store(this.#control, State, Asleep)
    if (!hasWork()) return true
    Atomics.store(this.#control, State, Awake)
    return false
  }

  /** A message has come. */
  wake(): void {
    Atomics.store(this.#control, State, Awake)
  }
}
