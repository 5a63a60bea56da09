// Runs the program of the first example with a recorder that publishes, then prints what was published.
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Layer } from "effect"
import { MetricsLayer } from "mvx-metrics"
import { DocumentStorage } from "../01_document-storage/document-storage.ts"
import { program } from "../01_document-storage/program.ts"
import { layerPublished } from "./published-recorder.ts"

const Runtime = MetricsLayer.layerWorker({ namespace: "example.metrics" })

const main = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.makeTempFileScoped({ suffix: ".ndjson" })
  const Metrics = layerPublished("document_storage", file).pipe(Layer.provide(Runtime))
  yield* Effect.provide(program, DocumentStorage.layer.pipe(Layer.provideMerge(Metrics)))
  // The recorder stopped with its layer, so every change is in the file and the file is closed.
  const published = yield* fs.readFileString(file)
  yield* Console.log(published.trimEnd())
})

main.pipe(Effect.scoped, Effect.provide(NodeServices.layer), NodeRuntime.runMain)
