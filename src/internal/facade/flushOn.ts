/** Flushes a runtime when the process is about to end. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { recorderDefaults } from "../recorder/defaults.ts"
import { Log } from "../recorder/logging.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { atMost } from "../util/liveClock.ts"
import { beforeProcessEnd, type ProcessEnd } from "./processEnd.ts"
import type { Run } from "./run.ts"
import type { StartOptions } from "./startOptions.ts"

/** The process may go on after an uncaught exception, and stands still for no longer than that. */
const MostAtException = "1 second"

/** Does so until the scope closes. */
export const flushOn = (
  ends: ReadonlyArray<ProcessEnd>,
  runtime: RuntimeService,
  { logging = recorderDefaults.logging, shutdownTimeout = recorderDefaults.shutdownTimeout }: StartOptions,
  run: Run
): Effect.Effect<void, never, Scope.Scope> => {
  const { saveNow, sources } = internalsOf(runtime)
  const log = new Log(logging, { namespace: runtime.namespace })
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
