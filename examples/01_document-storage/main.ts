// Runs the program with its metrics on a worker thread. With a PATH, the documents are the files under that folder.
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { DocumentStorage } from "./document-storage.ts"
import { saveFolder } from "./folder.ts"
import { program } from "./program.ts"

const Metrics = Recorder.layer("document_storage").pipe(
  Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "example.metrics" }))
)

const threeDocuments = Effect.provide(program, DocumentStorage.layer.pipe(Layer.provideMerge(Metrics)))

const path = process.argv[2]
const job: Effect.Effect<void, unknown> = path === undefined ? threeDocuments : saveFolder(path)

NodeRuntime.runMain(job)
