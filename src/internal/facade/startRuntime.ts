/** Starts a runtime for programs without Effect. */

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { makeOnWorker } from "../runtime/onWorker.ts"
import type { RuntimeOptions } from "../runtime/options.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { whyInvalidAttach } from "../runtime/threadOptions.ts"
import { inOwnScope } from "../runtime/withoutEffect.ts"
import { flushOn } from "./processEnd.ts"
import { type Run, runIn } from "./run.ts"
import {
  contextOf,
  type PlainThreadOptions,
  type StartOptions,
  whyInvalidStart,
  withEffectHook
} from "./startOptions.ts"

/** A runtime that runs until its scope closes, and how to run effects in its context. */
export interface StartedRuntime {
  readonly runtime: RuntimeService
  readonly scope: Scope.Closeable
  readonly run: Run
}

export const startRuntime = async (options: StartOptions): Promise<StartedRuntime> => {
  const invalid = whyInvalidStart(options)
  if (invalid !== undefined) throw invalid
  const run = runIn(await Effect.runPromise(contextOf(options)))
  const { flushOn: ends = [], inProcess, logger: _logger, onStateChanged, runtime: _runtime, ...own } = options
  const all = { ...own, ...withEffectHook({ onStateChanged }) }
  const make = inProcess === true ? await madeInProcess(all) : makeOnWorker(all)
  const started = Effect.tap(make, ({ start }) => start).pipe(
    Effect.tap((runtime) => flushOn(ends, runtime, options.shutdownTimeout, run))
  )
  const [runtime, scope] = await run.promise(inOwnScope(started))
  return { runtime, scope, run }
}

/** Attaches this thread to the runtime of another one. */
export const attachRuntime = async (options: PlainThreadOptions = {}): Promise<StartedRuntime> => {
  const invalid = whyInvalidAttach(options)
  if (invalid !== undefined) throw invalid
  const { makeAttached } = await import("../runtime/attachedRuntime.ts")
  const run = runIn(Context.empty())
  const { onStateChanged, ...own } = options
  const attached = makeAttached({ ...own, ...withEffectHook({ onStateChanged }) })
  const [runtime, scope] = await run.promise(inOwnScope(attached))
  return { runtime, scope, run }
}

/** The code of the fold is imported only for a fold in process. With a worker, the worker imports it. */
const madeInProcess = async (options: RuntimeOptions) =>
  (await import("../runtime/inProcess.ts")).makeInProcess(options)
