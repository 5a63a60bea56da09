/**
 * How the threads of a runtime wake each other: a few words of shared memory.
 *
 * While events come the worker naps for a few milliseconds between two looks, and its nap is ended only when much has
 * piled up or somebody waits. After a while without any it asks by a message whether it may sleep. From then on it is the
 * application thread that knows: it says yes, and sends a message with the next rows. So it looks at no shared word to
 * publish, and pays for a wake-up hardly ever; and an idle worker does nothing.
 *
 * Threads that are attached are not asked, since they may not answer for a while. They look at the shared word when they
 * publish.
 */

const Signal = 0
const State = 1

const Awake = 0
const Napping = 1
/** As `Napping`, but the thread waits for messages as well. Only an attached thread, which sends none, has to end it. */
const Sleeping = 2

/** Of ECMAScript 2024. */
const waits = Atomics as {
  readonly waitAsync?: (
    words: Int32Array,
    index: number,
    value: number
  ) => { readonly async: boolean; readonly value: unknown }
}

export const ControlBytes = 2 * Int32Array.BYTES_PER_ELEMENT

export class WakeUp {
  readonly #control: Int32Array
  /** Whether a promise waits for the signal. */
  #waiting = false

  constructor(control: SharedArrayBuffer) {
    this.#control = new Int32Array(control)
  }

  // --- on the producer side

  /** Ends a nap. Once: the worker takes its time to get up, and every further call would cost as much as the first. */
  rouse(): void {
    const state = Atomics.load(this.#control, State)
    if (state === Awake) return
    if (Atomics.compareExchange(this.#control, State, state, Awake) !== state) return
    Atomics.add(this.#control, Signal, 1)
    Atomics.notify(this.#control, Signal)
  }

  /** The same for one that does not look by itself in a few milliseconds. */
  rouseSleeping(): void {
    if (Atomics.load(this.#control, State) === Sleeping) this.rouse()
  }

  // --- on the worker's side

  /** Naps for so many milliseconds at the most, unless there is something to do by now. Blocks the thread. */
  nap(millis: number, hasWork: () => boolean): void {
    const seen = Atomics.load(this.#control, Signal)
    Atomics.store(this.#control, State, Napping)
    if (!hasWork()) Atomics.wait(this.#control, Signal, seen, millis)
    Atomics.store(this.#control, State, Awake)
  }

  /** Whether a platform lets a thread wait for a word and for messages. */
  readonly canSleep = waits.waitAsync !== undefined

  /**
   * Has `onSignal` run when the signal changes, unless there is something to do by now: `false`. Blocks nothing. Until
   * {@link awake} the state says that it sleeps.
   */
  sleep(hasWork: () => boolean, onSignal: () => void): boolean {
    if (!this.canSleep) return false
    const seen = Atomics.load(this.#control, Signal)
    Atomics.store(this.#control, State, Sleeping)
    if (!hasWork()) {
      // One that was ended by a message still waits for the signal.
      if (this.#waiting) return true
      const { async, value } = waits.waitAsync!(this.#control, Signal, seen)
      if (async) {
        this.#waiting = true
        void Promise.resolve(value).then(() => {
          this.#waiting = false
          onSignal()
        })
        return true
      }
    }
    this.awake()
    return false
  }

  awake(): void {
    Atomics.store(this.#control, State, Awake)
  }
}
