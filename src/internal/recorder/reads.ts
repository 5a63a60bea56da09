/** Reads a recorder. Each read is a command in the stream, after every event accepted before it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { LaneLink, Link } from "../link/link.ts"
import { isSame } from "../metric/definition/fingerprint.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { SeriesFilter } from "../metric/definition/seriesFilter.ts"
import type { Report, Snapshot, Snapshots, States } from "../metric/definition/snapshot.ts"
import { isMetricSet } from "../metric/metricSet.ts"
import { refuse } from "../model/optionChecks.ts"
import type { ReadError } from "../model/recorderErrors.ts"
import type { Stats } from "../model/stats.ts"
import type { ReadCommand } from "../stream/commands.ts"
import type { LargestRead, ShownRead, StateRead } from "../stream/foldMessages.ts"
import { millisOf } from "../util/timing.ts"
import { type Answer, byName, type Definitions, ofMetrics, snapshotsOf, statesOf } from "./answers.ts"
import { Deltas } from "./deltaReader.ts"
import type { Log } from "./logging.ts"
import { type SnapshotOptions, whyNotSnapshot } from "./options.ts"
import { PendingReads, type Waiting } from "./pendingReads.ts"
import type { OfMetric, Registrations } from "./registrations.ts"
import type { DeltaReader, SnapshotError } from "./service.ts"
import { type Awaited, CurrentWaitTimeout, waitTimedOut } from "./waitTimeout.ts"
import { whenStuck } from "./whenStuck.ts"
import { type Refusing, whyNotBetweenChanges, whyNotReadBy, whyUnreadable } from "./whyUnreadable.ts"

/** The recorder that is read. */
interface Readable extends Awaited, Refusing {
  readonly config: Awaited["config"] & { readonly entityId: string; readonly link: Pick<Link, "durable" | "probe"> }
  readonly laneLink: LaneLink
  readonly registrations: Registrations
  readonly log: Log
}

export const statsOf = ({ intake, lifecycle }: Pick<Readable, "intake" | "lifecycle">): Stats => ({
  state: lifecycle.state,
  ...intake.stats()
})

/** What is requested, and how. */
interface Question {
  readonly what: ReadCommand["what"]
  readonly names?: ReadonlyArray<string>
  readonly labels?: SeriesFilter
  readonly maxSeries?: number
  /** For an exporter, whose own caller is waiting. */
  readonly promptly?: boolean
  /** The operation that waits. Default: a read. */
  readonly operation?: "read" | "flush"
}

export class RecorderReads {
  /** Reads that the fold has not answered. */
  readonly pending = new PendingReads()
  readonly #recorder: Readable
  readonly #mostMillis: number
  /** Delta readers that are still in use, if metrics may continue from an earlier state. */
  #deltas: Set<WeakRef<Deltas>> | undefined

  constructor(recorder: Readable) {
    this.#recorder = recorder
    this.#mostMillis = millisOf(recorder.config.waitTimeout)
  }

