/** The keepers of a fold's state beyond the fold, and the requests to them. */
import type { Command, Keeper } from "../stream/commands.ts"
import type { KeptMessage } from "../stream/foldMessages.ts"

/** Has the state written, and passes the reason if that failed. `isLast`: nothing is written after it. */
type AskKeeper = (end: (failure: string | undefined) => void, isLast: boolean) => void

type Persist = Extract<Command, { readonly _tag: "Persist" }>

export class Keepers {
  readonly #send: (message: KeptMessage) => void
  readonly #keepers = new Map<Keeper, AskKeeper>()
  /** Requests to a keeper that is not there yet. */
  #waiting: Array<Persist> = []

  constructor(send: (message: KeptMessage) => void) {
    this.#send = send
  }

  /** Adds a keeper of this fold's state. */
  add(by: Keeper, ask: AskKeeper): void {
    this.#keepers.set(by, ask)
    const waiting = this.#waiting
    this.#waiting = []
    for (const command of waiting) this.persist(command)
  }

  persist(command: Persist): void {
    const { by, isLast, ticket } = command
    const ask = this.#keepers.get(by)
    if (ask === undefined) this.#waiting.push(command)
    else ask((failure) => this.#send({ _tag: "Persisted", by, ticket, failure }), isLast === true)
  }
}
