/** Makes the primary of a cluster write the counts of its processes to a store, until its scope closes. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Telling } from "../link/toldStore.ts"
import type { MergedRuntimeOptions } from "../merging/mergedRuntime.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { MetricsStoreError } from "../model/exportErrors.ts"
import type { Log } from "../recorder/logging.ts"
import { openStates } from "../store/openStore.ts"
import { storeModule } from "../store/storeModule.ts"
import { endsWithin, sleepInBackground, withLiveClock } from "../util/liveClock.ts"
import type { PrimaryProcess } from "./primary.ts"
import { StoreWriter } from "./storeWriter.ts"

interface StoringOptions {
  readonly primary: PrimaryProcess
  /** How long to wait for the processes, in milliseconds. */
  readonly timeout: number
  readonly metrics: ReadonlyArray<Metric.Any>
  readonly log: Log
}

/** The time limit of the last write, in milliseconds. Half of it is for the processes. */
const EndsWithin = 10_000

export const storing = Effect.fnUntraced(function* (
  options: StoringOptions
): Effect.fn.Return<Pick<MergedRuntimeOptions, "storeStats" | "tellStore">, never, Scope.Scope> {
  const { log, metrics, primary, timeout } = options
  const scope = yield* Effect.scope
  let place: string | undefined
  let writer: StoreWriter | undefined
  const refused = (store: string, reason: string) => new MetricsStoreError({ store, operation: "open", reason })

  const begin = Effect.fnUntraced(function* (
    telling: Telling,
    onFlush: Parameters<NonNullable<MergedRuntimeOptions["tellStore"]>>[1]
  ): Effect.fn.Return<StoreWriter, MetricsStoreError> {
    const { intervalMillis, namespace, own, place, store: settings } = telling
    const opened = settings === undefined ? own : storeModule(settings.url, settings.settings)
    if (opened === undefined) {
      return yield* refused(place, "there is none. Name one, such as RedisStore.make({ url })")
    }
    const store = yield* Scope.provide(openStates(opened), scope)
    const parts = (hasEnded: boolean) => primary.parts(hasEnded ? Math.min(timeout, EndsWithin / 2) : timeout)
    const accepted = (): number => primary.accepted
    const made = new StoreWriter({ store, namespace, intervalMillis, metrics, parts, accepted })
    const turn = yield* Semaphore.make(1)
    const write = (hasEnded: boolean) => turn.withPermits(1)(made.write(hasEnded))
    onFlush({ name: `store ${place}`, flush: write(false) })
    yield* Scope.addFinalizer(
      scope,
      Effect.catch(endsWithin(EndsWithin)(write(true)), ({ message }) =>
        log.failure(`the counts were not written at shutdown: ${message}`)
      )
    )
    const tried = Effect.suspend(() => {
      const wasFailing = made.stats.failure !== undefined
      return Effect.catch(write(false), ({ message }) =>
        wasFailing
          ? Effect.void
          : log.warning(`the counts could not be written to the store ${place}: ${message}. The next write retries`)
      )
    })
    yield* Effect.forkIn(
      Effect.forever(Effect.andThen(tried, withLiveClock(sleepInBackground(Duration.millis(intervalMillis))))),
      scope
    )
    return made
  })

  return {
    storeStats: () => writer?.stats,
    tellStore: (telling, onFlush) =>
      Effect.suspend(() => {
        if (place !== undefined && place !== telling.place) {
          return Effect.fail(
            refused(telling.place, `the runtime already writes to the store ${place}, and can write to only one`)
          )
        }
        if (place !== undefined) return Effect.void
        place = telling.place
        return Effect.matchEffect(begin(telling, onFlush), {
          onSuccess: (begun) => {
            writer = begun
            return Effect.void
          },
          onFailure: (error) => {
            place = undefined
            return Effect.fail(error)
          }
        })
      })
  }
})
