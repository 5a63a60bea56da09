/**
 * A recorder that folds each event in the call that emits it and answers reads immediately, so that a program with it
 * can run synchronously. It folds like any recorder, but has no queue, no hooks and no thread.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { DirectFold } from "../internal/fold/directFold.ts"
import { ExpositionNames } from "../internal/formats/prometheus/nameRegistry.ts"
import type * as Metric from "../internal/metric/definition/metric.ts"
import type { MetricChange, Report } from "../internal/metric/definition/snapshot.ts"
import { metricsOf } from "../internal/metric/metricSet.ts"
import type { MetricEvent } from "../internal/model/event.ts"
import { refuse } from "../internal/model/optionChecks.ts"
import type { EmitError } from "../internal/model/recorderErrors.ts"
import type { MetricNotRegistered, RegisterError } from "../internal/model/registerErrors.ts"
import type { RecorderState, Stats } from "../internal/model/stats.ts"
import { InvalidArgument, InvalidState } from "../internal/model/usageErrors.ts"
import { snapshotsOf, statesOf } from "../internal/recorder/answers.ts"
import { Deltas } from "../internal/recorder/deltaReader.ts"
import type { ServiceMembers } from "../internal/recorder/internals.ts"
import { serviceOf } from "../internal/recorder/makeService.ts"
import { type RegisterOptions, type SnapshotOptions, whyNotSnapshot } from "../internal/recorder/options.ts"
import { type Registrar, registerMetrics, whyNotReset } from "../internal/recorder/registering.ts"
import { Registrations } from "../internal/recorder/registrations.ts"
import type { RecorderService } from "../internal/recorder/service.ts"
import { wantedOf } from "../internal/recorder/wantedOf.ts"
import { copyOf, whyInvalidEvent } from "../internal/stream/eventWriter.ts"

type Listener = Queue.Queue<MetricChange, Cause.Done>

export class SyncRecorder implements ServiceMembers, Registrar {
  readonly service: RecorderService
  readonly recorderId: string
  readonly entityId: string
  readonly overflow = "fail"
  readonly clock: Clock.Clock
  readonly registrations: Registrations
  readonly #fold = new DirectFold()
  readonly #listeners = new Set<Listener>()
  #state: RecorderState = "Idle"
  #accepted = 0
  #invalid = 0
  #notRunning = 0

  /** `clock` is that of `emitUnsafe`. */
  constructor(id: string, clock: Clock.Clock) {
    this.recorderId = id
    this.entityId = id
    this.clock = clock
    this.registrations = new Registrations(id, undefined, new ExpositionNames())
    this.service = serviceOf(this)
  }

  // --- events

  readonly emit = (event: MetricEvent): Effect.Effect<boolean, EmitError> =>
    Effect.withFiber((fiber) => {
      const refusal = this.#take(fiber.getRef(Clock.Clock), event)
      return refusal === undefined ? Effect.succeed(true) : Effect.fail(refusal)
    })

  readonly emitUnsafe = (event: MetricEvent): boolean => this.emitAt(this.clock, event)

  emitIn(fiber: Fiber.Fiber<unknown, unknown>, event: MetricEvent): boolean {
    return this.emitAt(fiber.getRef(Clock.Clock), event)
  }

  emitAt(clock: Clock.Clock, event: MetricEvent): boolean {
    return this.#take(clock, event) === undefined
  }

  #take(clock: Clock.Clock, event: MetricEvent): EmitError | undefined {
    const at = clock.currentTimeMillisUnsafe()
    const copy = copyOf(event)
    if (copy === undefined) {
      this.#invalid++
      return new InvalidArgument({ argument: "event", reason: whyInvalidEvent(event) ?? "changed" })
    }
    if (this.#state === "Stopped") {
      this.#notRunning++
      return this.#invalidState("take events", "Events are taken from its start to its stop")
    }
    this.#state = "Running"
    this.#accepted++
    const { entityId, recorderId } = this
    for (const change of this.#fold.event(copy, at)) {
      for (const listener of this.#listeners) Queue.offerUnsafe(listener, { recorderId, entityId, ...change })
    }
    return undefined
  }

  // --- metrics

  registerMetrics(given: Metric.Any | Metric.MetricSet, options?: RegisterOptions): Effect.Effect<void, RegisterError> {
    return registerMetrics(this, given, options)
  }

  putMetrics(
    _metrics: ReadonlyArray<Metric.Any>,
    settle: (put: (metric: Metric.Any) => void) => void
  ): Effect.Effect<void> {
    settle((metric) => this.#fold.register(metric))
    return Effect.void
  }

  readonly reset = (metric?: Metric.Any): Effect.Effect<void, MetricNotRegistered | InvalidState> =>
    Effect.suspend(() => {
      const refusal = whyNotReset(this, metric)
      if (refusal !== undefined) return refuse(refusal)
      this.#fold.reset(metric?.name)
      return Effect.void
    })

  readonly metrics = Effect.sync(() => this.metricsUnsafe())

  metricsUnsafe(): ReadonlyArray<Metric.Any> {
    return this.registrations.all
  }

  reads(tag: string): boolean {
    return this.registrations.reads(tag)
  }

  whyClosedForMetrics(): InvalidState | undefined {
    return this.#state === "Stopped"
      ? this.#invalidState("take a metric", "Register metrics while it is idle or running")
      : undefined
  }

  // --- reads

  readonly report: Effect.Effect<Report> = Effect.map(Clock.currentTimeMillis, (at) => {
    const { entityId, recorderId } = this
    const snapshots = this.#fold.snapshots(at)
    return { recorderId, entityId, at, sequence: this.#accepted, snapshots, stats: this.statsUnsafe() }
  })

  readonly snapshots = Effect.map(this.report, (report) => report.snapshots)

  readonly snapshot = (given: Metric.Any | Metric.MetricSet, options?: SnapshotOptions) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      const metrics = metricsOf(given)
      const refusal = this.registrations.whyNotAll(metrics) ?? whyNotSnapshot(metrics, options)
      if (refusal !== undefined) return refuse(refusal)
      const names = metrics.map(({ name }) => name)
      return Effect.succeed(snapshotsOf(given, this.#fold.snapshots(at, names, options?.labels)))
    })

  readonly #stateReads = Effect.map(Clock.currentTimeMillis, (now) => {
    const { cut } = this.registrations
    return this.#fold.states(now).map((read) => ({ ...read, metric: cut.get(read.name)! }))
  })

  readonly states = Effect.map(this.#stateReads, statesOf)

  readonly deltaReader = Effect.sync(() => new Deltas(this.#stateReads).reader)

  /** Everything accepted is already folded. */
  readonly flush = () => Effect.void

  readonly stats = Effect.sync(() => this.statsUnsafe())

  statsUnsafe(): Stats {
    const refused = this.#invalid + this.#notRunning
    return {
      state: this.#state,
      capacity: 1,
      offered: this.#accepted + refused,
      accepted: this.#accepted,
      refused,
      refusedBy: { overflow: 0, invalid: this.#invalid, notRunning: this.#notRunning },
      applied: this.#fold.applied,
      ignored: this.#fold.ignored,
      evicted: 0,
      pending: 0
    }
  }

  /** Every change. Changes for a slow listener are queued without a limit, because the emitting call cannot wait. */
  readonly changes: Stream.Stream<MetricChange> = Stream.unwrap(
    Effect.gen({ self: this }, function* () {
      const listener: Listener = yield* Queue.unbounded<MetricChange, Cause.Done>()
      yield* Effect.acquireRelease(
        Effect.sync(() => this.#listen(listener)),
        () => Effect.sync(() => this.#forget(listener))
      )
      return Stream.fromQueue(listener)
    })
  )

  readonly changesOf = (metrics: Metric.Any | Metric.MetricSet) =>
    Stream.unwrap(
      Effect.map(wantedOf(metrics, this.registrations), (isWanted) => Stream.filter(this.changes, isWanted))
    ) as Stream.Stream<never, MetricNotRegistered>

  readonly latestChanges = this.changes

  #listen(listener: Listener): void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#fold.watch(true)
  }

  #forget(listener: Listener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size === 0) this.#fold.watch(false)
  }

  // --- its life

  readonly state = Effect.sync(() => this.#state)

  readonly start: Effect.Effect<void, InvalidState> = Effect.suspend(() => {
    if (this.#state === "Running") {
      return Effect.fail(this.#invalidState("be started", "A recorder starts from Idle or Stopped"))
    }
    this.#state = "Running"
    return Effect.void
  })

  readonly stop: Effect.Effect<void, InvalidState> = Effect.suspend(() => {
    if (this.#state !== "Running") {
      return Effect.fail(this.#invalidState("be stopped", "Only a running recorder can be"))
    }
    this.close()
    return Effect.void
  })

  /** Stops it, whatever it is doing. */
  close(): void {
    this.#state = "Stopped"
    for (const listener of this.#listeners) Queue.endUnsafe(listener)
  }

  #invalidState(operation: string, hint: string): InvalidState {
    return new InvalidState({ subject: "recorder", id: this.recorderId, state: this.#state, operation, hint })
  }
}
