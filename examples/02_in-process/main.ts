// The program of the first example with its metrics folded in process, without a thread. Only the layer differs.
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { DocumentStorage } from "../01_document-storage/document-storage.ts"
import { program } from "../01_document-storage/program.ts"

const Metrics = Recorder.layer("document_storage").pipe(
  Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "example.metrics" }))
)

program.pipe(Effect.provide(DocumentStorage.layer.pipe(Layer.provideMerge(Metrics))), NodeRuntime.runMain)
