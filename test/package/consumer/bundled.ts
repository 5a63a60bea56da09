// A program to be bundled: it starts a worker entry of its own. esbuild leaves URLs alone, so this one names the output.
import { Worker } from "node:worker_threads"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { program } from "./program.ts"

const Metrics = Recorder.layer("document_storage").pipe(
  Layer.provideMerge(
    MetricsLayer.layerWorker({
      namespace: "consumer",
      spawn: () => new Worker(new URL("./bundled.worker.js", import.meta.url))
    })
  )
)

NodeRuntime.runMain(Effect.provide(program, Metrics))
