// A TypeScript program, run as it is or compiled. Its worker imports the definitions by their URL.
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { program } from "./program.ts"

// Exported, so that a compiler that writes declarations has to find names for the types of the package.
export const Metrics = Recorder.layer("document_storage").pipe(
  Layer.provideMerge(
    MetricsLayer.layerWorker({
      namespace: "consumer",
      metrics: new URL("./document-storage.metrics.ts", import.meta.url)
    })
  )
)

NodeRuntime.runMain(Effect.provide(program, Metrics))
