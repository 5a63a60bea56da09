// Finds the mail address of a customer. It is loaded once, then cached.
import { Context, Effect, Layer } from "effect"
import { Recorder } from "mvx-metrics"
import { AccountMetrics } from "./accounts.metrics.ts"
import { Cache } from "./library/cache.ts"

export class Accounts extends Context.Service<
  Accounts,
  { readonly addressOf: (id: string) => Effect.Effect<string> }
>()("example/Accounts") {
  static readonly layer = Layer.effect(
    Accounts,
    Effect.gen(function* () {
      const metrics = yield* Recorder.register(AccountMetrics)
      const cache = yield* Cache
      const load = (id: string) => Effect.as(metrics.emit({ _tag: "account.loaded", id }), `${id}@example.com`)
      return Accounts.of({ addressOf: (id) => cache.get(id, load(id)) })
    })
  )
}
