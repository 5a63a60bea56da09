/**
 * The recorder: an intake (the events), a lane (the fold), a lifecycle, and what is told to those who listen.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { LaneLink, LaneListener, Link } from "../link/link.ts"
import type * as Metric from "../metric/definition/metric.ts"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import { metricsOf } from "../metric/metricSet.ts"
import {
  type EmitError,
  HookFailed,
  InvalidArgument,
  type InvalidState,
  type MetricNotRegistered,
  QueueOverflow,
  type ReadError,
  RecorderFailed,
  type RegisterError,
  type StartError,
  type StopError,
  type WaitTimeout
} from "../model/errors.ts"
import type { MetricEvent } from "../model/event.ts"
import { refuse } from "../model/optionChecks.ts"
import type { RecorderState, Stats } from "../model/stats.ts"
import { whyInvalidEvent } from "../stream/eventWriter.ts"
import type { Lane, LaneMessage, LargestRead, ShownRead, Watch } from "../stream/protocol.ts"
import { atMost, giveUpAfter, liveClock, within } from "../util/liveClock.ts"
import { ChangeHub } from "./changeHub.ts"
import { changesOf } from "./changesOf.ts"
import { CurrentEmission } from "./currentEmission.ts"
import { type Hook, hookOf, insideHook, outsideHooks } from "./hookGuard.ts"
import { Intake, type Offer, type Overflow } from "./intake.ts"
import type { RecorderParts } from "./internals.ts"
import { type Failure, RecorderLifecycle, type Steps } from "./lifecycle.ts"
import { Log } from "./logging.ts"
import { serviceOf } from "./makeService.ts"
import { RecorderReads, waitTimedOut } from "./reads.ts"
import { type OfMetric, Registrations } from "./registrations.ts"
import type { RecorderOptions, RecorderService, RegisterOptions } from "./service.ts"

/** Options with every default decided. */
export interface RecorderConfig<R>
  extends Required<
      Pick<RecorderOptions<R>, "entityId" | "capacity" | "overflow" | "logging" | "shutdownTimeout" | "waitTimeout">
    >,
    Pick<RecorderOptions<R>, "onStarting" | "onStopped" | "onMetricChanged"> {
  readonly recorderId: string
  readonly namespace: string
  readonly link: Link
}

/** A recorder with what only its owner may do. */
export interface RecorderControl {
  readonly service: RecorderService
  readonly stateUnsafe: () => RecorderState
  readonly statsUnsafe: () => Stats
  /** Tells it from all others of this process, those of the same id included. */
  readonly instance: number
  readonly metricsUnsafe: () => ReadonlyArray<Metric.Any>
  /** Starts it for the runtime that made it, see {@link RecorderLifecycle.startUnasked}. */
  readonly startUnasked: Effect.Effect<void, StartError | WaitTimeout>
  /** Logs that it was made, for whoever made it. */
  readonly logMade: Effect.Effect<void>
  /** What all metrics show, with the time since when. */
  readonly shown: Effect.Effect<ReadonlyArray<OfMetric<ShownRead>>, ReadError>
  /** What all metrics show, with their largest series only. */
  readonly largest: (maxSeries: number) => Effect.Effect<ReadonlyArray<OfMetric<LargestRead>>, ReadError>
  /**
   * Stops the recorder if it has been started and not stopped yet. When that takes longer than its `shutdownTimeout`, the
   * recorder is given up.
   */
  readonly close: Effect.Effect<void, StopError>
  /** Whether it was given up, by {@link close} or because the fold is gone. */
  readonly isGivenUp: boolean
  /** Fails inside a hook of this recorder, where `operation` would wait for the hook. */
  readonly refuseInHook: (operation: string) => Effect.Effect<void, InvalidState>
  /** Why a fiber must not wait for a read of this recorder: it runs in a hook that the read would wait for. */
  readonly whyNotReadIn: (fiber: Fiber.Fiber<unknown, unknown>) => InvalidState | undefined
  /** The lane, where the recorder can be read. */
  readonly readableLane: Lane | undefined
  /** Done when every event accepted before has left for the fold, or the recorder can be read no more. */
  readonly handedOver: Effect.Effect<void>
  /** Whether that is so now. */
  readonly isHandedOver: boolean
  /**
   * Lets go of the lane, at once: the recorder takes and answers nothing any more. What still runs of it is interrupted;
   * the effect that is left waits for that, a second at most.
   */
  readonly remove: () => Effect.Effect<void>
}

