/**
 * Carries the stream to a worker thread, in pages of shared memory. It outlives the thread: while there is no thread,
 * rows and commands are kept for the next one.
 */

import { type Carrier, PagesBetweenThreads, soonBetweenThreads } from "../stream/carrier.ts"
import type { Attachment, StreamNumber } from "../stream/commands.ts"
import { ControlBytes } from "../stream/parking.ts"
import type { FoldRequest } from "../stream/workerMessages.ts"
import type { AttachedStream } from "./attachedStream.ts"
import type { FoldPort } from "./foldPort.ts"
import { KeptLog } from "./keptLog.ts"
import type { Watchdog } from "./watchdog.ts"

export class ThreadCarrier implements Carrier {
  readonly pagesInTurn = PagesBetweenThreads
  readonly fixedMemory = true
  readonly kept = new KeptLog()
  /** The streams of attached threads. */
  readonly streams = new Map<StreamNumber, AttachedStream>()
  /** The words that the threads use to wake each other. They outlive the worker, because attached threads hold them. */
  readonly control = new SharedArrayBuffer(ControlBytes)
  readonly #watch: Pick<Watchdog, "start" | "stop">
  readonly #memory: Array<Extract<FoldRequest, { readonly _tag: "Memory" }>> = []
  #port: Pick<FoldPort, "post" | "rouse"> | undefined

  /** `watch`: supervises the reader while it is awake. */
  constructor(watch: Pick<Watchdog, "start" | "stop">) {
    this.#watch = watch
  }

  /** Connects the thread that reads from now on. It gets all the memory and the commands that are kept. */
  connect(port: Pick<FoldPort, "post" | "rouse">): void {
    this.#port = port
    for (const memory of this.#memory) port.post(memory)
    for (const { memory, number: stream, words } of this.streams.values()) {
      port.post({ _tag: "Stream", stream, words: words.buffer })
      for (const each of memory) port.post(each)
    }
    if (this.kept.commands.length > 0) port.post({ _tag: "Attach", attachments: this.kept.commands })
    this.#watch.start()
  }

  /** Disconnects the reader. For now there is none. */
  disconnect(): void {
    this.#port = undefined
    this.#watch.stop()
  }

  /** Sends a request to the reader, if there is one. A later reader gets the state from {@link connect}. */
  post(request: FoldRequest): void {
    this.#port?.post(request)
  }

  allocate(bytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(bytes)
  }

  opened(first: number, buffer: ArrayBufferLike): void {
    const memory = { _tag: "Memory", first, buffer } as const
    this.#port?.post(memory)
    this.#memory.push(memory)
  }

  attach(attachments: ReadonlyArray<Attachment>): void {
    this.kept.keep(attachments, () => this.#port?.post({ _tag: "Attach", attachments }))
  }

  rouse(): void {
    this.#port?.rouse()
  }

  letSleep(): void {
    this.#port?.post({ _tag: "Sleep" })
    this.#watch.stop()
  }

  wake(): void {
    this.#port?.post({ _tag: "Wake" })
    this.#watch.start()
  }

  turned(): void {
    this.kept.receive()
  }

  readonly soon = soonBetweenThreads
}
