// Two tills append their events to a store, and an aggregator folds them. During the run it leaves, and another one
// continues from its last commit. Here all of them are in one program, over a store in memory, or over Redis with
// REDIS_URL=redis://127.0.0.1:6379; each can be a process on a host of its own.
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect, Layer } from "effect"
import { MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import { EventStore, MetricsStore } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import * as RedisStore from "mvx-metrics/RedisStore"
import { PaymentMetrics } from "./payments.metrics.ts"

const namespace = "example.metrics"
const url = process.env.REDIS_URL
const Store = url === undefined ? MetricsStore.layerMemory : RedisStore.layer({ url })

/** "a+" is a payment of the customer a, and "a-" one that was declined. */
const take = Effect.fnUntraced(function* (payments: string) {
  const metrics = yield* Recorder.register(PaymentMetrics)
  for (const payment of payments.split(" ")) {
    const outcome = payment.endsWith("+") ? "PAID" : "DECLINED"
    yield* metrics.emit({ _tag: "payment.finished", customer: payment.slice(0, -1), outcome })
  }
  // Otherwise they arrive 250 ms later.
  yield* (yield* MetricsRuntime).flush()
})

const program = Effect.gen(function* () {
  const store = Layer.succeed(EventStore, Context.get(yield* Layer.build(Store), EventStore))
  const Till = Recorder.layer("till").pipe(
    Layer.provideMerge(MetricsLayer.layerInProcess({ namespace, logging: "silent", stream: { store } }))
  )
  const Aggregator = MetricsStream.layer({ namespace, metrics: [PaymentMetrics], store })
  const shown = Effect.gen(function* () {
    const { foldNow, report } = yield* MetricsStream
    yield* foldNow
    const { ended, recorders } = yield* report
    const snapshots = Object.values(recorders.till?.snapshots ?? {})
    return { ended, ...Object.fromEntries(snapshots.map(({ dimensions, name }) => [name, dimensions])) }
  })

  const one = yield* Layer.build(Layer.fresh(Till))
  yield* Effect.scoped(
    Effect.gen(function* () {
      const other = yield* Layer.build(Layer.fresh(Till))
      yield* Effect.provide(take("ann+ bob- bob- bob+"), one)
      yield* Effect.provide(take("cid- ann+"), other)
      yield* Effect.flatMap(Effect.provide(shown, Aggregator), Console.log)
      yield* Effect.provide(take("cid- cid- cid- dee+"), other)
    })
  )
  // The other till has closed. Its payments stay counted.
  yield* Effect.provide(take("dee- ann+"), one)
  yield* Console.log(JSON.stringify(yield* Effect.provide(shown, Layer.fresh(Aggregator))))
})

NodeRuntime.runMain(Effect.scoped(program))
