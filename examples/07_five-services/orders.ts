// Places an order: charges the customer, then confirms by mail.
import { Context, Duration, Effect, Exit, Layer } from "effect"
import { Recorder } from "mvx-metrics"
import { Accounts } from "./accounts.ts"
import { Mailer } from "./library/mailer.ts"
import { OrderMetrics } from "./orders.metrics.ts"
import { type PaymentRefused, Payments } from "./payments.ts"

export class Orders extends Context.Service<
  Orders,
  { readonly place: (customer: string, amount: number) => Effect.Effect<void, PaymentRefused> }
>()("example/Orders") {
  static readonly layer = Layer.effect(
    Orders,
    Effect.gen(function* () {
      const metrics = yield* Recorder.register(OrderMetrics)
      const accounts = yield* Accounts
      const payments = yield* Payments
      const mailer = yield* Mailer
      return Orders.of({
        place: Effect.fn("Orders.place")(
          function* (customer: string, amount: number) {
            const address = yield* accounts.addressOf(customer)
            yield* payments.charge(amount)
            yield* mailer.send(address, `Thank you for your order of ${amount} EUR.`)
          },
          metrics.track((exit, { duration }) => ({
            _tag: "order.placed",
            outcome: Exit.isSuccess(exit) ? "SUCCESS" : "FAILURE",
            seconds: Duration.toSeconds(duration)
          }))
        )
      })
    })
  )
}
