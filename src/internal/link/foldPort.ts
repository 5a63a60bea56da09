/**
 * The application thread's end of what a worker's stream needs beside the memory that events lie in: a port of its own,
 * and the words by which the threads wake each other. One for each worker thread.
 *
 * The stream does not share the channel of the worker's program: a fold that was woken from a nap takes messages from a
 * port of its own without a turn of the event loop.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads"
import { Nowhere, PlaceLane, PlaceWords } from "../fold/place.ts"
import { PartValues } from "../stream/answerParts.ts"
import { WakeUp } from "../stream/parking.ts"
import type { Restore } from "../stream/restore.ts"
import type { FoldReply, FoldRequest } from "../stream/workerMessages.ts"
import { isStackOverflow } from "../util/stack.ts"

interface FoldPortListener {
  readonly onReply: (reply: FoldReply) => void
  /** Something could not be sent, or `onReply` threw. */
  readonly onDefect: (cause: unknown) => void
  /** The thread has closed its end. All that it sent before has come. */
  readonly onEnded: (cause: unknown) => void
  /** Runs an action at the next turn of the event loop. */
  readonly nextTurn: (action: () => void) => void
}

export class FoldPort {
  /** Where the fold is: see {@link ../fold/place.ts}. */
  readonly place = new Int32Array(new SharedArrayBuffer(PlaceWords * Int32Array.BYTES_PER_ELEMENT))
  readonly #port: MessagePort
  readonly #wakeUp: WakeUp
  readonly #listener: FoldPortListener
  #isOpen = true
  /** Whether a reply is being received that the event loop has passed on. */
  #isOnEmptyStack = false
  #isDrained = false
  /** Values of answers that have come, and how many of them the thread knows of. */
  #received = 0
  #told = 0
  #tells = false

  /** `control`: see {@link WakeUp}. `restore`: what the fold goes on from, where it takes the place of another one. */
  constructor(port: MessagePort, control: SharedArrayBuffer, listener: FoldPortListener, restore?: Restore) {
    this.place[PlaceLane] = Nowhere
    this.#port = port
    this.#wakeUp = new WakeUp(control)
    this.#listener = listener
    port.on("message", this.#onMessage)
    port.on("close", this.#onClose)
    // Whoever waits for an answer keeps the process alive by the thread.
    port.unref()
    this.post({ _tag: "Start", control, place: this.place.buffer, ...(restore !== undefined && { restore }) })
  }

  readonly #onMessage = (reply: FoldReply): void => {
    // What comes behind replies that were put off does not overtake them.
    this.#isOnEmptyStack = !this.#isDrained
    try {
      this.#listener.onReply(reply)
    } catch (defect) {
      this.#listener.onDefect(defect)
    }
    this.#isOnEmptyStack = false
    if ("values" in reply) this.#onReceived(reply.values)
  }

  /**
   * Makes room for more of them in the next turn of the event loop: Node goes on to receive what comes while it receives,
   * and whatever else is due would wait until the thread has nothing more to send.
   */
  #onReceived(values: number): void {
    this.#received += values
    if (this.#tells || this.#received - this.#told < PartValues) return
    this.#tells = true
    this.#listener.nextTurn(() => {
      this.#tells = false
      this.#told = this.#received
      if (!this.#isOpen) return
      this.post({ _tag: "Taken", values: this.#told })
      this.rouse()
    })
  }

  /** All that was sent before has come. */
  readonly #onClose = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#listener.onEnded(new Error("the worker has closed the port of the stream"))
  }

  /**
   * Runs `action`, which a reply has led to, and which may run user code: at once if there is nothing that it could come
   * into the midst of, otherwise later. What it throws concerns no other reply, and surfaces as if it had been put off.
   */
  afterFold(action: () => void): void {
    const { nextTurn } = this.#listener
    if (!this.#isOnEmptyStack) return nextTurn(action)
    try {
      action()
    } catch (defect) {
      nextTurn(() => {
        throw defect
      })
    }
  }

  post(request: FoldRequest): void {
    try {
      this.#port.postMessage(request)
    } catch (cause) {
      // Where the caller has used up the stack, nothing was sent, and it is sent again with what is published next.
      if (isStackOverflow(cause)) throw cause
      this.#listener.onDefect(cause)
    }
  }

  /** Ends a nap of the fold. */
  rouse(): void {
    this.#wakeUp.rouse()
  }

  /** Receives at once what the thread has sent. Whoever calls it may be in the midst of anything. */
  drain(): void {
    // Node crashes where a message is taken from a port that is closed.
    if (!this.#isOpen) return
    this.#isDrained = true
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#onMessage(next.message)
    }
    // Behind the replies that were put off.
    this.#listener.nextTurn(() => {
      this.#isDrained = false
    })
  }

  close(): void {
    this.#isOpen = false
    this.#port.close()
  }
}
