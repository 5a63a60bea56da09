/**
 * The store to which the fold of a link sends its counts. There is one at a time, and it holds the counts of a process
 * once.
 */
import * as Effect from "effect/Effect"
import type { StoreLayer } from "../store/openStore.ts"
import type { Command } from "../stream/commands.ts"
import type { KeptMessage } from "../stream/foldMessages.ts"
import type { StoreSettings } from "../stream/workerMessages.ts"
import { KeeperEnd, type KeeperEndOptions } from "./keeperEnd.ts"

/** What is sent to a store, and which store. */
export interface Telling extends Pick<StoreSettings, "store" | "namespace" | "intervalMillis"> {
  /** The application's own store, for a fold in this thread. */
  readonly own: StoreLayer | undefined
  /** For people. */
  readonly place: string
}

/** Makes the fold send its counts to a store. Fails if the store cannot be opened. */
export type TellStore = (settings: StoreSettings, own: StoreLayer | undefined) => Effect.Effect<void, Error>

interface Told {
  readonly telling: Telling
  readonly end: KeeperEnd
}

export class ToldStore {
  /** Stays the same for the lifetime of the link, so that the store never has its counts twice. */
  readonly #source = crypto.randomUUID()
  #epoch = 0
  #told: Told | undefined
  readonly #tell: TellStore
  readonly #options: Omit<KeeperEndOptions, "by" | "place">

  constructor(tell: TellStore, options: Omit<KeeperEndOptions, "by" | "place">) {
    this.#tell = tell
    this.#options = options
  }

  send(command: Command): void {
    this.#options.send(command)
  }

  get end(): KeeperEnd | undefined {
    return this.#told?.end
  }

  /** The settings for the next fold, if there is a store. */
  next(): StoreSettings | undefined {
    if (this.#told === undefined) return undefined
    const { intervalMillis, namespace, store } = this.#told.telling
    return { store, namespace, intervalMillis, source: this.#source, epoch: ++this.#epoch }
  }

  begin(telling: Telling): Effect.Effect<KeeperEnd, Error> {
    return Effect.suspend(() => {
      if (this.#told?.telling.place === telling.place) return Effect.succeed(this.#told.end)
      if (this.#told !== undefined) {
        return Effect.fail(
          new Error(`the runtime already writes to the store ${this.#told.telling.place}, and can write to only one`)
        )
      }
      const end = new KeeperEnd({ ...this.#options, by: "store", place: telling.place })
      this.#told = { telling, end }
      return this.#tell(this.next()!, telling.own).pipe(
        Effect.onError(() => Effect.sync(() => this.stop())),
        Effect.as(end)
      )
    })
  }

  /** Stops sending. */
  stop(): void {
    this.#told = undefined
  }

  receive(message: KeptMessage): void {
    this.#told?.end.receive(message)
  }
}
