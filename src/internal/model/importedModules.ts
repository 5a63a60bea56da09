/**
 * The import of a module for its metrics or its store, by a metrics worker or by the command line. Code that runs in
 * such an import must not start a runtime: each worker would start another one, and the command would run the
 * application. This file imports nothing of Node at load time, because every runtime uses it.
 */
import type { AsyncLocalStorage } from "node:async_hooks"
import * as Effect from "effect/Effect"
import { MetricsModuleError } from "./registerErrors.ts"

interface Imported {
  readonly path: string
  readonly by: string
}

interface Importing extends Imported {
  /** The error that the module got when it tried to start a runtime. The module may have caught it. */
  refused?: MetricsModuleError
}

/** A program that its module does not await reaches its runtime within this number of turns of the event loop. */
const TurnsAfter = 4

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Created by the first import, so that programs without imports do not need it. */
let importing: AsyncLocalStorage<Importing> | undefined

/**
 * Runs `load`, which imports a module for its metrics, and marks everything that the module runs. Rejects if the module
 * has tried to start a runtime by then.
 */
export const importMetrics = async (
  imported: Imported,
  load: () => Promise<{ readonly [name: string]: unknown }>
): Promise<{ readonly [name: string]: unknown }> => {
  importing ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)()
  const started: Importing = { ...imported }
  const module = await importing.run(started, load)
  for (let turn = 0; turn < TurnsAfter; turn++) await nextTurn()
  if (started.refused !== undefined) throw started.refused
  return module
}

/** Fails in code that runs while a module is imported for its metrics. */
export const refuseInMetricsModule: Effect.Effect<void, MetricsModuleError> = Effect.suspend(() => {
  const imported = importing?.getStore()
  if (imported === undefined) return Effect.void
  const { by, path } = imported
  const reason = `was imported by ${by} and starts a metrics runtime itself. Move the definitions to a module of their own`
  const refused = new MetricsModuleError({ path, reason })
  // A program that ends with this error prints it before its importer can: one line that names the module.
  refused.stack = `${refused.name}: ${refused.message}`
  imported.refused = refused
  return Effect.fail(refused)
})
