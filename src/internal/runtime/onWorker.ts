/**
 * A runtime that folds on a worker thread. The code that starts the thread is imported by the start. The code for
 * folding in process is imported only if the start happens inside a metrics worker.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Link } from "../link/link.ts"
import { type Check, isRecord, notBlank } from "../model/optionChecks.ts"
import { RuntimeFailed, type RuntimeStartError } from "../model/runtimeErrors.ts"
import { waysToWorker } from "../worker/waysToWorker.ts"
import { durableOf, workerDurable } from "./durableOptions.ts"
import { flightLogOf } from "./flightRecorder.ts"
import { makeRuntime } from "./makeRuntime.ts"
import { defaultMemoryLimit, runtimeOptionChecks, type WorkerOptions, workerOptionChecks } from "./options.ts"
import type { RuntimeService } from "./service.ts"
import { shippingOf, workerStream } from "./streamOptions.ts"

/** Makes a runtime that is `Idle` until `start`, which starts the thread. */
export const makeOnWorker = (options: WorkerOptions): Effect.Effect<RuntimeService, never, Scope.Scope> => {
  const checks = {
    ...runtimeOptionChecks,
    durable: workerDurable,
    stream: workerStream,
    ...workerOptionChecks,
    ...(isRecord(options) && options.spawn !== undefined && notBlank(options.namespace) === undefined && besideSpawn)
  }
  return makeRuntime(
    options,
    checks,
    Effect.suspend(() => openWorker(options))
  )
}

const isForPackaged: Check = () => "is for the packaged worker. Give it to the Worker that spawn starts"

const besideSpawn = {
  metrics: (): string => `pass either metrics or spawn. ${waysToWorker}`,
  env: isForPackaged,
  resourceLimits: isForPackaged
}

const openWorker = Effect.fnUntraced(function* (
  options: WorkerOptions
): Effect.fn.Return<Link, RuntimeStartError, Scope.Scope> {
  const { memoryLimit = defaultMemoryLimit, namespace, startTimeout = "10 seconds" } = options
  const { isMetricsThread } = yield* importing(namespace, () => import("../worker/metricsThread.ts"))
  // A preload runs in each thread of its process. If it started a worker inside a metrics worker, that one would start
  // another.
  if (isMetricsThread()) {
    const { makeInProcessLink } = yield* importing(namespace, () => import("../link/inProcess.ts"))
    return yield* makeInProcessLink(memoryLimit, yield* flightLogOf(options))
  }
  const { makeWorkerLink } = yield* importing(namespace, () => import("../link/toWorker.ts"))
  const worker = options.spawn === undefined ? yield* packaged(namespace, options) : { spawn: options.spawn }
  const { restart, stallTimeout = "10 seconds" } = options
  const flightLog = yield* flightLogOf(options)
  const durable = yield* durableOf(options)
  const own = { restart, stallTimeout, flightLog, durable, shipping: shippingOf(options) }
  return yield* makeWorkerLink({ ...worker, namespace, startTimeout, memoryLimit, ...own })
})

/** Bundles that pass `spawn` neither contain the packaged worker nor look for it. */
const packaged = (namespace: string, options: WorkerOptions) =>
  importing(namespace, () => import("../worker/spawnForModules.ts")).pipe(
    Effect.flatMap(({ packagedWorker }) => packagedWorker(options.metrics, options))
  )

const importing = <A>(namespace: string, load: () => Promise<A>): Effect.Effect<A, RuntimeFailed> =>
  Effect.tryPromise({ try: load, catch: (cause) => new RuntimeFailed({ namespace, cause }) })
