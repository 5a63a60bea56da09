/** Those who keep the state of a fold beyond it, and what is asked of them. */
import type { Command, Keeper } from "../stream/commands.ts"
import type { KeptMessage } from "../stream/foldMessages.ts"

/** Has the state written, and tells why that failed, if it did. `isLast`: nothing is to be written after it. */
type AskKeeper = (end: (failure: string | undefined) => void, isLast: boolean) => void

type Persist = Extract<Command, { readonly _tag: "Persist" }>

export class Keepers {
  readonly #send: (message: KeptMessage) => void
  readonly #keepers = new Map<Keeper, AskKeeper>()
  /** Of a keeper that is not there yet. */
  #waiting: Array<Persist> = []

  constructor(send: (message: KeptMessage) => void) {
    this.#send = send
  }

  /** Whoever keeps the state of this fold, from now on. */
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
