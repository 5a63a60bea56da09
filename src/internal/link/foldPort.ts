/**
 * The application thread's end of what a worker's stream needs beside the memory of its events: a port of its own, and
 * the words that the threads use to wake each other. Each worker thread has one.
 *
 * The stream does not share the channel of the worker's program. With its own port, a fold that is woken during a nap
 * can receive messages without a turn of the event loop.
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
  /** Called if something could not be sent, or if `onReply` threw. */
  readonly onDefect: (cause: unknown) => void
  /** Called when the thread has closed its end, after everything that it sent has arrived. */
  readonly onEnded: (cause: unknown) => void
  /** Runs an action at the next turn of the event loop. */
  readonly nextTurn: (action: () => void) => void
}

export class FoldPort {
  /** The place of the fold, see {@link ../fold/place.ts}. */
  readonly place = new Int32Array(new SharedArrayBuffer(PlaceWords * Int32Array.BYTES_PER_ELEMENT))
  readonly #port: MessagePort
  readonly #wakeUp: WakeUp
  readonly #listener: FoldPortListener
  #isOpen = true
  /** Whether the event loop is delivering a reply right now. */
  #isOnEmptyStack = false
  #isDrained = false
  /** How many values of answers have arrived, and how many of them the thread knows about. */
  #received = 0
  #told = 0
  #tells = false

  /** `control`: see {@link WakeUp}. `restore`: the state to resume from, if this fold replaces another one. */
  constructor(port: MessagePort, control: SharedArrayBuffer, listener: FoldPortListener, restore?: Restore) {
    this.place[PlaceLane] = Nowhere
    this.#port = port
    this.#wakeUp = new WakeUp(control)
    this.#listener = listener
    port.on("message", this.#onMessage)
    port.on("close", this.#onClose)
    // The port alone does not keep the process alive. Pending requests do so through the thread.
    port.unref()
    this.post({ _tag: "Start", control, place: this.place.buffer, ...(restore !== undefined && { restore }) })
  }

  readonly #onMessage = (reply: FoldReply): void => {
    // A message must not overtake replies that were deferred.
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
   * Grants the worker room for more values in the next turn of the event loop. Node keeps receiving messages that
   * arrive while it receives, so without the pause other work would wait until the thread has nothing more to send.
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

  /** Everything sent before the close has arrived. */
  readonly #onClose = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#listener.onEnded(new Error("the worker has closed the port of the stream"))
  }

  /**
   * Runs `action`, which was triggered by a reply and may run user code: now if that cannot interrupt anything,
   * otherwise later. If it throws, other replies are unaffected and the error surfaces as if the action had been
   * deferred.
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
      // If the caller has used up the stack, nothing was sent. It is sent with the next publication.
      if (isStackOverflow(cause)) throw cause
      this.#listener.onDefect(cause)
    }
  }

  /** Ends a nap of the fold. */
  rouse(): void {
    this.#wakeUp.rouse()
  }

  /** Receives everything that the thread has sent, in this call. The caller may be in the middle of any operation. */
  drain(): void {
    // Node crashes if a message is taken from a closed port.
    if (!this.#isOpen) return
    this.#isDrained = true
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#onMessage(next.message)
    }
    // Runs after the replies that were deferred.
    this.#listener.nextTurn(() => {
      this.#isDrained = false
    })
  }

  close(): void {
    this.#isOpen = false
    this.#port.close()
  }
}
