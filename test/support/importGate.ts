/**
 * A gate in the modules that a metrics worker imports: an import reports that it has reached the gate, and waits until
 * it is opened.
 */
import { BroadcastChannel, workerData } from "node:worker_threads"
import { Effect, Latch } from "effect"

/** Whether this runs in the packaged metrics worker. */
export const inMetricsWorker = (workerData as { readonly mvxMetrics?: unknown } | null)?.mvxMetrics !== undefined

/** For the module: resolves when the gate is opened, and at once outside a metrics worker. */
export const passImportGate = (name: string): Promise<void> => {
  if (!inMetricsWorker) return Promise.resolve()
  const channel = new BroadcastChannel(name)
  // The thread can be terminated while it waits here.
  channel.unref()
  return new Promise((resolve) => {
    channel.onmessage = (message: { readonly data: unknown }) => {
      if (message.data !== "open") return
      channel.close()
      resolve()
    }
    channel.postMessage("reached")
  })
}

/** For the test. */
export const importGate = (name: string) =>
  Effect.gen(function* () {
    const channel = yield* Effect.acquireRelease(
      Effect.sync(() => new BroadcastChannel(name)),
      (channel) => Effect.sync(() => channel.close())
    )
    const reached = Latch.makeUnsafe()
    let imports = 0
    channel.onmessage = () => {
      imports++
      reached.openUnsafe()
    }
    return {
      /** Waits until an import has reached the gate. */
      reached: reached.await,
      open: Effect.sync(() => channel.postMessage("open")),
      imports: () => imports
    }
  })
