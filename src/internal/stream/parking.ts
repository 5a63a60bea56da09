/**
 * How the threads of a runtime wake each other: a few words of shared memory.
 *
 * While events come the worker naps for a few milliseconds between two looks, and its nap is ended only when much has
 * piled up or somebody waits. After a while without any it asks by a message whether it may sleep. From then on it is the
 * application thread that knows: it says yes, and sends a message with the next rows. So it looks at no shared word to
 * publish, and pays for a wake-up hardly ever; and an idle worker does nothing.
 */

const Signal = 0
const State = 1

const Awake = 0
const Napping = 1

export const ControlBytes = 2 * Int32Array.BYTES_PER_ELEMENT

export class WakeUp {
  readonly #control: Int32Array

  constructor(control: SharedArrayBuffer) {
    this.#control = new Int32Array(control)
  }

  // --- on the producer side

  /** Ends a nap. Once: the worker takes its time to get up, and every further call would cost as much as the first. */
  rouse(): void {
    if (Atomics.load(this.#control, State) !== Napping) return
    if (Atomics.compareExchange(this.#control, State, Napping, Awake) !== Napping) return
    Atomics.add(this.#control, Signal, 1)
    Atomics.notify(this.#control, Signal)
  }

  // --- on the worker's side

  /** Naps for so many milliseconds at the most, unless there is something to do by now. Blocks the thread. */
  nap(millis: number, hasWork: () => boolean): void {
    const seen = Atomics.load(this.#control, Signal)
    Atomics.store(this.#control, State, Napping)
    if (!hasWork()) Atomics.wait(this.#control, Signal, seen, millis)
    Atomics.store(this.#control, State, Awake)
  }
}
