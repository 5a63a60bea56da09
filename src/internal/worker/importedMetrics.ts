/**
 * The import of a module for its metrics, by a metrics worker or by the command line. What such a module runs must not
 * start a runtime: each worker would start another one, and the command would run the application. Imports nothing of
 * Node by itself, because every runtime looks here.
 */
import type { AsyncLocalStorage } from "node:async_hooks"
import * as Effect from "effect/Effect"
import { MetricsModuleError } from "../../MetricsError.ts"

interface Imported {
  readonly path: string
  readonly by: string
}

/** Made by the first import: only those who import have to have it. */
let importing: AsyncLocalStorage<Imported> | undefined

/** Runs `load`, which imports a module for its metrics. Marks whatever the module runs. */
export const importMetrics = (
  imported: Imported,
  load: () => Promise<{ readonly [name: string]: unknown }>
): Promise<{ readonly [name: string]: unknown }> => {
  importing ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)()
  return importing.run(imported, load)
}

/** Fails in what a module runs that is imported for its metrics. */
export const refuseInMetricsModule: Effect.Effect<void, MetricsModuleError> = Effect.suspend(() => {
  const imported = importing?.getStore()
  if (imported === undefined) return Effect.void
  const { by, path } = imported
  const reason = `was imported by ${by} and starts a metrics runtime itself. Name a module of definitions only`
  return Effect.fail(new MetricsModuleError({ path, reason }))
})
