// Five services, two of them from a library, each with metrics of its own: once with one recorder that all of them share,
// once with a recorder each. The application names no metric and no module of metrics.
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import { Accounts } from "./accounts.ts"
import { Cache } from "./library/cache.ts"
import { Mailer } from "./library/mailer.ts"
import { Orders } from "./orders.ts"
import { Payments } from "./payments.ts"

/** The services, each with the recorder of this id. Services that name the same one share it. */
const services = (recorderOf: (service: string) => string) => {
  const recorder = (service: string) => Layer.provide(Recorder.layer(recorderOf(service)))
  return Orders.layer.pipe(
    recorder("orders"),
    Layer.provide(Accounts.layer.pipe(recorder("accounts"))),
    Layer.provide(Cache.layer.pipe(recorder("cache"))),
    Layer.provide(Payments.layer.pipe(recorder("payments"))),
    Layer.provide(Mailer.layer.pipe(recorder("mailer")))
  )
}

/** Places six orders, of which one is refused. Then reads every recorder. */
const program = Effect.gen(function* () {
  const orders = yield* Orders
  yield* orders.place("ada", 10)
  yield* orders.place("bob", 20)
  yield* orders.place("ada", 30)
  yield* Effect.ignore(orders.place("ada", 200))
  yield* orders.place("bob", 40)
  yield* orders.place("eve", 50)
  const runtime = yield* MetricsRuntime
  const reports: { [recorderId: string]: unknown } = {}
  for (const id of yield* runtime.recorderIds) reports[id] = yield* (yield* runtime.getRecorder(id)).snapshots
  return reports
})

const main = Effect.gen(function* () {
  const shared = yield* Effect.provide(
    program,
    services(() => "shop")
  )
  const apart = yield* Effect.provide(
    program,
    services((service) => service)
  )
  yield* Console.log(JSON.stringify({ shared, apart }))
})

main.pipe(Effect.provide(MetricsLayer.layerWorker({ namespace: "example.metrics" })), NodeRuntime.runMain)
