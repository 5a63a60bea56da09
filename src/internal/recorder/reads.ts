/**
 * Reading a recorder: each read is a command in the stream, behind every event accepted before it.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { LaneLink, Link } from "../link/link.ts"
import { isSame } from "../metric/definition/fingerprint.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { Report, Snapshot, Snapshots, States } from "../metric/definition/snapshot.ts"
import { stateOf } from "../metric/definition/stateShape.ts"
import { isMetricSet, metricsOf } from "../metric/metricSet.ts"
import type { InvalidState, ReadError } from "../model/errors.ts"
import { refuse } from "../model/optionChecks.ts"
import type { Stats } from "../model/stats.ts"
import type { LaneCommand, LargestRead, ShownRead, StateRead } from "../stream/protocol.ts"
import { afterwards } from "../util/liveClock.ts"
import { deltaReaderOf } from "./deltaReader.ts"
import { currentHook, type Hook } from "./hookGuard.ts"
import type { Intake } from "./intake.ts"
import type { RecorderLifecycle } from "./lifecycle.ts"
import type { Log } from "./logging.ts"
import { PendingReads } from "./pendingReads.ts"
import type { OfMetric, Registrations } from "./registrations.ts"
import type { DeltaReader, SnapshotError } from "./service.ts"
import { waitTimedOut } from "./waitTimeout.ts"

/** The recorder that is read. */
export interface Readable {
  readonly config: {
    readonly recorderId: string
    readonly entityId: string
    readonly waitTimeout: Duration.Input
    readonly link: Pick<Link, "probe">
  }
  readonly lane: LaneLink
  readonly intake: Intake
  readonly lifecycle: RecorderLifecycle
  readonly registrations: Registrations
  readonly log: Log
  /** Has the fiber that the fold waits for, because it consumes changes. */
  readonly hub: { readonly slowConsumer: Fiber.Fiber<unknown, unknown> | undefined }
}

export const statsOf = ({ intake, lifecycle }: Pick<Readable, "intake" | "lifecycle">): Stats => ({
  state: lifecycle.state,
  ...intake.stats()
})

type Definitions = ReadonlyMap<string, Metric.Any>

/** What the fold answered, and the definitions that it had then, by name. */
interface Answer<A> {
  readonly definitions: Definitions
  readonly read: ReadonlyArray<A>
}

const ofMetrics = <A>({ definitions, read }: Answer<A>, nameOf: (each: A) => string): ReadonlyArray<OfMetric<A>> =>
  read.map((each) => ({ ...each, metric: definitions.get(nameOf(each))! }))

/** As they are given to others. */
export const statesOf = (read: ReadonlyArray<OfMetric<StateRead>>): States =>
  Object.fromEntries(read.map(({ metric, name, state }) => [name, stateOf(metric, state)]))

/** The snapshot of a metric, or those of a set by name, as the overloads of `snapshot` have it. */
export const snapshotsOf = (given: Metric.Any | Metric.MetricSet, all: Snapshots): never =>
  (isMetricSet(given)
    ? Object.fromEntries(given.metrics.map(({ name }) => [name, all[name]]))
    : all[given.name]) as never

export class RecorderReads {
  readonly #recorder: Readable
  readonly #pending = new PendingReads()

  constructor(recorder: Readable) {
    this.#recorder = recorder
  }

