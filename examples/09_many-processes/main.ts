// Three processes write their counts to a store, and one of them is started twice. Here they are runtimes of one
// program with a store in memory; with RedisStore.make or PostgresStore.make they are processes and hosts.
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect, Layer } from "effect"
import { MetricsLayer, Recorder } from "mvx-metrics"
import { MetricsStore, StateStore } from "mvx-metrics/MetricsStore"
import { OrderMetrics } from "./orders.metrics.ts"

const namespace = "example.metrics"

/** A process that takes orders of these customers, and ends. */
const shop = (store: Layer.Layer<StateStore>, customers: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const metrics = yield* Recorder.register(OrderMetrics)
    for (const customer of customers) yield* metrics.emit({ _tag: "order.placed", customer, cents: 100 })
  }).pipe(
    Effect.provide(
      Layer.mergeAll(Recorder.layer("shop"), MetricsStore.layer({ store, every: "1 second" })).pipe(
        Layer.provide(MetricsLayer.layerInProcess({ namespace, logging: "silent" }))
      )
    )
  )

const program = Effect.gen(function* () {
  const store = Layer.succeed(StateStore, Context.get(yield* Layer.build(MetricsStore.layerMemory), StateStore))
  const shops = [["ann", "bob"], ["bob", "cid"], ["ann"]]
  yield* Effect.forEach([...shops, ["ann", "dee"]], (customers) => shop(store, customers), { concurrency: 3 })
  const { report } = yield* MetricsStore.makeReader({ store, namespace, metrics: [OrderMetrics] })
  const { ended, recorders } = yield* report
  yield* Console.log(JSON.stringify({ ended, ...recorders.shop!.snapshots }))
})

NodeRuntime.runMain(Effect.scoped(program))