  get report(): Effect.Effect<Report, ReadError> {
    return this.#ask<Snapshot, Report>({ what: "snapshots" }, ({ at, read, sequence }) => {
      const { entityId, recorderId } = this.#recorder.config
      const stats = statsOf(this.#recorder)
      const report = { recorderId, entityId, at, sequence, snapshots: byName(read), stats }
      return this.#inspected(report, "the report", sequence)
    })
  }

  get snapshots(): Effect.Effect<Snapshots, ReadError> {
    return this.#ask<Snapshot, Snapshots>({ what: "snapshots" }, ({ read, sequence }) =>
      this.#inspected(byName(read), "all metrics", sequence)
    )
  }

  #inspected<A>(value: A, what: string, sequence: number): Effect.Effect<A> {
    return this.#recorder.log.inspected(value, () => `read ${what} up to event ${sequence}`)
  }

  snapshot(given: Metric.Any | Metric.MetricSet, options?: SnapshotOptions): Effect.Effect<never, SnapshotError> {
    return Effect.withFiber((fiber) => {
      const { log, registrations } = this.#recorder
      const isSet = isMetricSet(given)
      const metrics = isSet ? given.metrics : [given]
      const refusal = registrations.whyNotAll(metrics) ?? whyNotSnapshot(metrics, options)
      if (refusal !== undefined) return refuse(refusal)
      const names = metrics.map(({ name }) => name)
      return this.#askBy<Snapshot, never, SnapshotError>(
        fiber,
        { what: "snapshots", names, ...(options?.labels && { labels: { ...options.labels } }) },
        ({ definitions, read, sequence }) => {
          // Another definition may have had its name at the time of this read.
          const replaced = metrics.find((metric) => {
            const read = definitions.get(metric.name)
            return read === undefined || !isSame(read, metric)
          })
          if (replaced !== undefined) return Effect.fail(registrations.notRegistered(replaced))
          const what = () => `read the metric${names.length > 1 ? "s" : ""} ${names.join(", ")} up to event ${sequence}`
          return log.inspected((isSet ? snapshotsOf(given, byName(read)) : read[0]) as never, what)
        }
      )
    })
  }

  get states(): Effect.Effect<States, ReadError> {
    return Effect.map(this.#stateReads("the states"), statesOf)
  }

  /** The same for processes that add up counts. */
  get counted(): Effect.Effect<ReadonlyArray<OfMetric<StateRead>>, ReadError> {
    return this.#stateReads("what was counted", "counted")
  }

  #stateReads(
    said: string,
    what: "states" | "counted" = "states"
  ): Effect.Effect<ReadonlyArray<OfMetric<StateRead>>, ReadError> {
    return this.#ask<StateRead, ReadonlyArray<OfMetric<StateRead>>>({ what }, (answer) =>
      this.#recorder.log.inspected(
        ofMetrics(answer, ({ name }) => name),
        () => `read ${said}`
      )
    )
  }

  get deltaReader(): Effect.Effect<DeltaReader> {
    return Effect.suspend(() => {
      const deltas = new Deltas(this.#stateReads("what is new"))
      // Otherwise no metric continues from an earlier state.
      if (this.#recorder.config.link.durable === undefined) return Effect.succeed(deltas.reader)
      this.#deltas ??= new Set()
      this.#deltas.add(new WeakRef(deltas))
      return Effect.as(deltas.begin, deltas.reader)
    })
  }

  /**
   * Metrics were registered and the fold has been informed: delta readers start from what the metrics have continued
   * from.
   */
  get registered(): Effect.Effect<void> {
    const deltas = this.#deltas
    if (deltas === undefined) return Effect.void
    const begin = (each: WeakRef<Deltas>): Effect.Effect<void> => {
      const found = each.deref()
      if (found === undefined) deltas.delete(each)
      return found?.begin ?? Effect.void
    }
    return Effect.forEach(deltas, begin, { discard: true })
  }

  /** Completes when every event accepted before is folded. That is when a read of nothing is answered. */
  get flush(): Effect.Effect<void, ReadError> {
    return Effect.withFiber((fiber) => {
      const refusal = whyNotReadBy(fiber, this.#recorder)
      if (refusal !== undefined) return Effect.fail(refusal)
      const { accepted, pending } = this.#recorder.intake
      const flushed = this.#recorder.log.inspected(undefined, () => `flushed up to event ${accepted}`)
      if (pending === 0) return flushed
      return this.#ask<never, void>({ what: "snapshots", names: [], operation: "flush" }, () => flushed)
    })
  }

  /** Completes when every event accepted before has been dispatched. */
  get handedOver(): Effect.Effect<void, ReadError> {
    const { intake } = this.#recorder
    return Effect.withFiber((fiber) =>
      this.#wait(
        fiber,
        (request) => {
          intake.afterAccepted(() => this.pending.answer(request, []))
          intake.flush()
        },
        {},
        () => Effect.void
      )
    )
  }

  /** What all metrics show, and since when. */
  get shown(): Effect.Effect<ReadonlyArray<OfMetric<ShownRead>>, ReadError> {
    return this.#readFor("an exporter", { what: "shown", promptly: true })
  }

  /** What all metrics show, with their largest series only. */
  largest(maxSeries: number): Effect.Effect<ReadonlyArray<OfMetric<LargestRead>>, ReadError> {
    return this.#readFor("the live page", { what: "largest", promptly: true, maxSeries })
  }

  #readFor<A extends { readonly snapshot: Snapshot }>(
    whom: string,
    question: Question
  ): Effect.Effect<ReadonlyArray<OfMetric<A>>, ReadError> {
    return this.#ask<A, ReadonlyArray<OfMetric<A>>>(question, (answer) =>
      this.#recorder.log.inspected(
        ofMetrics(answer, ({ snapshot }) => snapshot.name),
        () => `read all metrics for ${whom}`
      )
    )
  }

  /**
   * Sends a request to the fold, after every event accepted until now, and continues with its answer. Reads are rare,
   * so all of this runs cold, and its time depends on the number of steps. It therefore uses no generator, and a plain
   * call wherever an Effect step can be avoided.
   */
  #ask<A, B, E = never>(
    question: Question,
    then: (answer: Answer<A>) => Effect.Effect<B, E>
  ): Effect.Effect<B, E | ReadError> {
    return Effect.withFiber((fiber) => this.#askBy(fiber, question, then))
  }

  #askBy<A, B, E>(
    fiber: Fiber.Fiber<unknown, unknown>,
    question: Question,
    then: (answer: Answer<A>) => Effect.Effect<B, E>
  ): Effect.Effect<B, E | ReadError> {
    const refusal = whyNotReadBy(fiber, this.#recorder)
    if (refusal !== undefined) return Effect.fail(refusal)
    const { labels, maxSeries, names, what } = question
    const { intake, laneLink, registrations } = this.#recorder
    // The fold wakes up, and folds what it has, while the request is prepared.
    laneLink.writer.publish(true)
    const at = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
    const sequence = intake.accepted
    let definitions: Definitions | undefined
    const send = (request: number): void =>
      intake.afterAccepted(() => {
        definitions = registrations.cut
        laneLink.send({ _tag: "Read", request, what, now: at, names, labels, maxSeries })
      })
    return this.#wait<A, B, E>(fiber, send, question, (read) => then({ at, sequence, definitions: definitions!, read }))
  }

  #wait<A, B, E>(
    fiber: Fiber.Fiber<unknown, unknown>,
    send: (request: number) => void,
    { operation = "read", promptly = false }: Partial<Question>,
    then: (read: ReadonlyArray<A>) => Effect.Effect<B, E>
  ): Effect.Effect<B, E | ReadError> {
    const { accepted } = this.#recorder.intake
    return this.pending.ask(fiber, send, () => this.#waiting(fiber, operation, promptly, accepted), then)
  }

  #waiting(
    fiber: Fiber.Fiber<unknown, unknown>,
    operation: "read" | "flush",
    promptly: boolean,
    sequence: number
  ): Waiting {
    const { config } = this.#recorder
    const own = fiber.getRef(CurrentWaitTimeout)
    const timeout = promptly ? "1 second" : (own ?? config.waitTimeout)
    return {
      most: own === undefined ? this.#mostMillis : millisOf(own),
      late: () => waitTimedOut(this.#recorder, operation, timeout, sequence),
      watch: promptly ? (giveUp: () => void) => whenStuck(this.#recorder, giveUp) : undefined
    }
  }

  /** The fold waits for a consumer of changes, so reads for which this same fiber waits would never end. */
  failFor(consumer: Fiber.Fiber<unknown, unknown>): void {
    this.pending.failFor(consumer, whyNotBetweenChanges(this.#recorder))
  }

  /** Fails the waiting reads if the recorder can no longer be read. */
  failIfUnreadable(): void {
    const refusal = whyUnreadable(this.#recorder)
    if (refusal !== undefined) this.pending.failAll(refusal)
  }
}
