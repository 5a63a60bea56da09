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

  /** `fail` gets what cannot be sent, and what `receive` throws. */
  constructor(port: MessagePort, receive: (reply: FoldReply) => void, fail: (cause: unknown) => void) {
    const control = new SharedArrayBuffer(ControlBytes)
    this.#port = port
    this.#wakeUp = new WakeUp(control)
    this.#receive = receive
    this.#fail = fail
    port.on("message", this.#onMessage)
    // Whoever waits for an answer keeps the process alive by the thread.
    port.unref()
    this.post({ _tag: "Start", control })
  }

  readonly #onMessage = (reply: FoldReply): void => {
    try {
      this.#receive(reply)
    } catch (defect) {
      this.#fail(defect)
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

  /** Receives at once what the thread has sent before it ended. */
  drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#onMessage(next.message)
    }
  }

  close(): void {
    this.#port.close()
  }
}
