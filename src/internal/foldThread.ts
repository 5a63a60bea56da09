/**
 * The fiber that drives the fold in a worker thread: reads what there is of the stream, and rests when there is none.
 */
import * as Effect from "effect/Effect"
import type * as Metric from "../Metric.ts"
import { Fold } from "./fold.ts"
import type { ThreadMessage, WorkerMessage } from "./protocol.ts"
import { type Page, ReadHalf } from "./rowFormat.ts"
import { WakeUp } from "./wakeUp.ts"

/** Pages read between two looks at the messages. */
const PagesAtOnce = 16

/** Naps without an event after which the thread goes to sleep. */
const NapsBeforeSleep = 32

export class FoldThread {
  readonly #fold: Fold
  readonly #post: (message: WorkerMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
  /** Where memory is shared. */
  #wakeUp: WakeUp | undefined
  #messages = 0
  #resume: (() => void) | undefined

  constructor(
    catalog: ReadonlyMap<string, Metric.Any>,
    post: (message: WorkerMessage, transfers?: ReadonlyArray<ArrayBuffer>) => void
  ) {
    this.#post = post
    this.#fold = new Fold({
      send: post,
      onPageRead: (page) => this.#onPageRead(page),
      catalog,
      sharedCounters: () => this.#wakeUp !== undefined
    })
  }

  receive(message: ThreadMessage): void {
    switch (message._tag) {
      case "Stream":
        if (message.control !== undefined) this.#wakeUp = new WakeUp(message.control)
        break
      case "Page":
        this.#fold.reader.page(message.number, message.buffer)
        break
      case "Attach":
        this.#fold.reader.attach(message.attachments)
        break
    }
    this.#messages++
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** Never ends by itself. */
  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    const { reader } = this.#fold
    const ready = (): boolean => reader.ready
    for (let naps = 0; ; ) {
      const messages = this.#messages
      if (reader.ready) naps = 0
      const reading = reader.read(PagesAtOnce)
      if (reading === "more") {
        yield* nextTurn
      } else if (reading === "attachment" || this.#wakeUp === undefined) {
        // On its way, by a message.
        yield* this.#message(messages)
      } else if (naps++ < NapsBeforeSleep) {
        this.#wakeUp.nap(ready)
        yield* nextTurn
      } else if (this.#wakeUp.fallAsleep(ready)) {
        yield* this.#message(messages)
        this.#wakeUp.wake()
      }
    }
  })

  /** Waits until there have been more than `seen` messages. */
  #message(seen: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.#messages > seen) return resume(Effect.void)
      this.#resume = () => resume(Effect.void)
    })
  }

  #onPageRead(page: Page): void {
    if (this.#wakeUp !== undefined) {
      Atomics.store(page.i32, ReadHalf, 1)
      return
    }
    this.#fold.reader.forget(page.number)
    const buffer = page.buffer as ArrayBuffer
    this.#post({ _tag: "PageRead", number: page.number, buffer }, [buffer])
  }
}

/** Lets messages in. */
const nextTurn: Effect.Effect<void> = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})
