/** A runtime on the worker layer, and its worker; and a runtime in process. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { type Metric, MetricsLayer, MetricsRuntime, type RecorderService, type RuntimeService } from "mvx-metrics"
import type { StreamOptions } from "mvx-metrics/MetricsRuntime"
import { spawnProbed, type Usage } from "./workerProbe.ts"

export interface MetricsUnderTest extends AsyncDisposable {
  readonly runtime: RuntimeService
  /** Makes a recorder with these metrics. */
  readonly recorder: (id: string, metrics: ReadonlyArray<Metric.Any>, capacity?: number) => Promise<RecorderService>
  readonly workerUsage: () => Promise<Usage>
}

export const defaultCapacity = 65_536

const common = { namespace: "benchmark", logging: "silent" } as const

export const startMetrics = async (
  options?: { readonly memoryLimit?: number; readonly stream?: StreamOptions },
  worker = new URL("./document.worker.ts", import.meta.url)
): Promise<MetricsUnderTest> => {
  const probed = spawnProbed(worker)
  const layer = MetricsLayer.layerWorker({ ...options, ...common, spawn: () => probed.worker })
  return { ...(await startLayer(layer)), workerUsage: probed.usage }
}

/** A runtime that folds in process has no worker whose usage could be asked for. */
export const startInProcess = (): Promise<Omit<MetricsUnderTest, "workerUsage">> =>
  startLayer(MetricsLayer.layerInProcess(common))

const startLayer = async <E>(layer: Layer.Layer<MetricsRuntime, E>): Promise<Omit<MetricsUnderTest, "workerUsage">> => {
  const runtime = ManagedRuntime.make(layer)
  await runtime.context()
  return {
    runtime: await runtime.runPromise(MetricsRuntime),
    recorder: (id, metrics, capacity = defaultCapacity) =>
      runtime.runPromise(
        Effect.gen(function* () {
          const recorder = yield* (yield* MetricsRuntime).createRecorder(id, { capacity })
          for (const metric of metrics) yield* recorder.register(metric)
          return recorder
        })
      ),
    [Symbol.asyncDispose]: () => runtime.dispose()
  }
}
