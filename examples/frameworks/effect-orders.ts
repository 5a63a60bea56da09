// The application: a service that measures itself, and its routes.
import { Context, Duration, Effect, Exit, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { Recorder } from "mvx-metrics"
import { OrderMetrics } from "./orders.metrics.ts"

interface Order {
  readonly id: string
  readonly items: number
}

/** Stands for a database, in which the orders are numbered. One has so many items that it takes long to read. */
const read = Effect.fnUntraced(function* (id: string): Effect.fn.Return<Order, "not found"> {
  if (!/^\d+$/.test(id)) return yield* Effect.fail("not found" as const)
  const items = Number(id)
  yield* Effect.sleep(items)
  return { id, items }
})

export class Orders extends Context.Service<
  Orders,
  { readonly find: (id: string) => Effect.Effect<Order, "not found"> }
>()("example/Orders") {
  static readonly layer = Layer.effect(
    Orders,
    Effect.gen(function* () {
      const metrics = yield* Recorder.register(OrderMetrics)
      return Orders.of({
        find: Effect.fn("Orders.find")(
          read,
          metrics.track((exit, { duration }) => ({
            _tag: "order.lookup",
            outcome: Exit.isSuccess(exit) ? "FOUND" : "MISSING",
            seconds: Duration.toSeconds(duration)
          }))
        )
      })
    })
  )
}

export const routes = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const orders = yield* Orders
    yield* router.add(
      "GET",
      "/orders/:id",
      Effect.flatMap(HttpRouter.params, ({ id = "" }) => orders.find(id)).pipe(
        Effect.flatMap(HttpServerResponse.json),
        Effect.catch(() => HttpServerResponse.json({ error: "not found" }, { status: 404 }))
      )
    )
  })
)