/** Makes a recorder, at once. `context` is what its hooks run in. */
export const makeRecorder = <R>(config: RecorderConfig<R>, context: Context.Context<R>): RecorderControl =>
  new RecorderImpl(config, context)

const active: ReadonlySet<RecorderState> = new Set(["Starting", "Running", "Stopping"])

let instanceCount = 0

// One object for all the parts it plays, since there may be ten thousand of them.
class RecorderImpl<R> implements RecorderParts, RecorderControl, Steps, LaneListener {
  readonly service: RecorderService
  readonly recorderId: string
  readonly entityId: string
  readonly instance = instanceCount++
  readonly overflow: Overflow
  readonly #config: RecorderConfig<R>
  readonly #context: Context.Context<R>
  readonly clock: Clock.Clock
  readonly #log: Log
  readonly #lane: LaneLink
  readonly #intake: Intake
  readonly #lifecycle: RecorderLifecycle
  readonly #registrations: Registrations
  readonly #reads: RecorderReads
  readonly #hub: ChangeHub
  #fibers: Set<Fiber.Fiber<unknown, unknown>> | undefined

  constructor(config: RecorderConfig<R>, context: Context.Context<R>) {
    const { capacity, entityId, link, logging, namespace, overflow, recorderId } = config
    this.recorderId = recorderId
    this.entityId = entityId
    this.overflow = overflow
    this.#config = config
    this.#context = context
    this.clock = Context.get(context, Clock.Clock)
    this.#log = new Log(logging, { namespace, recorderId })
    this.#registrations = new Registrations(recorderId, link.catalog, link.expositionNames)
    this.#lane = link.openLane(this)
    this.#intake = new Intake({
      capacity,
      overflow,
      lane: this.#lane,
      layouts: this.#registrations,
      recorder: this
    })
    const clock = this.clock
    const intake = this.#intake
    // What does not change is looked at once, and not for every event.
    this.emitUnsafe =
      clock === liveClock ? (event) => intake.offer(event) === "accepted" : (event) => this.emitAt(clock, event)
    this.#hub = new ChangeHub(this)
    this.#lifecycle = new RecorderLifecycle(recorderId, this)
    this.#reads = new RecorderReads({
      recorderId,
      entityId,
      lane: this.#lane,
      probe: link.probe,
      intake: this.#intake,
      lifecycle: this.#lifecycle,
      registrations: this.#registrations,
      log: this.#log,
      waitingFor: () => this.#hub.waitingFor,
      statsUnsafe: () => this.statsUnsafe(),
      waitTimeout: config.waitTimeout
    })
    this.service = serviceOf(this)
    this.#hub.update()
    const failure = link.failure()
    if (failure !== undefined) this.#abort(failure.cause)
  }

  get changes() {
    return this.#hub.every()
  }

  get changesOf() {
    return (metrics: Metric.Any | Metric.MetricSet) =>
      changesOf(metrics, this.#registrations, (isWanted) => this.#hub.every(isWanted))
  }

  get latestChanges() {
    return this.#hub.latest
  }

  get start() {
    return this.#inTime("start", this.#lifecycle.start)
  }

  get startUnasked() {
    return this.#inTime("start", this.#lifecycle.startUnasked)
  }

  get stop() {
    return this.#inTime("stop", this.#lifecycle.stop)
  }

  #inTime<E>(operation: "start" | "stop", wait: Effect.Effect<void, E>): Effect.Effect<void, E | WaitTimeout> {
    const { waitTimeout } = this.#config
    return within(waitTimeout, () =>
      Effect.fail(waitTimedOut(this.recorderId, operation, waitTimeout, this.#intake.accepted, this.#intake))
    )(wait)
  }

  get state() {
    return this.#logged("the state of its life", () => this.stateUnsafe())
  }

  get stats() {
    return this.#logged("the accounting", () => this.statsUnsafe())
  }

  #logged<A>(what: string, look: () => A): Effect.Effect<A> {
    return Effect.andThen(this.#log.inspection(`read ${what}`), Effect.sync(look))
  }

  stateUnsafe(): RecorderState {
    return this.#lifecycle.state
  }

  metricsUnsafe(): ReadonlyArray<Metric.Any> {
    return this.#registrations.all
  }

  reads(tag: string): boolean {
    return this.#registrations.reads(tag)
  }

  get logMade(): Effect.Effect<void> {
    return this.#log.lifecycle("made")
  }

  statsUnsafe(): Stats {
    return { state: this.#lifecycle.state, ...this.#intake.stats() }
  }

  // --- the steps of its life

  beforeStart(): void {
    this.#intake.open()
  }

  get starting(): Effect.Effect<void, HookFailed> {
    return Effect.suspend(() => Effect.andThen(this.#runHook("onStarting"), this.#log.lifecycle("started")))
  }

  afterStart(): void {
    this.#intake.flow()
  }

  beforeStop(): void {
    this.#intake.close()
  }

  get stopping(): Effect.Effect<void, HookFailed> {
    return Effect.gen({ self: this }, function* () {
      yield* Effect.callback<void>((resume) => this.#intake.whenDrained(() => resume(Effect.void)))
      this.#hub.end()
      yield* this.#runHook("onStopped")
      yield* this.#log.lifecycle("stopped")
    })
  }

  onFailed({ error, foldLost }: Failure): void {
    this.#intake.fail()
    const { removed } = this.#lifecycle
    const tell = (): void => {
      this.#hub.fail(error)
      this.#reads.failIfUnreadable()
      // Of a start that is given up, the one who made the recorder hears.
      if (!removed) this.#fork(this.#log.failure(error.message))
    }
    // A fold that is lost is lost for many recorders: all of them fail before anybody hears of it.
    if (foldLost) this.later(tell)
    else tell()
  }

  later(action: () => void): void {
    this.#lane.later(action)
  }

  fork(operation: Effect.Effect<void>): void {
    const release = this.#lane.hold()
    this.#fork(Effect.ensuring(operation, Effect.sync(release)))
  }

  startIfIdle(): void {
    const { removed, state } = this.#lifecycle
    if (state === "Idle" && !removed) this.#lifecycle.begin()
  }

  // --- events

  readonly emit = (event: MetricEvent): Effect.Effect<boolean, EmitError> =>
    Effect.withFiber((fiber) =>
      this.#emittedAt(fiber.getRef(Clock.Clock), () => {
        if (this.overflow !== "backpressure") return this.#resultOf(this.#intake.offer(event), event)
        // In a hook that the fold waits for there would be no end to waiting for room.
        const mayWait = hookOf(fiber, this.#lifecycle) === undefined
        const offered = this.#intake.offerOrWait(event, mayWait, fiber.getRef(CurrentEmission))
        return Effect.flatMap(offered, (offer) => this.#resultOf(offer, event))
      })
    )

  readonly emitUnsafe: (event: MetricEvent) => boolean

  emitIn(fiber: Fiber.Fiber<unknown, unknown>, event: MetricEvent): boolean {
    const { context } = fiber
    const { writer } = this.#lane
    if (writer.isLive(context)) return this.#intake.offer(event) === "accepted"
    const clock = Context.get(context, Clock.Clock)
    const accepted = this.emitAt(clock, event)
    if (clock === liveClock) writer.wasLive(context)
    return accepted
  }

  emitAt(clock: Clock.Clock, event: MetricEvent): boolean {
    // The usual case makes no function for it.
    if (clock === liveClock) return this.#intake.offer(event) === "accepted"
    return this.#emittedAt(clock, () => this.#intake.offer(event) === "accepted")
  }

  /** Has what is emitted bear the time of a clock. The writer itself reads the live one, and sparingly. */
  #emittedAt<A>(clock: Clock.Clock, emits: () => A): A {
    if (clock === liveClock) return emits()
    const { writer } = this.#lane
    const { given } = writer
    writer.give(clock.currentTimeMillisUnsafe())
    try {
      return emits()
    } finally {
      writer.given = given
      writer.untilLook = 0
    }
  }

  #resultOf(offer: Offer, event: unknown): Effect.Effect<boolean, EmitError> {
    switch (offer) {
      case "accepted":
        return succeedTrue
      case "overflow":
        return this.overflow === "fail"
          ? Effect.fail(new QueueOverflow({ recorderId: this.recorderId, capacity: this.#config.capacity }))
          : succeedFalse
      case "invalid":
        return Effect.fail(new InvalidArgument({ argument: "event", reason: whyInvalidEvent(event) ?? "changed" }))
      case "not-running":
        return Effect.fail(this.#lifecycle.invalidState("take events", "Events are taken from its start to its stop"))
    }
  }

  // --- metrics

  registerMetrics(given: Metric.Any | Metric.MetricSet, options?: RegisterOptions): Effect.Effect<void, RegisterError> {
    return Effect.suspend(() => {
      const { catalog } = this.#config.link
      const modules = catalog?.toImport(given) ?? []
      const register = this.#register(given, options)
      if (catalog === undefined || modules.length === 0) return register
      const closed = this.#whyClosedForMetrics()
      if (closed !== undefined) return this.#registrations.refuse(closed)
      return catalog.import(modules, this.#config.waitTimeout).pipe(
        Effect.catch((reason) => this.#registrations.refuse(reason)),
        Effect.andThen(register)
      )
    })
  }

  #register(
    given: Metric.Any | Metric.MetricSet,
    options: RegisterOptions | undefined
  ): Effect.Effect<void, RegisterError> {
    return Effect.suspend((): Effect.Effect<void, RegisterError> => {
      const metrics = metricsOf(given)
      for (const metric of metrics) {
        const refusal = this.#registrations.whyNot(metric, options, given) ?? this.#whyClosedForMetrics()
        if (refusal !== undefined) return this.#registrations.refuse(refusal)
      }
      const fresh = this.#registrations.fresh(metrics, options)
      if (fresh.length === 0) return Effect.void
      const collision = this.#registrations.claim(fresh)
      if (collision !== undefined) return this.#registrations.refuse(collision)
      const replaced = this.#registrations.add(fresh)
      const at = this.clock.currentTimeMillisUnsafe()
      this.#intake.forgetLayouts()
      this.#intake.afterAccepted(() => {
        for (const metric of fresh) {
          this.#lane.send({ _tag: "Register", name: metric.name, metric, at })
          this.#registrations.tell(metric)
        }
        if (replaced.length === 0) return
        for (const metric of replaced) this.#registrations.left(metric)
        this.#intake.forgetLayouts()
      })
      return this.#log.lifecycle(`registered ${fresh.map(({ name }) => `the metric ${name}`).join(", ")}`)
    })
  }

  #whyClosedForMetrics() {
    const { removed, state } = this.#lifecycle
    return !removed && (state === "Idle" || state === "Starting" || state === "Running")
      ? undefined
      : this.#lifecycle.invalidState("take a metric", "Register metrics while it is idle, starting or running")
  }

  get reset() {
    return (metric?: Metric.Any): Effect.Effect<void, MetricNotRegistered | InvalidState> => this.#reset(metric)
  }

  #reset(metric: Metric.Any | undefined): Effect.Effect<void, MetricNotRegistered | InvalidState> {
    return Effect.suspend(() => {
      const refusal =
        (metric === undefined ? undefined : this.#registrations.whyNotRead(metric)) ?? this.#whyClosedForMetrics()
      if (refusal !== undefined) return refuse(refusal)
      const at = this.clock.currentTimeMillisUnsafe()
      this.#intake.afterAccepted(() =>
        this.#lane.send({ _tag: "Reset", at, ...(metric !== undefined && { name: metric.name }) })
      )
      return this.#log.lifecycle(`reset ${metric === undefined ? "all metrics" : `the metric ${metric.name}`}`)
    })
  }

  get metrics() {
    return this.#logged("the list of metrics", () => this.#registrations.all)
  }

  // --- reads

  get snapshots() {
    return this.#reads.snapshots
  }

  get snapshot() {
    return (metrics: Metric.Any | Metric.MetricSet) => this.#reads.snapshot(metrics)
  }

  get report() {
    return this.#reads.report
  }

  get states() {
    return this.#reads.states
  }

  get deltaReader() {
    return this.#reads.deltaReader
  }

  // --- for the owner

  get shown() {
    return this.#reads.shown
  }

  largest(maxSeries: number) {
    return this.#reads.largest(maxSeries)
  }

  get close(): Effect.Effect<void, StopError> {
    return Effect.suspend(() => {
      if (!active.has(this.stateUnsafe())) return Effect.void
      const { shutdownTimeout } = this.#config
      return within(shutdownTimeout, () => {
        const most = Duration.format(Duration.fromInputUnsafe(shutdownTimeout))
        const cause = new Error(`did not stop within ${most}: ${this.#reached}`)
        this.#abort(cause)
        return Effect.fail(this.#lifecycle.failure?.error ?? new RecorderFailed({ recorderId: this.recorderId, cause }))
      })(this.#lifecycle.stop)
    })
  }

  get isGivenUp(): boolean {
    return this.#lifecycle.failure?.foldLost === true
  }

  /** How far a start or a stop has come that does not end. */
  get #reached(): string {
    if (this.stateUnsafe() === "Starting") return "its hook onStarting has not ended"
    const { accepted, pending } = this.#intake
    return pending > 0
      ? `${pending} of the ${accepted} events it accepted are not folded`
      : `all of the ${accepted} events it accepted are folded, its hook onStopped has not ended`
  }

  get readableLane(): Lane | undefined {
    return this.#reads.isReadable ? this.#lane.lane : undefined
  }

  get handedOver(): Effect.Effect<void> {
    return Effect.suspend(() => (this.isHandedOver ? Effect.void : Effect.ignore(this.#reads.handedOver)))
  }

  get isHandedOver(): boolean {
    return this.#intake.isHandedOver
  }

  refuseInHook(operation: string): Effect.Effect<void, InvalidState> {
    return this.#lifecycle.refuseInHook(operation)
  }

  whyNotReadIn(fiber: Fiber.Fiber<unknown, unknown>): InvalidState | undefined {
    return this.#reads.whyNotInHook(hookOf(fiber, this.#lifecycle))
  }

  /** Gives up on whatever is running: the recorder goes to `Failed`. */
  #abort(cause: unknown): void {
    this.#lifecycle.fail(cause, true)
    this.later(() => this.#interruptAll())
  }

  remove(): Effect.Effect<void> {
    const { failure } = this.#lifecycle
    // Who waits already hears of the failure, if there was one, rather than of the removal.
    if (failure?.foldLost === true) {
      this.#hub.fail(failure.error)
      this.#reads.failIfUnreadable()
    }
    this.#lifecycle.remove()
    this.#intake.leave()
    this.#hub.close()
    this.#reads.failIfUnreadable()
    this.#interruptAll()
    this.#registrations.release()
    this.#lane.close()
    const running = [...(this.#fibers ?? [])]
    const ended =
      running.length === 0
        ? Effect.void
        : giveUpAfter(atMost("1 second", this.#config.shutdownTimeout))(Fiber.awaitAll(running))
    return Effect.andThen(ended, this.#log.lifecycle("removed"))
  }

  // --- what comes back from the fold

  onMessage(message: LaneMessage): void {
    if (message._tag === "Folded") return this.#intake.onFolded()
    // At the next turn of the event loop: user code never runs in the middle of a hand-over.
    this.later(() => {
      switch (message._tag) {
        case "Answer":
          return this.#reads.answer(message.request, message.read)
        case "Quarantined":
          return this.#fork(this.#log.warning(`the metric ${message.name} is quarantined: ${message.error}`))
        case "Changes": {
          const { entityId, recorderId } = this
          const changes = message.changes.map((change): MetricChange => ({ recorderId, entityId, ...change }))
          const delivery = Effect.ensuring(
            this.#hub.deliver(changes),
            Effect.sync(() => this.#lane.send({ _tag: "Delivered" }))
          )
          // The event may have come out of a hook of another recorder.
          return outsideHooks(() => this.#fork(delivery))
        }
      }
    })
  }

  onFailure(cause: unknown): void {
    this.#abort(cause)
  }

  // --- hooks

  #runHook(hook: "onStarting" | "onStopped"): Effect.Effect<void, HookFailed> {
    const effect = this.#config[hook]
    if (effect === undefined) return Effect.void
    // From the next turn on: the call that emits the first event does not run its recorder's hook as well.
    return this.#insideHook(hook, Effect.andThen(Effect.yieldNow, effect)).pipe(
      Effect.asVoid,
      Effect.catchCause((cause) =>
        Effect.fail(new HookFailed({ recorderId: this.recorderId, hook, cause: Cause.squash(cause) }))
      )
    )
  }

  // --- for those who listen

  watch(watch: Watch): void {
    this.#intake.afterAccepted(() => this.#lane.send({ _tag: "Watch", watch }))
  }

  get accepted(): number {
    return this.#intake.accepted
  }

  onWaitingFor(consumer: Fiber.Fiber<unknown, unknown>): void {
    this.#reads.failFor(consumer)
  }

  get changeHook(): ((change: MetricChange) => Effect.Effect<void>) | undefined {
    const { onMetricChanged } = this.#config
    return onMetricChanged && ((change) => this.#runChangeHook(onMetricChanged, change))
  }

  #runChangeHook(hook: NonNullable<RecorderOptions<R>["onMetricChanged"]>, change: MetricChange): Effect.Effect<void> {
    return this.#insideHook(
      "onMetricChanged",
      Effect.suspend(() => hook(change))
    ).pipe(
      Effect.catchCause((cause) => this.#log.warning(`its hook onMetricChanged failed: ${Cause.pretty(cause)}`)),
      Effect.asVoid
    )
  }

  /** In the context that the recorder was made in, be that the hook of another one. */
  #insideHook<A, E>(hook: Hook, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E> {
    return Effect.provideContext(insideHook(this.#lifecycle, hook, effect), this.#context)
  }

  // --- fibers of its own

  #fork(effect: Effect.Effect<unknown>): void {
    const fiber = Effect.runForkWith(this.#context)(effect)
    this.#fibers ??= new Set()
    this.#fibers.add(fiber)
    fiber.addObserver(() => this.#fibers?.delete(fiber))
  }

  #interruptAll(): void {
    for (const fiber of this.#fibers ?? []) fiber.interruptUnsafe()
  }
}

const succeedTrue = Effect.succeed(true)
const succeedFalse = Effect.succeed(false)
