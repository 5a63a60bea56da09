// A TypeScript program that names no module: its worker imports that of the set which the program registers.
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { StorageMetrics } from "./document-storage.metrics.ts"
import { program } from "./program.ts"

const Metrics = Recorder.layer("document_storage").pipe(
  Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "consumer" }))
)

Recorder.register(StorageMetrics).pipe(Effect.andThen(program), Effect.provide(Metrics), NodeRuntime.runMain)
