/**
 * Runs actions when the process is about to end, without changing how it ends. All runtimes share one listener for each
 * way to end, which is removed with the last of them.
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

/**
 * A parent such as npm may forward a signal that its children also receive. A later repetition means that the user does
 * not want to wait.
 */
const SameSignal = 1000

class EndListener {
  readonly #end: ProcessEnd
  readonly #actions = new Set<() => unknown>()
  /** When the signal arrived whose actions are running. */
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

  /** The monitor observes an uncaught exception without affecting what happens next. */
  get #event(): string {
    return this.#end === "uncaughtException" ? "uncaughtExceptionMonitor" : this.#end
  }

  /** First, because a one-time listener would be removed before it could be counted. */
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

  /** Whether the signal would have ended the process without this listener. Other listeners decide that otherwise. */
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
 * The widely used package signal-exit ends the process on a signal only if it is the only listener. It and this
 * listener would otherwise wait for each other. It is detected in the same way as its versions detect each other.
 */
const listenersOfSignalExit = (): number => {
  const emitters = [
    (process as { readonly __signal_exit_emitter__?: unknown }).__signal_exit_emitter__,
    (globalThis as { readonly [key: symbol]: unknown })[Symbol.for("signal-exit emitter")]
  ] as ReadonlyArray<{ readonly count?: number } | undefined>
  return emitters.reduce((sum, emitter) => sum + (emitter?.count ?? 0), 0)
}

/**
 * Shared by all copies of this package in a process. Otherwise each would take the listener of another for the
 * application's.
 */
const key = Symbol.for("mvx-metrics/processEnd")
const shared = globalThis as typeof globalThis & { [key]?: Map<ProcessEnd, EndListener> }

/**
 * Runs `action` when the process is about to end in this way, until the returned function is called. A signal waits for
 * the promise that the action returns.
 */
export const beforeProcessEnd = (end: ProcessEnd, action: () => unknown): (() => void) => {
  shared[key] ??= new Map()
  const listener = shared[key].get(end) ?? new EndListener(end)
  shared[key].set(end, listener)
  listener.add(action)
  return () => listener.remove(action)
}

/** The process may continue after an uncaught exception, and is blocked for up to this time. */
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
  // It never rejects, because a rejection would change how the process ends.
  const flush = (): Promise<unknown> => run.promiseExit(flushed)
  const accepted = (): number => sources().reduce((sum, { statsUnsafe }) => sum + statsUnsafe().accepted, 0)
  let flushedUpTo: number | undefined
  const flushNews = async (): Promise<void> => {
    // The event is emitted again when the work it started is done. Events emitted by the flush itself, for example by a
    // measured client, would repeat that for ever.
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
