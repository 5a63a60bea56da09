/**
 * The application thread's view of the store to which the events of its fold are appended, and the operations that wait
 * for it.
 */
import * as Effect from "effect/Effect"
import type { ShippingMessage } from "../stream/foldMessages.ts"
import { type EndOptions, Tickets } from "./tickets.ts"

/** The progress of the events. */
export type ShippingProgress = Omit<Extract<ShippingMessage, { readonly _tag: "Streamed" }>, "_tag">

export class ShippingEnd {
  readonly #tickets: Tickets
  #progress: ShippingProgress = {
    ...{ events: 0, kept: 0, isFull: false, dropped: 0 },
    ...{ failures: 0, failure: undefined, retirements: 0 }
  }
  /** The numbers of events that earlier folds have appended and dropped. */
  #before = { events: 0, dropped: 0 }
  /** Called when appending starts to fail or runs out of room, and when it works again. */
  onChange: (progress: Pick<ShippingProgress, "failure" | "isFull">) => void = () => {}

  constructor(options: EndOptions) {
    this.#tickets = new Tickets(options)
  }

  get progress(): ShippingProgress {
    const { dropped, events } = this.#progress
    return { ...this.#progress, events: this.#before.events + events, dropped: this.#before.dropped + dropped }
  }

  /** Completes when the store has everything that was sent before. */
  readonly flush: Effect.Effect<void, Error> = Effect.suspend(() => this.#tell(false))

  /** The same, after the last event. */
  readonly end: Effect.Effect<void, Error> = Effect.suspend(() => this.#tell(true))

  #tell(ends: boolean): Effect.Effect<void, Error> {
    return this.#tickets.tell((ticket) => ({ _tag: "Ship", ticket, ends }))
  }

  receive(message: ShippingMessage): void {
    if (message._tag === "Shipped") return this.#tickets.done(message)
    const { failure, isFull } = this.#progress
    this.#progress = message
    if ((failure === undefined) !== (message.failure === undefined) || isFull !== message.isFull) this.onChange(message)
  }

  /**
   * Repeats open requests after the fold was replaced: the previous fold may have received a request without answering
   * it.
   */
  again(): void {
    const { dropped, events } = this.progress
    this.#before = { events, dropped }
    this.#progress = { ...this.#progress, events: 0, dropped: 0 }
    this.#tickets.again()
  }

  failAll(cause: unknown): void {
    this.#tickets.failAll(cause)
  }
}
