import { Worker } from "node:worker_threads"
import { Deferred, Effect } from "effect"

/** A `spawn` option for a runtime, and an effect that waits for its thread to exit. */
export const watchedWorker = () => {
  const exited = Deferred.makeUnsafe<void>()
  const spawn = (): Worker => {
    const worker = new Worker(new URL("./probe.worker.ts", import.meta.url))
    return worker.once("exit", () => Deferred.doneUnsafe(exited, Effect.void))
  }
  return { spawn, exited: Deferred.await(exited) }
}
