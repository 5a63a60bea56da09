// Charges a customer, up to a limit.
import { Context, Effect, Exit, Layer, Schema } from "effect"
import { Recorder } from "mvx-metrics"
import { PaymentMetrics } from "./payments.metrics.ts"

export class PaymentRefused extends Schema.TaggedError<PaymentRefused>()("PaymentRefused", { amount: Schema.Number }) {}

const limit = 100

export class Payments extends Context.Service<
  Payments,
  { readonly charge: (amount: number) => Effect.Effect<void, PaymentRefused> }
>()("example/Payments") {
  static readonly layer = Layer.effect(
    Payments,
    Effect.gen(function* () {
      const metrics = yield* Recorder.register(PaymentMetrics)
      return Payments.of({
        charge: (amount) =>
          (amount <= limit ? Effect.void : new PaymentRefused({ amount })).pipe(
            metrics.onExit((exit) => ({
              _tag: "payment.charge",
              outcome: Exit.isSuccess(exit) ? "SUCCESS" : "FAILURE",
              amount
            }))
          )
      })
    })
  )
}
