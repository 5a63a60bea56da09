/**
 * How the threads of a runtime wake each other: with a few words of shared memory.
 *
 * While events arrive, the worker polls and naps for a few milliseconds in between. A nap is ended early only if much
 * has piled up or an answer is awaited. After a while without events, the worker sends a message to ask whether it may
 * sleep. From the application thread's permission on, the application thread knows that the worker sleeps, and sends a
 * message with the next rows. Publishing therefore reads no shared word and rarely pays for a wake-up, and an idle
 * worker does nothing.
 *
 * Attached threads are not asked, because they may not answer for a while. They read the shared word when they publish.
 */

const Signal = 0
const State = 1

const Awake = 0
const Napping = 1
/**
 * Like `Napping`, but the thread waits for messages as well. Only an attached thread must end it through the word,
 * because it sends no messages.
 */
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

  /** Ends a nap, once: the worker takes time to wake up, and every further call would cost as much as the first. */
  rouse(): void {
    const state = Atomics.load(this.#control, State)
    if (state === Awake) return
    if (Atomics.compareExchange(this.#control, State, state, Awake) !== state) return
    Atomics.add(this.#control, Signal, 1)
    Atomics.notify(this.#control, Signal)
  }

  /** The same for a worker that does not poll within a few milliseconds. */
  rouseSleeping(): void {
    if (Atomics.load(this.#control, State) === Sleeping) this.rouse()
  }

  // --- on the worker's side

  /** Naps for up to this many milliseconds, unless there is already work. Blocks the thread. */
  nap(millis: number, hasWork: () => boolean): void {
    const seen = Atomics.load(this.#control, Signal)
    Atomics.store(this.#control, State, Napping)
    if (!hasWork()) Atomics.wait(this.#control, Signal, seen, millis)
    Atomics.store(this.#control, State, Awake)
  }

  /** Whether the platform lets a thread wait for a word and for messages at the same time. */
  readonly canSleep = waits.waitAsync !== undefined

  /**
   * Runs `onSignal` when the signal changes. Returns `false` if there is already work. Does not block. Until {@link
   * awake}, the state is `Sleeping`.
   */
  sleep(hasWork: () => boolean, onSignal: () => void): boolean {
    if (!this.canSleep) return false
    const seen = Atomics.load(this.#control, Signal)
    Atomics.store(this.#control, State, Sleeping)
    if (!hasWork()) {
      // A sleep that was ended by a message still waits for the signal.
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
