/**
 * Carries the stream to a worker thread, in pages of shared memory. It outlives the thread: while there is none, what is
 * written is kept for the next one.
 */

import { type Carrier, PagesBetweenThreads } from "../stream/carrier.ts"
import type { Attachment, StreamNumber } from "../stream/commands.ts"
import { ControlBytes } from "../stream/parking.ts"
import type { FoldRequest } from "../stream/workerMessages.ts"
import type { AttachedStream } from "./attachedStream.ts"
import type { FoldPort } from "./foldPort.ts"
import { KeptLog } from "./keptLog.ts"
import type { Watchdog } from "./watchdog.ts"

/** How long rows may lie unpublished while the thread that writes them is idle, in milliseconds. */
const PublishMillis = 5

export class ThreadCarrier implements Carrier {
  readonly pagesInTurn = PagesBetweenThreads
  readonly fixedMemory = true
  readonly kept = new KeptLog()
  /** Those of attached threads. */
  readonly streams = new Map<StreamNumber, AttachedStream>()
  /** By which the threads wake each other. It outlives the worker as well, since attached threads have it. */
  readonly control = new SharedArrayBuffer(ControlBytes)
  readonly #watch: Pick<Watchdog, "start" | "stop">
  readonly #memory: Array<Extract<FoldRequest, { readonly _tag: "Memory" }>> = []
  #port: Pick<FoldPort, "post" | "rouse"> | undefined

  /** `watch`: who looks after the reader while it is awake. */
  constructor(watch: Pick<Watchdog, "start" | "stop">) {
    this.#watch = watch
  }

  /** The thread that reads from now on. It gets all the memory, and the commands that are kept. */
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

  /** Nobody reads for now. */
  disconnect(): void {
    this.#port = undefined
    this.#watch.stop()
  }

  /** Tells the reader something, if there is one. Another one is told by {@link connect}. */
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

  soon(run: () => void): void {
    const timer = setTimeout(run, PublishMillis)
    // Whoever wants an answer keeps the process alive; rows alone do not.
    if (typeof timer === "object") timer.unref()
  }
}
