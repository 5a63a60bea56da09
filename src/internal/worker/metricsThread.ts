/**
 * How a program finds out that it runs in the thread that folds for a runtime of another one. Such a thread runs what its
 * process preloads (`--import`, `--require`), because loaders come that way, and the metrics modules. Either may start a
 * runtime: a preload does so in every thread, a metrics module must not.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import { getEnvironmentData, setEnvironmentData, type Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import { MetricsModuleError } from "../../MetricsError.ts"

const Mark = "mvx-metrics/folds"

/** Whether this thread was started to fold for another one. */
export const isMetricsThread = (): boolean => getEnvironmentData(Mark) === true

/** Starts a thread that knows that it folds. */
export const spawnMarked = (spawn: () => Worker): Worker => {
  const before = getEnvironmentData(Mark)
  // A thread takes over what is there when it is made.
  setEnvironmentData(Mark, true)
  try {
    return spawn()
  } finally {
    setEnvironmentData(Mark, before as true)
  }
}

/** The metrics module that is being imported, and by what, for whatever the module runs. */
export const importing = new AsyncLocalStorage<{ readonly path: string; readonly by: string }>()

/** Fails where a metrics module starts a runtime while it is imported for its metrics: each worker would start another. */
export const refuseInMetricsModule: Effect.Effect<void, MetricsModuleError> = Effect.suspend(() => {
  const imported = importing.getStore()
  if (imported === undefined) return Effect.void
  const { by, path } = imported
  const reason = `was imported by ${by} and starts a metrics runtime itself. Name a module of definitions only`
  return Effect.fail(new MetricsModuleError({ path, reason }))
})
