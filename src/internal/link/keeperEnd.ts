/**
 * The application thread's view of states that are kept beyond the fold, and the operations that have them written: the
 * durable state, or the state sent to a store.
 */
import * as Effect from "effect/Effect"
import type { DurableStats } from "../model/runtimeStats.ts"
import type { Keeper } from "../stream/commands.ts"
import type { KeptMessage } from "../stream/foldMessages.ts"
import { type EndOptions, Tickets } from "./tickets.ts"

/** The progress of what is kept. */
export interface KeeperProgress extends Omit<DurableStats, "unsaved"> {
  /** The number of events of this process that it contains. */
  readonly events: number
}

/** The maximum number of warnings and metrics that are told apart. Further ones are only counted, each time. */
const Most = 1000

/**
 * The interval in milliseconds at which {@link KeeperEnd.persistNow} checks for the answer, because nothing notifies
 * it.
 */
const LookMillis = 2

/** A word that is never notified. */
const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

export interface KeeperEndOptions extends EndOptions {
  /** Receives what the fold has sent without a turn of the event loop, if the fold is in another thread. */
  readonly receive: (() => void) | undefined
  readonly by: Keeper
  /** The location of the state, for people. */
  readonly place: string
}

const names: { readonly [by in Keeper]: string } = { durable: "the durable state", store: "the counts" }

export class KeeperEnd {
  readonly #options: KeeperEndOptions
  readonly #tickets: Tickets
  #progress: KeeperProgress = { savedAt: undefined, events: 0, failures: 0, failure: undefined, discarded: 0 }
  readonly #warned = new Set<string>()
  readonly #discarded = new Set<string>()
  /** Warnings that arrived before there was a listener. */
  readonly #early: Array<string> = []
  /** Called right after metrics were registered in a recorder. */
  onRegistered: (recorderId: string) => void = () => {}
  #warn: (text: string) => void = (text) => void this.#early.push(text)

  constructor(options: KeeperEndOptions) {
    this.#options = options
    this.#tickets = new Tickets(options)
  }

  readonly #order = (ticket: number) => ({ _tag: "Persist", by: this.#options.by, ticket }) as const

  get progress(): KeeperProgress {
    return this.#progress
  }

  /** Sets the listener, which gets each warning once. */
  onWarning(warn: (text: string) => void): void {
    this.#warn = warn
    for (const text of this.#early) warn(text)
  }

  /** Completes when the state is written, including everything sent before. */
  readonly persist: Effect.Effect<void, Error> = Effect.suspend(() => this.#tickets.tell(this.#order))

  /** The same, after which nothing more is written. */
  readonly persistLast: Effect.Effect<void, Error> = Effect.suspend(() =>
    this.#tickets.tell((ticket) => ({ ...this.#order(ticket), isLast: true }))
  )

  /**
   * The same in this call, which blocks the thread for up to this many milliseconds. It is not for a fold in this
   * thread, which could not write meanwhile.
   */
  persistNow(most: number): void {
    const { receive } = this.#options
    if (receive === undefined) return
    const end = performance.now() + most
    this.#tickets.tellNow(this.#order, () => {
      if (performance.now() >= end) return false
      Atomics.wait(never, 0, 0, LookMillis)
      receive()
      return true
    })
  }

  receive(message: KeptMessage): void {
    const { by, place } = this.#options
    switch (message._tag) {
      case "Persisted":
        return this.#tickets.done(message)
      case "StateWritten": {
        const { events, savedAt } = message
        this.#progress = { ...this.#progress, events, savedAt, failure: undefined }
        return
      }
      case "StateNotWritten": {
        const { reason } = message
        this.#progress = { ...this.#progress, failures: this.#progress.failures + 1, failure: reason }
        return this.#warnOnce(
          reason,
          `${names[by]} could not be written to ${place}: ${reason}. The next write retries`
        )
      }
      case "StateNotKept": {
        const { name, reason, recorderId } = message
        const key = JSON.stringify([recorderId, name, reason])
        if (this.#discarded.has(key)) return
        if (this.#discarded.size < Most) this.#discarded.add(key)
        this.#progress = { ...this.#progress, discarded: this.#progress.discarded + 1 }
        this.#warnOnce(
          JSON.stringify([name, reason]),
          `${names[by]} of the metric "${name}" of the recorder "${recorderId}", and of others like it: ${reason}`
        )
      }
    }
  }

  #warnOnce(key: string, text: string): void {
    if (this.#warned.has(key) || this.#warned.size >= Most) return
    this.#warned.add(key)
    this.#warn(text)
  }

  again(): void {
    this.#tickets.again()
  }

  failAll(cause: unknown): void {
    this.#tickets.failAll(cause)
  }
}
