/**
 * The worker process's side: it reports the states of all recorders of a runtime to the primary, at intervals and on
 * request, and the last states of removed recorders.
 */
import cluster from "node:cluster"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { stateOf } from "../metric/definition/stateShape.ts"
import { InvalidState } from "../model/usageErrors.ts"
import { statesOf } from "../recorder/answers.ts"
import { Log } from "../recorder/logging.ts"
import { internalsOf, type Source } from "../runtime/internals.ts"
import type { RuntimeService } from "../runtime/service.ts"
import { listening } from "../util/listeners.ts"
import { giveUpAfter, withLiveClock } from "../util/liveClock.ts"
import { oncePer } from "../util/oncePer.ts"
import { type Part, readFromPrimary, type ToPrimary } from "./messages.ts"

/** How long to wait for a recorder, in milliseconds: usually, and for its last report. */
const Usual = 500
const Last = 10_000

/** A runtime as the primary knows it, however many exporters report it. */
interface Reporting {
  readonly number: number
  /** What is read later is sent later, so that no states overtake newer ones. */
  readonly inTurn: Semaphore.Semaphore
}

let runtimeCount = 0
const reportingOf = oncePer(
  (_: RuntimeService): Reporting => ({ number: runtimeCount++, inTurn: Semaphore.makeUnsafe(1) })
)

/** The recorders whose end was reported to the primary. */
const ended = new WeakSet<Source>()

/**
 * Reports until the scope is closed, and the ends of recorders after that. Does nothing outside a worker process. The
 * primary keeps the counts of ended processes, so a process that continues from a durable state would report them
 * twice.
 */
export const reportToPrimary = Effect.fnUntraced(function* (
  runtime: RuntimeService,
  every: Duration.Input,
  shutdownTimeout: Duration.Input
): Effect.fn.Return<void, InvalidState, Scope.Scope> {
  const { beforeRemoval, isDurable, onFlush } = internalsOf(runtime)
  if (cluster.isWorker && isDurable) {
    return yield* new InvalidState({
      subject: "runtime",
      id: runtime.namespace,
      state: "durable",
      operation: "report to the primary of a cluster",
      hint: "Leave out durable in worker processes: what is restored would be counted twice. The primary keeps the counts of processes that have ended"
    })
  }
  const log = new Log("normal", { namespace: runtime.namespace })
  if (!cluster.isWorker || process.send === undefined) {
    return yield* log.lifecycle("this process is not a worker process of a cluster, so it reports nothing")
  }
  const reporter = new Reporter(runtime, log)
  const context = yield* Effect.context<never>()
  const listen = (message: unknown): void => {
    const read = readFromPrimary(message)
    if (read === "foreign") return
    Effect.runForkWith(context)(
      read === "malformed"
        ? log.warning("a malformed request of the primary is ignored")
        : reporter.answer(read.request, read.within)
    )
  }
  yield* listening(() => beforeRemoval((recorder) => reporter.tellEnded(recorder)))
  yield* listening(() => onFlush({ name: "the primary of the cluster", flush: reporter.report(Last) }))
  yield* Effect.addFinalizer(() =>
    // A primary that is blocked takes nothing from the channel.
    giveUpAfter(shutdownTimeout)(Effect.andThen(reporter.report(Last), reporter.tellClosed))
  )
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("message", listen)),
    () => Effect.sync(() => process.off("message", listen))
  )
  yield* Effect.forkScoped(Effect.repeat(reporter.report(Usual), Schedule.spaced(every)), { startImmediately: true })
})

class Reporter {
  readonly #runtime: RuntimeService
  readonly #reporting: Reporting
  readonly #log: Log
  /** Problems that were logged. */
  readonly #problems = new Set<string>()
  /** Requests that the next report answers. */
  #requests: ReadonlyArray<number> = []

  constructor(runtime: RuntimeService, log: Log) {
    this.#runtime = runtime
    this.#reporting = reportingOf(runtime)
    this.#log = log
  }

  /** Reports the states of all recorders that answer within this many milliseconds. */
  report(within: number): Effect.Effect<void> {
    return this.#reporting.inTurn.withPermit(this.#report(within))
  }

  answer(request: number, within: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#requests = [...this.#requests, request]
      // One report answers all requests that arrive before it begins.
      const answer = Effect.suspend(() => (this.#requests.length === 0 ? Effect.void : this.#report(within)))
      return this.#reporting.inTurn.withPermit(answer)
    })
  }

