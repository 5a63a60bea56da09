/** Pushes at an interval, and once more at the end. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { SentSeries } from "../formats/prometheus/sentSeries.ts"
import type { PushError } from "../model/exportErrors.ts"
import { refuse } from "../model/optionChecks.ts"
import { internalsOf } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { atMost, sleepInBackground, within } from "../util/liveClock.ts"
import { Outcome } from "./outcome.ts"
import { type Pushed, push, removeGroup, withoutSecrets } from "./push.ts"
import {
  type PushingGroup,
  type PushingOptions,
  type PushingTimes,
  type PushOptions,
  whyInvalidPush
} from "./pushOptions.ts"

/** Pushes until its scope closes, and then once more. Returns a push of the current state. */
export const pushing = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  given: PushingOptions
): Effect.fn.Return<Effect.Effect<Pushed, PushError>, never, HttpClient.HttpClient | Scope.Scope> {
  yield* refuse(whyInvalidPush(given, true))
  const { atEnd, pushInterval = "15 seconds", shutdownTimeout = "3 seconds", ...options } = withEnd(given)
  const { log, onFlush } = internalsOf(runtime)
  const context = yield* Effect.context<HttpClient.HttpClient>()
  const clock = yield* Clock.Clock
  const name = `push to ${withoutSecrets(options.url)}`
  const outcome = new Outcome(name, log, () => clock.currentTimeMillisUnsafe())
  const oneAtATime = yield* Semaphore.make(1)

  const counted = (
    sent: Effect.Effect<Pushed, PushError, HttpClient.HttpClient>,
    isLast: boolean
  ): Effect.Effect<Pushed, PushError> =>
    sent.pipe(
      Effect.provideContext(context),
      Effect.tap(() => outcome.arrived()),
      Effect.tapError((error) => outcome.failed(error, kindOf(error), isLast))
    )
  const sent = options.protocol === "remote-write" ? new SentSeries(options.version ?? "1.0") : undefined
  const pushNow = oneAtATime.withPermit(counted(push(runtime, options, sent), false))
  const forget = onFlush({ name, flush: pushNow, stats: () => outcome.stats })

  const fiber = yield* Effect.forkScoped(
    Effect.forever(Effect.andThen(sleepInBackground(pushInterval), Effect.ignore(pushNow)))
  )
  yield* Effect.addFinalizer(() => {
    const { pushTimeout = "10 seconds" } = options
    const own = { ...options, pushTimeout: atMost(pushTimeout, shutdownTimeout) }
    const isRemoved = atEnd === "delete" && own.protocol !== "remote-write"
    const last = counted(isRemoved ? removeGroup(runtime, own) : push(runtime, own, sent), true)
    return Effect.sync(forget).pipe(
      // A push in progress is older than the current state.
      Effect.andThen(Fiber.interrupt(fiber)),
      Effect.andThen(Effect.ignore(last)),
      within(shutdownTimeout, () => outcome.failed(new Error("it did not end in time"), "timeout", true))
    )
  })
  return pushNow
})

const withEnd = (options: PushingOptions): PushOptions & PushingTimes & PushingGroup => options

/** A short reason why a push failed. */
const kindOf = (error: PushError): string => (error._tag === "mvx-metrics/PushFailed" ? error.kind : "read")
