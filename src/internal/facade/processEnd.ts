/**
 * What runs when the process is about to end, without a change to how it ends. There is one listener for each way to end,
 * for all runtimes; it goes with the last of them.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { recorderDefaults } from "../recorder/defaults.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { atMost } from "../util/liveClock.ts"
import type { Run } from "./run.ts"

export const processEnds = ["SIGTERM", "SIGINT", "SIGHUP", "beforeExit", "uncaughtException"] as const

export type ProcessEnd = (typeof processEnds)[number]

/** A parent, such as npm, may pass on a signal that its children get as well. Later it means that nobody wants to wait. */
const SameSignal = 1000

class EndListener {
  readonly #end: ProcessEnd
  readonly #actions = new Set<() => unknown>()
  /** When the signal came whose actions run. */
  #begun: number | undefined

  constructor(end: ProcessEnd) {
    this.#end = end
  }

  add(action: () => unknown): void {
    if (this.#actions.size === 0) this.#listenFirst()
    this.#actions.add(action)
  }

  remove(action: () => unknown): void {
    if (this.#actions.delete(action) && this.#actions.size === 0) process.off(this.#event, this.#listen)
  }

  /** The monitor sees an uncaught exception, and has no say in what comes of it. */
  get #event(): string {
    return this.#end === "uncaughtException" ? "uncaughtExceptionMonitor" : this.#end
  }

  /** First, because a listener that is added for one time would be gone before it could be counted. */
  #listenFirst(): void {
    const events: NodeJS.EventEmitter = process
    events.off(this.#event, this.#listen)
    events.prependListener(this.#event, this.#listen)
  }

  readonly #listen = (): void => {
    const end = this.#end
    if (end !== "beforeExit" && end !== "uncaughtException") return this.#onSignal(end)
    for (const action of this.#actions) action()
  }

  #onSignal(signal: NodeJS.Signals): void {
    const goOn = this.#isAlone(signal) ? () => this.#raise(signal) : () => {}
    if (this.#begun !== undefined) return performance.now() - this.#begun > SameSignal ? goOn() : undefined
    this.#begun = performance.now()
    void Promise.allSettled(Array.from(this.#actions, async (action) => action())).then(() => {
      this.#begun = undefined
      goOn()
    })
  }

  /** Whether the signal would have ended the process without this listener. Whoever else listens to it decides that. */
  #isAlone(signal: NodeJS.Signals): boolean {
    return process.listenerCount(signal) - 1 <= listenersOfSignalExit()
  }

  #raise(signal: NodeJS.Signals): void {
    process.off(signal, this.#listen)
    process.kill(process.pid, signal)
    // The process with the id 1 is not ended by a signal that it does not listen to.
    const again = setTimeout(() => {
      if (this.#actions.size > 0) this.#listenFirst()
    }, SameSignal)
    again.unref()
  }
}

/**
 * The package signal-exit, which many others use, ends the process by a signal only where nobody but itself listens to it.
 * It and this listener would leave that to each other. It is found as its versions find each other.
 */
const listenersOfSignalExit = (): number => {
  const emitters = [
    (process as { readonly __signal_exit_emitter__?: unknown }).__signal_exit_emitter__,
    (globalThis as { readonly [key: symbol]: unknown })[Symbol.for("signal-exit emitter")]
  ] as ReadonlyArray<{ readonly count?: number } | undefined>
  return emitters.reduce((sum, emitter) => sum + (emitter?.count ?? 0), 0)
}

/** All copies of this package in a process share it: each would take the listener of another for the application's. */
const key = Symbol.for("mvx-metrics/processEnd")
const shared = globalThis as typeof globalThis & { [key]?: Map<ProcessEnd, EndListener> }

/**
 * Runs `action` when the process is about to end in this way, until the function given back is called. A signal waits for
 * the promise that it gives.
 */
export const beforeProcessEnd = (end: ProcessEnd, action: () => unknown): (() => void) => {
  shared[key] ??= new Map()
  const listener = shared[key].get(end) ?? new EndListener(end)
  shared[key].set(end, listener)
  listener.add(action)
  return () => listener.remove(action)
}

/** The process may go on after an uncaught exception, and stands still for no longer than that. */
const MostAtException = "1 second"

/** Flushes a runtime when the process is about to end, until the scope closes. */
export const flushOn = (
  ends: ReadonlyArray<ProcessEnd>,
  runtime: RuntimeService,
  shutdownTimeout: Duration.Input = recorderDefaults.shutdownTimeout,
  run: Run
): Effect.Effect<void, never, Scope.Scope> => {
  const { log, saveNow, sources } = internalsOf(runtime)
  const flushed = Effect.catch(runtime.flush({ timeout: shutdownTimeout }), ({ message }) => log.failure(message))
  // It never rejects: a rejection would change how the process ends.
  const flush = (): Promise<unknown> => run.promiseExit(flushed)
  const accepted = (): number => sources().reduce((sum, { statsUnsafe }) => sum + statsUnsafe().accepted, 0)
  let flushedUpTo: number | undefined
  const flushNews = async (): Promise<void> => {
    // The event comes again when what it began is done. Events of the flush itself, as of a client that is measured,
    // would have that go on for ever.
    if (accepted() === flushedUpTo) return
    await flush()
    flushedUpTo = accepted()
  }
  const save = (): void => saveNow(atMost(shutdownTimeout, MostAtException))
  const actionOf = (end: ProcessEnd) => (end === "beforeExit" ? flushNews : end === "uncaughtException" ? save : flush)
  const listen = (end: ProcessEnd) =>
    Effect.acquireRelease(
      Effect.sync(() => beforeProcessEnd(end, actionOf(end))),
      (undo) => Effect.sync(undo)
    )
  return Effect.forEach(new Set(ends), listen, { discard: true })
}