  get report(): Effect.Effect<Report, ReadError> {
    return Effect.map(this.#reported("the report"), ({ report }) => report)
  }

  /** A report of all metrics, or of those named, with the definitions that its snapshots are of. */
  #reported(
    what: string,
    names?: ReadonlyArray<string>
  ): Effect.Effect<{ readonly report: Report; readonly definitions: Definitions }, ReadError> {
    return Effect.gen({ self: this }, function* () {
      const { config, intake, log } = this.#recorder
      const { entityId, recorderId } = config
      const at = yield* Clock.currentTimeMillis
      yield* this.#refuse
      const sequence = intake.accepted
      const { definitions, read } = yield* this.#ask<Snapshot>("snapshots", at, names && { names })
      const snapshots = Object.fromEntries(read.map((snapshot) => [snapshot.name, snapshot]))
      yield* log.inspection(`read ${what} up to event ${sequence}`)
      return { report: { recorderId, entityId, at, sequence, snapshots, stats: statsOf(this.#recorder) }, definitions }
    })
  }

  get snapshots(): Effect.Effect<Snapshots, ReadError> {
    return Effect.map(this.#reported("all metrics"), ({ report }) => report.snapshots)
  }

  snapshot(given: Metric.Any | Metric.MetricSet): Effect.Effect<never, SnapshotError> {
    return Effect.gen({ self: this }, function* () {
      const { registrations } = this.#recorder
      const metrics = metricsOf(given)
      yield* refuse(registrations.whyNotAll(metrics))
      const names = metrics.map(({ name }) => name)
      const what = `the metric${metrics.length > 1 ? "s" : ""} ${names.join(", ")}`
      const { definitions, report } = yield* this.#reported(what, names)
      // Another one may have had its name when it was the turn of this read.
      const replaced = metrics.find((metric) => {
        const read = definitions.get(metric.name)
        return read === undefined || !isSame(read, metric)
      })
      if (replaced !== undefined) return yield* registrations.notRegistered(replaced)
      return snapshotsOf(given, report.snapshots)
    })
  }

  get states(): Effect.Effect<States, ReadError> {
    return Effect.map(this.#stateReads("the states"), statesOf)
  }

  #stateReads(what: string): Effect.Effect<ReadonlyArray<OfMetric<StateRead>>, ReadError> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      yield* this.#refuse
      const read = yield* this.#ask<StateRead>("states", now)
      yield* this.#recorder.log.inspection(`read ${what}`)
      return ofMetrics(read, ({ name }) => name)
    })
  }

  get deltaReader(): Effect.Effect<DeltaReader> {
    return Effect.sync(() => deltaReaderOf(this.#stateReads("what is new")))
  }

  /** Done when every event accepted before has left for the fold. */
  get handedOver(): Effect.Effect<void, ReadError> {
    const { intake } = this.#recorder
    return Effect.asVoid(this.#wait((request) => intake.afterAccepted(() => this.answer(request, []))))
  }

  get isReadable(): boolean {
    return this.#whyNot() === undefined
  }

  get #refuse(): Effect.Effect<void, ReadError> {
    return Effect.gen({ self: this }, function* () {
      const { hub, lifecycle } = this.#recorder
      const consumes = yield* Effect.withFiber((fiber) => Effect.succeed(fiber === hub.slowConsumer))
      const refusal =
        this.#whyNot() ??
        this.whyNotInHook(yield* currentHook(lifecycle)) ??
        (consumes ? this.#whyNotBetweenChanges() : undefined)
      if (refusal !== undefined) return yield* refusal
    })
  }

  /** What all metrics show, with the time since when. */
  get shown(): Effect.Effect<ReadonlyArray<OfMetric<ShownRead>>, ReadError> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      yield* this.#refuse
      const read = yield* this.#ask<ShownRead>("shown", now, { promptly: true })
      yield* this.#recorder.log.inspection("read all metrics for an exporter")
      return ofMetrics(read, ({ snapshot }) => snapshot.name)
    })
  }

  /** What all metrics show, with their largest series only. */
  largest(maxSeries: number): Effect.Effect<ReadonlyArray<OfMetric<LargestRead>>, ReadError> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      yield* this.#refuse
      const read = yield* this.#ask<LargestRead>("largest", now, { promptly: true, maxSeries })
      yield* this.#recorder.log.inspection("read the largest series for the live page")
      return ofMetrics(read, ({ snapshot }) => snapshot.name)
    })
  }

  #ask<A>(
    what: Extract<LaneCommand, { readonly _tag: "Read" }>["what"],
    now: number,
    {
      promptly = false,
      ...more
    }: { readonly promptly?: boolean; readonly maxSeries?: number; readonly names?: ReadonlyArray<string> } = {}
  ): Effect.Effect<Answer<A>, ReadError> {
    const { intake, lane, registrations } = this.#recorder
    return Effect.suspend(() => {
      let definitions: Definitions = new Map()
      const read = this.#wait<A>(
        (request) =>
          intake.afterAccepted(() => {
            definitions = registrations.cut
            lane.send({ _tag: "Read", request, what, now, ...more })
          }),
        promptly
      )
      return Effect.map(read, (all) => ({ definitions, read: all }))
    })
  }

  #wait<A>(send: (request: number) => void, promptly = false): Effect.Effect<ReadonlyArray<A>, ReadError> {
    return Effect.suspend(() => {
      const { config, intake, lane } = this.#recorder
      const { recorderId, waitTimeout } = config
      const sequence = intake.accepted
      return this.#pending.ask<A>(
        send,
        () => lane.hold(),
        waitTimeout,
        () => waitTimedOut(recorderId, "read", promptly ? "1 second" : waitTimeout, sequence, intake),
        (giveUp) => (promptly ? this.#whenStuck(giveUp) : () => {})
      )
    })
  }

  /**
   * Runs `giveUp` about a second after the fold has fallen silent, or has gone on without folding anything of this
   * recorder, which waits for a hook or a listener then. An exporter answers somebody who waits. Costs a timer, unless
   * the read is slow.
   */
  #whenStuck(giveUp: () => void): () => void {
    const { config, intake } = this.#recorder
    const { probe } = config.link
    const folded = (): number => {
      intake.lookAtFold()
      return intake.folded
    }
    const stuck: Effect.Effect<void, unknown> = Effect.suspend(() => {
      const before = folded()
      return Effect.andThen(Effect.andThen(probe, Effect.sleep("700 millis")), () =>
        folded() === before ? Effect.void : stuck
      )
    })
    let stop = afterwards("300 millis", () => {
      const fiber = Effect.runFork(Effect.andThen(Effect.exit(stuck), Effect.sync(giveUp)))
      stop = () => fiber.interruptUnsafe()
    })
    return () => stop()
  }

  #whyNot(): ReadError | undefined {
    const { intake, lifecycle } = this.#recorder
    const { failure, removed } = lifecycle
    if (removed) return lifecycle.invalidState("be read", "Its state went with it: read before removing it")
    // A stop that failed has folded everything first: then the state is all there.
    return failure !== undefined && (failure.foldLost || intake.pending > 0) ? failure.error : undefined
  }

  /** The fold waits for a consumer of changes: the reads that this fiber waits for itself would have no end. */
  failFor(consumer: Fiber.Fiber<unknown, unknown>): void {
    this.#pending.failFor(consumer, this.#whyNotBetweenChanges())
  }

  #whyNotBetweenChanges(): InvalidState {
    const hint = "The fold waits for the consumer, and the read for the fold. A change carries its snapshot"
    return this.#recorder.lifecycle.invalidState("be read between two of its changes while more of them wait", hint)
  }

  /** Why a read would wait for this hook of the recorder, which waits for the read. */
  whyNotInHook(hook: Hook | undefined): InvalidState | undefined {
    const { intake, lifecycle } = this.#recorder
    if (hook === "onMetricChanged" || (hook === "onStarting" && intake.pending > 0)) {
      const hint = "The fold waits for the hook, and a read for the fold. A change carries its snapshot"
      return lifecycle.invalidState(`be read inside its own hook ${hook}`, hint)
    }
    return undefined
  }

  /** The fold has answered. */
  answer(request: number, read: ReadonlyArray<unknown>): void {
    this.#pending.answer(request, read)
  }

  /** The recorder can be read no more, if that is so: then those who wait hear of it. */
  failIfUnreadable(): void {
    const refusal = this.#whyNot()
    if (refusal !== undefined) this.#pending.failAll(refusal)
  }
}
