import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { Effect, Layer } from "effect"
import { KeyValueStore } from "effect/persistence"
import { type DurableOptions, MetricsRuntime, type RecorderService, type RuntimeService } from "mvx-metrics"
import { WorkMetrics } from "./fixtures/durable.metrics.ts"

export const namespace = "test.durable"
export const file = "mvx-metrics.test.durable.state"

/** A folder that is gone after the test. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mvx-durable-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Runs something in a runtime of its own, in process unless it is told otherwise. */
export const inRuntime = <A, E>(
  { logging = "silent", ...durable }: DurableOptions & { readonly logging?: "normal" | "silent" },
  run: (runtime: RuntimeService) => Effect.Effect<A, E>,
  make: typeof MetricsRuntime.makeInProcess = MetricsRuntime.makeInProcess
) =>
  Effect.gen(function* () {
    const runtime = yield* make({ namespace, logging, durable })
    yield* runtime.start
    return yield* run(runtime)
  }).pipe(Effect.scoped)

export const recorderOf = (runtime: RuntimeService, id = "a"): Effect.Effect<RecorderService, unknown> =>
  Effect.gen(function* () {
    const recorder = yield* runtime.createRecorder(id)
    yield* recorder.register(WorkMetrics)
    return recorder
  })

/** A store whose values a test looks into, and whose writes it has fail. */
export const openStore = (options: { readonly onWrite?: Effect.Effect<void> } = {}) => {
  const values = new Map<string, Uint8Array>()
  /** What happens to each write: nothing, or what it fails with. */
  const failures: Array<string | undefined> = []
  let writes = 0
  const set = (key: string, value: string | Uint8Array) =>
    Effect.suspend(() => {
      writes++
      const message = failures.shift()
      if (message === undefined) {
        const { onWrite = Effect.void } = options
        return Effect.andThen(
          onWrite,
          Effect.sync(() => void values.set(key, value as Uint8Array))
        )
      }
      return Effect.fail(new KeyValueStore.KeyValueStoreError({ method: "set", key, message }))
    })
  const store = Layer.succeed(
    KeyValueStore.KeyValueStore,
    KeyValueStore.make({
      get: () => Effect.succeed(undefined),
      getUint8Array: (key) => Effect.sync(() => values.get(key)),
      set,
      remove: (key) => Effect.sync(() => void values.delete(key)),
      clear: Effect.sync(() => values.clear()),
      size: Effect.sync(() => values.size),
      keys: Effect.sync(() => [...values.keys()])
    })
  )
  return { failures, store, values, writes: () => writes }
}

/** Starts workers that have the metrics, and remembers them. */
export const durableWorkers = (entry = "durable.worker.ts") => {
  const workers: Array<Worker> = []
  const spawn = (): Worker => {
    const worker = new Worker(new URL(`./fixtures/${entry}`, import.meta.url))
    workers.push(worker)
    return worker
  }
  return { spawn, workers }
}
