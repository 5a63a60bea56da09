// Kills its worker during the run, and has a metric that would end each later worker. All other numbers stay right.
import { Worker } from "node:worker_threads"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { Buggy, Orders, Revenue } from "./orders.metrics.ts"

// A worker of the program's own, so that the program can end it. The packaged worker is replaced just the same.
let worker: Worker
const spawn = (): Worker => {
  worker = new Worker(new URL("./orders.worker.ts", import.meta.url))
  return worker
}

const Metrics = Recorder.layer("orders").pipe(
  Layer.provide(MetricsLayer.layerWorker({ namespace: "example.metrics", spawn, stallTimeout: "1 second" }))
)

const placeOrders = (from: number, to: number) =>
  Effect.forEach(
    Array.from({ length: to - from }, (_, i) => from + i),
    (number) => Recorder.emit({ _tag: "order.placed", number, cents: 100 }),
    { discard: true }
  )

const program = Effect.gen(function* () {
  for (const metric of [Orders, Revenue, Buggy]) yield* Recorder.register(metric)
  yield* placeOrders(0, 1000)
  yield* Effect.promise(() => worker.terminate())
  yield* placeOrders(1000, 2000)
  yield* Console.log(JSON.stringify(yield* Recorder.snapshots))
})

NodeRuntime.runMain(Effect.provide(program, Metrics))
