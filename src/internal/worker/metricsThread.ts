/**
 * How a program finds out that it runs in the thread that folds for a runtime of another thread. Such a thread runs
 * what its process preloads (`--import`, `--require`), because loaders are installed that way. A preload may start a
 * runtime, which it does in every thread; a metrics module must not, see importedModules.ts.
 */
import { getEnvironmentData, setEnvironmentData, type Worker } from "node:worker_threads"

const Mark = "mvx-metrics/folds"

/** Whether this thread was started to fold for another one. */
export const isMetricsThread = (): boolean => getEnvironmentData(Mark) === true

/** Starts a thread that knows that it folds. */
export const spawnMarked = (spawn: () => Worker): Worker => {
  const before = getEnvironmentData(Mark)
  // A thread copies the environment data when it is created.
  setEnvironmentData(Mark, true)
  try {
    return spawn()
  } finally {
    setEnvironmentData(Mark, before as true)
  }
}
