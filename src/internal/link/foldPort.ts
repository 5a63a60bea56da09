/**
 * The application thread's end of what a worker's stream needs beside the memory that events lie in: a port of its own,
 * and the words by which the threads wake each other. One for each worker thread.
 *
 * The stream does not share the channel of the worker's program: a fold that was woken from a nap takes messages from a
 * port of its own without a turn of the event loop.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads"
import { ControlBytes, WakeUp } from "../stream/parking.ts"
import type { FoldReply, FoldRequest } from "../stream/protocol.ts"
import { isStackOverflow } from "../util/stack.ts"

export class FoldPort {
  readonly #port: MessagePort
  readonly #wakeUp: WakeUp
  readonly #receive: (reply: FoldReply) => void
  readonly #fail: (cause: unknown) => void
  readonly #later: (action: () => void) => void
  /** Whether a reply is being received that the event loop has passed on. */
  #isOnEmptyStack = false
  #isDrained = false

  /** `fail` gets what cannot be sent, and what `receive` throws. `later` runs an action at the next turn of the event loop. */
  constructor(
    port: MessagePort,
    receive: (reply: FoldReply) => void,
    fail: (cause: unknown) => void,
    later: (action: () => void) => void
  ) {
    const control = new SharedArrayBuffer(ControlBytes)
    this.#port = port
    this.#wakeUp = new WakeUp(control)
    this.#receive = receive
    this.#fail = fail
    this.#later = later
    port.on("message", this.#onMessage)
    // Whoever waits for an answer keeps the process alive by the thread.
    port.unref()
    this.post({ _tag: "Start", control })
  }

  readonly #onMessage = (reply: FoldReply): void => {
    // What comes behind replies that were put off does not overtake them.
    this.#isOnEmptyStack = !this.#isDrained
    this.#take(reply)
    this.#isOnEmptyStack = false
  }

  #take(reply: FoldReply): void {
    try {
      this.#receive(reply)
    } catch (defect) {
      this.#fail(defect)
    }
  }

  /**
   * Runs `action`, which a reply has led to, and which may run user code: at once if there is nothing that it could come
   * into the midst of, otherwise later. What it throws concerns no other reply, and surfaces as if it had been put off.
   */
  readonly afterFold = (action: () => void): void => {
    if (!this.#isOnEmptyStack) return this.#later(action)
    try {
      action()
    } catch (defect) {
      this.#later(() => {
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
      this.#fail(cause)
    }
  }

  /** Ends a nap of the fold. */
  rouse(): void {
    this.#wakeUp.rouse()
  }

  /** Receives at once what the thread has sent before it ended. Whoever calls it may be in the midst of anything. */
  drain(): void {
    this.#isDrained = true
    this.#isOnEmptyStack = false
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#take(next.message)
    }
  }

  close(): void {
    this.#port.close()
  }
}
