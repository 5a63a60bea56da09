/** A runtime on the worker layer, and its worker. */
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { type Metric, MetricsLayer, MetricsRuntime, type RecorderService, type RuntimeService } from "mvx-metrics"
import { spawnProbed, type Usage } from "./workerProbe.ts"

export interface MetricsUnderTest extends AsyncDisposable {
  readonly runtime: RuntimeService
  /** Makes a recorder with these metrics. */
  readonly recorder: (id: string, metrics: ReadonlyArray<Metric.Any>, capacity?: number) => Promise<RecorderService>
  readonly workerUsage: () => Promise<Usage>
}

export const defaultCapacity = 65_536

export const startMetrics = async (options?: { readonly memoryLimit: number }): Promise<MetricsUnderTest> => {
  const probed = spawnProbed(new URL("./document.worker.ts", import.meta.url))
  const runtime = ManagedRuntime.make(
    MetricsLayer.layerWorker({ ...options, namespace: "benchmark", logging: "silent", spawn: () => probed.worker })
  )
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
    workerUsage: probed.usage,
    [Symbol.asyncDispose]: () => runtime.dispose()
  }
}
