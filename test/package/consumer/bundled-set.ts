// To be bundled: the module of the set is the bundle, which is the whole application. Each thread that runs it says so.
import { writeSync } from "node:fs"
import { Effect, Layer, Schema } from "effect"
import { Metric, MetricsLayer, Recorder } from "mvx-metrics"

const say = (line: string): void => void writeSync(1, `${line}\n`)

const Event = Schema.TaggedUnion({ "document_storage.save.attempt": {} })

export const StorageMetrics = Metric.module(import.meta.url, [
  Metric.counter("document_storage.save.attempts", { events: Event })
])

const Metrics = Recorder.layer("document_storage").pipe(
  Layer.provideMerge(MetricsLayer.layerWorker({ namespace: "consumer", logging: "silent" }))
)

say("the application runs")
void Effect.provide(Recorder.register(StorageMetrics), Metrics).pipe(
  Effect.match({
    onSuccess: () => say("registered"),
    onFailure: (error) =>
      say(`refused with ${error._tag}, spawn ${error.message.includes("option spawn") ? "is" : "is not"} named`)
  }),
  Effect.runPromise
)
