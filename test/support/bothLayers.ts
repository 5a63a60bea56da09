/**
 * The contract does not depend on the transport of events: its tests run on both layers.
 */
import { layer, type Vitest } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { type Metric, MetricsLayer, MetricsRuntime, type RecorderOptions } from "mvx-metrics"
import { internalsOf } from "../../src/internal/runtime/internals.ts"

/** The modules of the worker of {@link onBothLayers}, by default. */
const probeMetrics = [new URL("./probe.metrics.ts", import.meta.url)]

type RuntimeLayer = Layer.Layer<MetricsRuntime, Layer.Error<ReturnType<typeof MetricsLayer.layerWorker>>>

/** The two layers by name, each over the same definitions. */
export const runtimeLayers = (
  metrics: ReadonlyArray<URL> = probeMetrics
): { readonly [name: string]: RuntimeLayer } => ({
  "in process": MetricsLayer.layerInProcess({ namespace: "test.in_process", logging: "silent" }),
  "on the worker": MetricsLayer.layerWorker({ namespace: "test.worker", metrics, logging: "silent" })
})

/**
 * Runs a group of tests twice, once on each layer. A runtime serves the whole group, under a `TestClock`; tests make
 * recorders of their own with {@link newRecorder}.
 */
export const onBothLayers = (
  name: string,
  suite: (it: Vitest.MethodsNonLive<MetricsRuntime>) => void,
  metrics?: ReadonlyArray<URL>
): void => {
  for (const [where, runtime] of Object.entries(runtimeLayers(metrics))) layer(runtime)(`${name}, ${where}`, suite)
}

let recorders = 0

/**
 * A recorder that no other test knows. It is idle: a runtime starts those that it makes, but one that is made alone starts
 * with its first event, and what is true of it is tested on both layers as well.
 */
export const newRecorder = <R = never>(options?: RecorderOptions<R>) =>
  Effect.flatMap(MetricsRuntime, (runtime) => internalsOf(runtime).makeIdle(`recorder-${++recorders}`, options))

/** A recorder with these metrics. */
export const recorderWith = (...metrics: ReadonlyArray<Metric.Any>) =>
  Effect.tap(newRecorder(), (recorder) => Effect.forEach(metrics, (metric) => recorder.register(metric)))
