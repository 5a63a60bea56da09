/** An aggregator that runs until its scope closes, even if the store fails meanwhile. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { MetricsStoreError } from "../model/exportErrors.ts"
import type { Log } from "../recorder/logging.ts"
import { messageOf } from "../util/describeError.ts"
import { giveUpAfter, sleepInBackground, withLiveClock } from "../util/liveClock.ts"
import { Aggregator, type AggregatorOptions } from "./aggregator.ts"

export interface RunningOptions extends AggregatorOptions {
  readonly intervalMillis: number
  readonly log: Log
}

/**
 * The current counts of an aggregator.
 *
 * @category models
 * @since 0.2.0
 */
export interface AggregatorStats {
  /** The number of sources that it folds. */
  readonly sources: number
  /** The number of batches that it has folded and committed. */
  readonly batches: number
  /** The number of failed rounds, and why the last round failed, if it did. */
  readonly failures: number
  readonly failure: string | undefined
}

export interface RunningAggregator {
  /** One more round, after the current one. */
  readonly round: Effect.Effect<void, MetricsStoreError>
  readonly stats: () => AggregatorStats
}

/** The time limit for leaving the membership. If leaving fails, the others notice when the lease expires. */
const LeavesWithin = "1 second"

export const runAggregator = Effect.fnUntraced(function* (
  options: RunningOptions
): Effect.fn.Return<RunningAggregator, never, Scope.Scope> {
  const { intervalMillis, log } = options
  const aggregator = new Aggregator(options)
  const turn = yield* Semaphore.make(1)
  const round = turn.withPermits(1)(
    withLiveClock(aggregator.round).pipe(
      // A defect that ended the fiber would silently end all folding.
      Effect.catchDefect((defect) =>
        Effect.fail(new MetricsStoreError({ store: options.store.place, operation: "fold", reason: messageOf(defect) }))
      )
    )
  )
  let failures = 0
  let failure: string | undefined
  const tried = Effect.matchEffect(round, {
    onSuccess: () => {
      const wasFailing = failure !== undefined
      failure = undefined
      return wasFailing ? log.notice("the store of events can be used again") : Effect.void
    },
    onFailure: ({ message }) => {
      const isNew = failure === undefined
      failures++
      failure = message
      return isNew ? log.warning(`events could not be folded: ${message}. The next round retries`) : Effect.void
    }
  })
  // Whatever is outside the program uses the real clock.
  yield* Effect.forever(Effect.andThen(tried, sleepInBackground(Duration.millis(intervalMillis)))).pipe(
    withLiveClock,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() => giveUpAfter(LeavesWithin)(Effect.ignore(aggregator.leave)))
  return {
    round,
    stats: () => ({ sources: aggregator.sources.length, batches: aggregator.batches, failures, failure })
  }
})
