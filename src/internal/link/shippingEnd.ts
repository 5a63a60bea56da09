/**
 * What the application thread knows of the store that the events of its fold are appended to, and waits for.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Command } from "../stream/commands.ts"
import type { ShippingMessage } from "../stream/foldMessages.ts"

/** How the events stand. */
export type ShippingProgress = Omit<Extract<ShippingMessage, { readonly _tag: "Streamed" }>, "_tag">

interface ShippingEndOptions {
  readonly send: (command: Command) => void
  readonly hold: () => () => void
  readonly nextTurn: (action: () => void) => void
}

export class ShippingEnd {
  readonly #options: ShippingEndOptions
  readonly #waiting = new Map<
    number,
    { readonly ends: boolean; readonly end: (exit: Exit.Exit<void, Error>) => void }
  >()
  #next = 0
  /** Why there is no fold any more. */
  #lost: Error | undefined
  #progress: ShippingProgress = {
    ...{ events: 0, kept: 0, isFull: false, dropped: 0 },
    ...{ failures: 0, failure: undefined, retirements: 0 }
  }
  /** Events that folds before the present one have appended, and have not. */
  #before = { events: 0, dropped: 0 }
  /** Is told when appending begins to fail or to have no room, and when it works again. */
  onChange: (progress: Pick<ShippingProgress, "failure" | "isFull">) => void = () => {}

  constructor(options: ShippingEndOptions) {
    this.#options = options
  }

  get progress(): ShippingProgress {
    const { dropped, events } = this.#progress
    return { ...this.#progress, events: this.#before.events + events, dropped: this.#before.dropped + dropped }
  }

  /** Done when the store has everything that was sent before. */
  readonly flush: Effect.Effect<void, Error> = this.#ship(false)

  /** The same, with nothing more to come. */
  readonly end: Effect.Effect<void, Error> = this.#ship(true)

  #ship(ends: boolean): Effect.Effect<void, Error> {
    return Effect.callback<void, Error>((resume) => {
      if (this.#lost !== undefined) return resume(Effect.fail(this.#lost))
      const { hold, nextTurn, send } = this.#options
      const ticket = this.#next++
      const release = hold()
      const forget = (): void => {
        if (this.#waiting.delete(ticket)) release()
      }
      const end = (exit: Exit.Exit<void, Error>): void => {
        nextTurn(() => resume(exit))
        forget()
      }
      this.#waiting.set(ticket, { ends, end })
      send({ _tag: "Ship", ticket, ends })
      return Effect.sync(forget)
    })
  }

  receive(message: ShippingMessage): void {
    if (message._tag === "Shipped") {
      const { failure, ticket } = message
      return this.#waiting.get(ticket)?.end(failure === undefined ? Exit.void : Exit.fail(new Error(failure)))
    }
    const { failure, isFull } = this.#progress
    this.#progress = message
    if ((failure === undefined) !== (message.failure === undefined) || isFull !== message.isFull) this.onChange(message)
  }

  /** The fold was replaced: the one before may have taken a question and not answered it. */
  again(): void {
    const { dropped, events } = this.progress
    this.#before = { events, dropped }
    this.#progress = { ...this.#progress, events: 0, dropped: 0 }
    for (const [ticket, { ends }] of this.#waiting) this.#options.send({ _tag: "Ship", ticket, ends })
  }

  failAll(cause: unknown): void {
    const error = new Error("the fold is gone", { cause })
    this.#lost = error
    for (const { end } of [...this.#waiting.values()]) end(Exit.fail(error))
  }
}
