import { Context, Effect, Layer } from "effect"
import { Recorder } from "mvx-metrics"
import { MailMetrics } from "./mailer.metrics.ts"

export class Mailer extends Context.Service<
  Mailer,
  { readonly send: (to: string, text: string) => Effect.Effect<void> }
>()("library/Mailer") {
  static readonly layer = Layer.effect(
    Mailer,
    Effect.gen(function* () {
      const metrics = yield* Recorder.register(MailMetrics)
      return Mailer.of({
        // The mail goes nowhere: this is an example.
        send: (_to, text) => metrics.emit({ _tag: "mail.sent", bytes: new TextEncoder().encode(text).length })
      })
    })
  )
}