  readonly #report = Effect.fnUntraced({ self: this }, function* (within: number): Effect.fn.Return<void> {
    const requests = this.#requests
    this.#requests = []
    const recorders = internalsOf(this.#runtime).sources()
    const reads = yield* Effect.forEach(recorders, (recorder) => readPart(recorder, within), {
      concurrency: "unbounded"
    })
    const found = reads.flatMap((part, i) => (part === undefined ? [] : [{ recorder: recorders[i]!, part }]))
    const missing = recorders.length - found.length
    yield* this.#send(() => ({
      _tag: "mvx-metrics/cluster/States",
      source: this.#reporting.number,
      requests,
      parts: found.flatMap(({ part, recorder }) => (ended.has(recorder) ? [] : [part])),
      missing
    }))
  })

  tellEnded(recorder: Source): Effect.Effect<void> {
    return Effect.flatMap(readPart(recorder, Last), (last) =>
      this.#send(() => {
        if (ended.has(recorder)) return undefined
        ended.add(recorder)
        const { instance, recorderId } = recorder
        return { _tag: "mvx-metrics/cluster/Ended", ...(last ?? { instance, recorderId }) }
      })
    )
  }

  get tellClosed(): Effect.Effect<void> {
    return this.#send(() => ({ _tag: "mvx-metrics/cluster/Closed", source: this.#reporting.number }))
  }

  /**
   * Made and sent in one step, so that nothing about a recorder is sent after its last states. Completes when the
   * message is written, so that it outlives the process, and messages do not pile up.
   */
  #send(make: () => ToPrimary | undefined): Effect.Effect<void> {
    return Effect.callback<Error | undefined>((resume) => {
      const message = process.connected ? make() : undefined
      // Without a channel there is no receiver.
      if (message === undefined) return resume(Effect.undefined)
      let refusal: Error | undefined
      const done = (error: Error | null): void => resume(Effect.succeed(refusal ?? error ?? undefined))
      try {
        process.send!(message, undefined, {}, done)
      } catch (error) {
        refusal = error as Error
        process.send!(withoutUnsendable(message), undefined, {}, done)
      }
    }).pipe(
      Effect.flatMap((error) => {
        if (error === undefined || !process.connected || this.#problems.has(error.message)) return Effect.void
        this.#problems.add(error.message)
        return this.#log.warning(
          `a report to the primary was sent without the states that the channel cannot carry: ${error.message}`
        )
      })
    )
  }
}

/** `undefined` if it cannot be read, or not in time. Waiting for something outside the program uses the real clock. */
export const readPart = (
  { counted, instance, recorderId, statsUnsafe }: Source,
  within: number
): Effect.Effect<Part | undefined> =>
  counted.pipe(
    Effect.map((read): Part => {
      const earlier = read.flatMap(({ earlier, former, metric, name }) =>
        earlier === undefined
          ? []
          : [{ [name]: former ? { definition: former, state: earlier } : stateOf(metric, earlier) }]
      )
      const states = statesOf(read.filter(({ former }) => former === undefined))
      return { instance, recorderId, states, ...(earlier.length > 0 && { earlier }), stats: statsUnsafe() }
    }),
    Effect.timeoutOption(within),
    withLiveClock,
    Effect.map(Option.getOrUndefined),
    Effect.catch(() => Effect.succeed(undefined))
  )

/** The message without the states that the channel cannot carry, for example a `bigint`. */
const withoutUnsendable = (message: ToPrimary): ToPrimary => {
  const sendable = (states: Part["states"]): Part["states"] =>
    Object.fromEntries(Object.entries(states).filter(([, state]) => canBeSent(state)))
  const statesIn = ({ earlier, states }: Partial<Part>): Partial<Part> => ({
    ...(states && { states: sendable(states) }),
    ...(earlier && { earlier: earlier.map(sendable) })
  })
  switch (message._tag) {
    case "mvx-metrics/cluster/States":
      return { ...message, parts: message.parts.map((part) => ({ ...part, ...statesIn(part) })) }
    case "mvx-metrics/cluster/Ended":
      return { ...message, ...statesIn(message) }
    case "mvx-metrics/cluster/Closed":
      return message
  }
}

const canBeSent = (state: unknown): boolean => {
  try {
    JSON.stringify(state)
    return true
  } catch {
    return false
  }
}
