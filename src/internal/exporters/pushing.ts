/**
 * Pushes in an interval, and once more at the end.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { PushError } from "../model/errors.ts"
import { Log } from "../recorder/logging.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { atMost, sleepInBackground, within } from "../util/liveClock.ts"
import { type Pushed, push, withoutSecrets } from "./push.ts"
import type { PushingOptions } from "./pushOptions.ts"

/** Pushes until its scope closes, and then once more. Gives a push of the state of now. */
export const pushing = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  { pushInterval = "15 seconds", shutdownTimeout = "3 seconds", ...options }: PushingOptions
): Effect.fn.Return<Effect.Effect<Pushed, PushError>, never, HttpClient.HttpClient | Scope.Scope> {
  const url = withoutSecrets(options.url)
  const log = new Log("normal", { namespace: runtime.namespace })
  const context = yield* Effect.context<HttpClient.HttpClient>()
  const oneAtATime = yield* Semaphore.make(1)
  /** Pushes in a row that did not arrive. */
  let failed = 0

  const pushOnce = Effect.provideContext(push(runtime, options), context)
  const pushNow = oneAtATime.withPermit(pushOnce).pipe(
    Effect.tap(() => {
      const before = failed
      failed = 0
      return before === 0 ? Effect.void : log.notice(`pushes to ${url} arrive again, after ${before} that did not`)
    }),
    Effect.tapError(({ message }) =>
      failed++ > 0 ? Effect.void : log.warning(`${message}. Further failures are not logged until a push arrives`)
    )
  )
  const forget = internalsOf(runtime).onFlush({ name: `push to ${url}`, flush: pushNow })

  const loop = Effect.forever(Effect.andThen(sleepInBackground(pushInterval), Effect.ignore(pushNow)))
  const fiber = yield* Effect.forkScoped(loop)
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      forget()
      // What is on its way is older than what comes now.
      yield* Fiber.interrupt(fiber)
      const last = push(runtime, {
        ...options,
        pushTimeout: atMost(options.pushTimeout ?? "10 seconds", shutdownTimeout)
      })
      yield* Effect.provideContext(last, context).pipe(
        within(shutdownTimeout, () => log.warning(`the last push to ${url} did not end within its time`)),
        Effect.catch(({ message }) => log.warning(`the last push is lost: ${message}`))
      )
    })
  )
  return pushNow
})
