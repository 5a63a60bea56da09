/** Orders to the fold, each with a ticket, until the fold reports that they are done. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Command } from "../stream/commands.ts"

export interface EndOptions {
  readonly send: (command: Command) => void
  /** Keeps the process alive until the returned function is called. */
  readonly hold: () => () => void
  readonly nextTurn: (action: () => void) => void
}

interface Told {
  readonly order: Command
  readonly end: (exit: Exit.Exit<void, Error>) => void
}

/** The order with its ticket. */
type OrderOf = (ticket: number) => Command

export class Tickets {
  readonly #options: EndOptions
  readonly #waiting = new Map<number, Told>()
  #next = 0
  /** Why the fold is gone, once it is. */
  #lost: Error | undefined

  constructor(options: EndOptions) {
    this.#options = options
  }

  /** Completes when the fold has carried out the order. */
  tell(orderOf: OrderOf): Effect.Effect<void, Error> {
    return Effect.callback<void, Error>((resume) => {
      if (this.#lost !== undefined) return resume(Effect.fail(this.#lost))
      const { hold, nextTurn } = this.#options
      const ticket = this.#next++
      const release = hold()
      const forget = (): void => {
        if (this.#waiting.delete(ticket)) release()
      }
      this.#send(ticket, orderOf(ticket), (exit) => {
        nextTurn(() => resume(exit))
        forget()
      })
      return Effect.sync(forget)
    })
  }

  /** Waits in this call: calls `look` until the order is done or `look` returns `false`. */
  tellNow(orderOf: OrderOf, look: () => boolean): void {
    if (this.#lost !== undefined) return
    const ticket = this.#next++
    this.#send(ticket, orderOf(ticket), () => this.#waiting.delete(ticket))
    while (this.#waiting.has(ticket) && look()) {
      // `look` does the work.
    }
    this.#waiting.delete(ticket)
  }

  #send(ticket: number, order: Command, end: Told["end"]): void {
    this.#waiting.set(ticket, { order, end })
    this.#options.send(order)
  }

  done({ failure, ticket }: { readonly ticket: number; readonly failure: string | undefined }): void {
    this.#waiting.get(ticket)?.end(failure === undefined ? Exit.void : Exit.fail(new Error(failure)))
  }

  /**
   * Repeats open orders after the fold was replaced: the previous fold may have received an order without answering it.
   */
  again(): void {
    for (const { order } of this.#waiting.values()) this.#options.send(order)
  }

  failAll(cause: unknown): void {
    const error = new Error("the fold is gone", { cause })
    this.#lost = error
    for (const { end } of [...this.#waiting.values()]) end(Exit.fail(error))
  }
}
