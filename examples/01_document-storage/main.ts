import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { DocumentStorage } from "./document-storage.ts"

const program = Effect.gen(function* () {
  const storage = yield* DocumentStorage
  yield* storage.save("a", "the first document")
  yield* storage.save("b", "the second document")
  yield* Effect.ignore(storage.save("c", ""))
  yield* Console.log(JSON.stringify(yield* Recorder.snapshots))
})

const Metrics = Recorder.layer("document_storage").pipe(
  Layer.provideMerge(
    MetricsLayer.layerWorker({
      namespace: "example.metrics",
      metrics: new URL("./document-storage.metrics.ts", import.meta.url)
    })
  )
)

program.pipe(Effect.provide(DocumentStorage.layer.pipe(Layer.provideMerge(Metrics))), NodeRuntime.runMain)
