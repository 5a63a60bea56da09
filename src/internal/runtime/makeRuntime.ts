/**
 * The runtime: one link to one fold, and the recorders on it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { packStats } from "../formats/packedStats.ts"
import type { Link } from "../link/link.ts"
import {
  InvalidState,
  RecorderAlreadyExists,
  RecorderNotFound,
  RuntimeFailed,
  type RuntimeStartError,
  ShutdownFailed,
  type StopError
} from "../model/errors.ts"
import { type Check, notBlank, refuse, whyInvalid, whyInvalidOptions } from "../model/optionChecks.ts"
import type { RecorderControl } from "../recorder/control.ts"
import { isInHook } from "../recorder/hookGuard.ts"
import { Log } from "../recorder/logging.ts"
import { makeRecorder } from "../recorder/makeRecorder.ts"
import { type RecorderOptions, recorderOptionChecks } from "../recorder/service.ts"
import { messageOf } from "../util/describeError.ts"
import { atMost, giveUpAfter, within, withLiveClock } from "../util/liveClock.ts"
import { refuseInMetricsModule } from "../worker/importedMetrics.ts"
import { type MetricWatch, type RuntimeInternals, type Source, withInternals } from "./internals.ts"
import { claimNamespace, namespaceShared } from "./runningNamespaces.ts"
import type { RuntimeOptions, RuntimeService, RuntimeState } from "./service.ts"
import { type DecidedOptions, SharedRecorders } from "./sharedRecorders.ts"

/** The defaults of a recorder that a runtime makes. */
const recorderDefaults = {
  capacity: 10_000,
  overflow: "drop-newest",
  logging: "normal",
  shutdownTimeout: "10 seconds",
  waitTimeout: "30 seconds"
} as const

/** What somebody wants to do with a recorder that has stopped, before it is gone. */
type Farewell = (control: RecorderControl) => Effect.Effect<unknown, unknown>

/** A recorder of this runtime. `removing` is set by the first of those who want to remove it. */
interface Entry {
  readonly control: RecorderControl
  removing: boolean
}

/**
 * Makes an idle runtime that shuts down with the scope.
 *
 * @param checks the checks of all options, those of `makeLink` included
 * @param makeLink opens the link to the fold when the runtime starts; its scope is that of the running fold
 */
export const makeRuntime = Effect.fnUntraced(function* (
  options: RuntimeOptions,
  checks: { readonly [option: string]: Check },
  makeLink: Effect.Effect<Link, RuntimeStartError, Scope.Scope>
): Effect.fn.Return<RuntimeService, never, Scope.Scope> {
  yield* refuse(whyInvalidOptions(options, checks, true) ?? whyInvalid("namespace", options.namespace, notBlank))
  const namespace = options.namespace.trim()
  const shutdownTimeout = options.shutdownTimeout ?? recorderDefaults.shutdownTimeout
  const log = new Log(options.logging ?? recorderDefaults.logging, { namespace })
  const context = yield* Effect.context<never>()
  const foldScope = Scope.makeUnsafe()
  const recorders = new Map<string, Entry>()
  const farewells = new Set<Farewell>()
  const started = Deferred.makeUnsafe<void, RuntimeStartError>()
  const closed = Deferred.makeUnsafe<void, ShutdownFailed>()
  const metricWatches = new Set<MetricWatch>()
  let state: RuntimeState = "Idle"
  let link: Link | undefined
  let isTerminated = false
  /** The start under way, or the last one. */
  let opening: Fiber.Fiber<unknown, unknown> | undefined

  // --- states

  const invalidState = (operation: string, hint: string): InvalidState =>
    new InvalidState({ subject: "runtime", id: namespace, state, operation, hint })

  /** In a fiber of its own, so that interrupting one who waits leaves it running. */
  const inBackground = (effect: Effect.Effect<unknown>): void => void Effect.runForkWith(context)(effect)

  const onLinkFailure = (cause: unknown): void => {
    if (isTerminated) return
    if (state === "Running") state = "Failed"
    inBackground(log.failure(`the fold is gone: ${messageOf(cause)}`))
  }

  const open = Effect.andThen(refuseInMetricsModule, Scope.provide(makeLink, foldScope)).pipe(
    Effect.tap((opened) => {
      link = opened
      state = "Running"
      opened.onFailure(onLinkFailure)
      opened.expositionNames.onChange = (metric, isThere) => {
        for (const watch of metricWatches) watch(metric, isThere)
      }
      const { isShared, release } = claimNamespace(namespace)
      return Scope.addFinalizer(foldScope, Effect.sync(release)).pipe(
        Effect.andThen(log.lifecycle("runtime started")),
        Effect.andThen(isShared ? log.warning(namespaceShared) : Effect.void)
      )
    }),
    Effect.asVoid,
    Effect.tapCause((cause) => {
      state = "Failed"
      return Effect.andThen(log.failure(`runtime failed to start: ${Cause.pretty(cause)}`), closeFold(false))
    })
  )

  /** Ends the thread: it is asked to end, and terminated when it does not in time, or at once where it is `stuck`. */
  const closeFold = Effect.fnUntraced(function* (stuck: boolean): Effect.fn.Return<void> {
    const terminate = Effect.sync(() => {
      isTerminated = true
      link?.terminate()
    })
    if (stuck) yield* terminate
    const closing = yield* Effect.forkDetach(withLiveClock(Scope.close(foldScope, Exit.void)), {
      startImmediately: true
    })
    const closed = Fiber.await(closing)
    yield* within(shutdownTimeout, () => Effect.andThen(terminate, giveUpAfter("1 second")(closed)))(closed)
  })

  const start: RuntimeService["start"] = Effect.suspend(() => {
    if (state === "Running") return Effect.void
    if (state === "Idle") {
      state = "Starting"
      opening = Effect.runForkWith(context)(Deferred.into(open, started))
    } else if (state !== "Starting") {
      return Effect.fail(invalidState("be started", "A runtime is started once; make another one"))
    }
    return Deferred.await(started)
  })

  // --- registry

  const idOf = (recorderId: string): Effect.Effect<string> =>
    Effect.map(refuse(whyInvalid("recorderId", recorderId, notBlank)), () => recorderId.trim())

  const entryOf = (recorderId: string): Effect.Effect<Entry, RecorderNotFound> =>
    Effect.flatMap(idOf(recorderId), (id) => {
      const entry = recorders.get(id)
      return entry === undefined
        ? Effect.fail(new RecorderNotFound({ recorderId: id, namespace }))
        : Effect.succeed(entry)
    })

  /** What is asked for, with its defaults, before anything is done. */
  const decide = Effect.fnUntraced(function* <R>(
    recorderId: string,
    own: RecorderOptions<R> | undefined
  ): Effect.fn.Return<{ readonly id: string; readonly decided: DecidedOptions<R> }, InvalidState> {
    const id = yield* idOf(recorderId)
    yield* refuse(whyInvalidOptions(own, recorderOptionChecks))
    if (state !== "Running") return yield* notRunning()
    const decided = {
      ...own,
      entityId: (own?.entityId ?? id).trim(),
      capacity: own?.capacity ?? options.capacity ?? recorderDefaults.capacity,
      overflow: own?.overflow ?? options.overflow ?? recorderDefaults.overflow,
      logging: own?.logging ?? options.logging ?? recorderDefaults.logging,
      shutdownTimeout: own?.shutdownTimeout ?? shutdownTimeout,
      waitTimeout: own?.waitTimeout ?? options.waitTimeout ?? recorderDefaults.waitTimeout
    }
    return { id, decided }
  })

  const notRunning = (): InvalidState =>
    invalidState(
      "create a recorder",
      "Start the runtime first. A runtime that has closed or failed cannot be restarted; create a new one"
    )

  /** In one synchronous step: racing creates have one winner, and none slips past a shutdown. */
  const make = <R>(
    id: string,
    decided: DecidedOptions<R>,
    recorderContext: Context.Context<R>
  ): Effect.Effect<RecorderControl, InvalidState | RecorderAlreadyExists> =>
    Effect.suspend((): Effect.Effect<RecorderControl, InvalidState | RecorderAlreadyExists> => {
      if (state !== "Running") return Effect.fail(notRunning())
      if (recorders.has(id)) return Effect.fail(new RecorderAlreadyExists({ recorderId: id, namespace }))
      const entityId = entityIdOf(decided.entityId)
      const control = makeRecorder<R>({ ...decided, entityId, recorderId: id, namespace, link: link! }, recorderContext)
      recorders.set(id, { control, removing: false })
      return Effect.as(control.logMade, control)
    })

  const create = <R>(id: string, decided: DecidedOptions<R>, onMade?: (control: RecorderControl) => void) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const control = yield* make(id, decided, yield* Effect.context<R>())
        onMade?.(control)
        // Nobody has a recorder that does not start.
        yield* Effect.onError(restore(control.startUnasked), () => discard(control))
        return control
      })
    )

  const createRecorder = <R>(recorderId: string, own?: RecorderOptions<R>) =>
    Effect.flatMap(decide(recorderId, own), ({ decided, id }) =>
      Effect.map(create(id, decided), ({ service }) => service)
    )

  const shared = new SharedRecorders({
    namespace,
    create,
    isBeingRemoved: ({ service }) => recorders.get(service.recorderId)?.removing === true,
    remove: (control) =>
      Effect.suspend(() => {
        const entry = recorders.get(control.service.recorderId)
        return entry?.control !== control || entry.removing ? Effect.void : stopAndRemove(entry)
      })
  })

  const recorder = <R>(recorderId: string, own?: RecorderOptions<R>) =>
    Effect.flatMap(decide(recorderId, own), ({ decided, id }) =>
      Effect.map(shared.use(id, decided), ({ service }) => service)
    )

  const discard = (control: RecorderControl): Effect.Effect<void> =>
    Effect.suspend(() => {
      const id = control.service.recorderId
      // A shutdown may have removed it.
      if (recorders.get(id)?.control !== control) return Effect.void
      recorders.delete(id)
      return control.remove()
    })

  const stopRecorder = (recorderId: string) =>
    Effect.flatMap(entryOf(recorderId), ({ control }) =>
      control.stateUnsafe() === "Stopped" ? Effect.void : control.service.stop
    )

  const stopAndRemoveRecorder = Effect.fnUntraced(function* (recorderId: string) {
    const entry = yield* entryOf(recorderId)
    const { control } = entry
    yield* control.refuseInHook("be removed")
    if (entry.removing) {
      return yield* new InvalidState({
        subject: "recorder",
        id: control.service.recorderId,
        state: control.stateUnsafe(),
        operation: "be removed",
        hint: "Its removal is already under way"
      })
    }
    return yield* stopAndRemove(entry)
  })

  const stopAndRemove = Effect.fnUntraced(function* (entry: Entry): Effect.fn.Return<void, StopError> {
    const { control } = entry
    entry.removing = true
    const fiber = yield* Effect.forkDetach(Effect.ensuring(control.close, remove(control)), {
      startImmediately: true
    })
    return yield* Fiber.join(fiber)
  })

  const remove = (control: RecorderControl): Effect.Effect<void> =>
    Effect.andThen(
      Effect.forEach(
        farewells,
        (tell) =>
          // A reader that does not end must not keep a recorder from being removed.
          giveUpAfter(atMost("1 second", shutdownTimeout))(Effect.exit(Effect.suspend(() => tell(control)))),
        { concurrency: "unbounded", discard: true }
      ),
      Effect.suspend(() => {
        recorders.delete(control.service.recorderId)
        return Effect.andThen(control.remove(), shared.removed(control))
      })
    )

  const onFarewell = (tell: Farewell): (() => void) => {
    farewells.add(tell)
    return () => void farewells.delete(tell)
  }

  const beforeRemoval: RuntimeService["beforeRemoval"] = (tell) =>
    Effect.acquireRelease(
      Effect.sync(() => onFarewell((control) => tell(control.service))),
      (forget) => Effect.sync(forget)
    ).pipe(Effect.asVoid)

  // --- shutdown

  const close = Effect.gen(function* () {
    const controls = Array.from(recorders.values(), ({ control }) => control)
    const results = yield* Effect.forEach(controls, (control) => Effect.result(control.close), {
      concurrency: "unbounded"
    })
    const failures = results.flatMap((result, i) =>
      Result.isFailure(result) ? [{ recorderId: controls[i]!.service.recorderId, reason: result.failure.message }] : []
    )
    yield* Effect.forEach(controls, remove, { concurrency: "unbounded", discard: true })
    // It may be one of their reducers that the fold does not come back from.
    yield* closeFold(controls.some(({ isGivenUp }) => isGivenUp))
    if (state !== "Failed") state = "Closed"
    yield* log.lifecycle("runtime closed")
    if (failures.length > 0) return yield* new ShutdownFailed({ namespace, failures })
  })

  const shutdown: RuntimeService["shutdown"] = Effect.gen(function* () {
    for (const { control } of recorders.values()) yield* control.refuseInHook("see its runtime shut down")
    if (closing) return yield* Deferred.await(closed)
    closing = true
    if (state === "Starting") inBackground(Effect.andThen(startedOrGivenUp, closeNow))
    else inBackground(closeNow)
    return yield* Deferred.await(closed)
  })
  const startedOrGivenUp = within(shutdownTimeout, () => {
    const cause = new Error("it was shut down before it had started")
    Deferred.doneUnsafe(started, Effect.fail(new RuntimeFailed({ namespace, cause })))
    return opening === undefined ? Effect.void : giveUpAfter("1 second")(Fiber.interrupt(opening))
  })(Effect.exit(Deferred.await(started)))
  const closeNow = Effect.suspend(() => {
    if (state !== "Failed") state = "Stopping"
    return Deferred.into(close, closed)
  })
  let closing = false

  // --- for exporters

  let foldLag: number | undefined

  const internals: Omit<RuntimeInternals, "scrape"> = {
    context,
    sources: () => Array.from(recorders.values(), ({ control }) => sourceOf(control)),
    beforeRemoval: (read) => onFarewell((control) => read(sourceOf(control))),
    watchMetrics: (watch) => {
      const all = Array.from(recorders.values()).flatMap(({ control }) => control.metricsUnsafe())
      for (const metric of new Map(all.map((metric) => [metric.name, metric])).values()) watch(metric, true)
      metricWatches.add(watch)
      return () => void metricWatches.delete(watch)
    },
    makeIdle: (recorderId, own) =>
      Effect.flatMap(decide(recorderId, own), ({ decided, id }) =>
        Effect.contextWith((here) => Effect.map(make(id, decided, here), ({ service }) => service))
      ),
    foldLag: () => foldLag,
    foldCame: (seconds) => {
      foldLag = seconds
    }
  }

  const scrape: RuntimeInternals["scrape"] = Effect.fnUntraced(function* ({ format, timeout }) {
    const clock = yield* Clock.Clock
    const asked = clock.monotonicTimeNanosUnsafe()
    if (state === "Failed") {
      return yield* runtimeFailed(link?.failure()?.cause ?? new Error("it did not start"))
    }
    if (link === undefined || (state !== "Running" && state !== "Stopping")) {
      return yield* invalidState("be scraped", "A runtime can be scraped while it runs")
    }
    const refusal = yield* whyNotReadHere
    if (refusal !== undefined) return yield* refusal
    const { awaitSilence, render } = link
    const rendered = Effect.suspend(() => {
      const controls = Array.from(recorders.values(), ({ control }) => control)
      const request = {
        format,
        // Not the time when it was asked for: events that came meanwhile would lie in the future of the read.
        now: clock.currentTimeMillisUnsafe(),
        namespace,
        recorderIds: controls.map(({ service }) => service.recorderId),
        lanes: Int32Array.from(controls, ({ readableLane }) => readableLane ?? -1),
        stats: packStats(controls.map((control) => control.statsUnsafe())),
        foldLag
      }
      const onBegun = (): void => internals.foldCame(Number(clock.monotonicTimeNanosUnsafe() - asked) / 1e9)
      return render(request, onBegun)
    })
    const waiting = Array.from(recorders.values()).filter(({ control }) => !control.isHandedOver)
    const handedOver = Effect.forEach(waiting, ({ control }) => control.handedOver, { discard: true })
    return yield* (waiting.length === 0 ? Effect.void : Effect.raceFirst(handedOver, awaitSilence)).pipe(
      Effect.andThen(rendered),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => {
          const most = Duration.format(Duration.fromInputUnsafe(timeout))
          return Effect.fail(new Error(`the events before the scrape were not folded within ${most}`))
        }
      }),
      withLiveClock,
      Effect.catch(runtimeFailed),
      Effect.tap(() => log.inspection(`scraped ${recorders.size} recorders`))
    )
  })

  /** In a hook of one of the recorders, a read of all of them may wait for the hook. */
  const whyNotReadHere = Effect.withFiber((fiber) => {
    const controls = isInHook(fiber) ? Array.from(recorders.values(), ({ control }) => control) : []
    const refusals = controls.map((control) => control.whyNotReadIn(fiber))
    return Effect.succeed(refusals.find((refusal) => refusal !== undefined))
  })

  const runtimeFailed = (cause: unknown) => Effect.fail(new RuntimeFailed({ namespace, cause }))

  yield* Effect.addFinalizer(() =>
    Effect.catch(shutdown, (error) => Effect.andThen(log.failure(error.message), Effect.void))
  )

  const service: RuntimeService = {
    namespace,
    state: Effect.sync(() => state),
    start,
    recorder,
    createRecorder,
    getRecorder: (recorderId) =>
      Effect.flatMap(entryOf(recorderId), ({ control }) =>
        Effect.as(log.inspection(`looked up the recorder ${control.service.recorderId}`), control.service)
      ),
    findRecorder: (recorderId) =>
      Effect.flatMap(idOf(recorderId), (id) =>
        Effect.as(
          log.inspection(`looked for the recorder ${id}`),
          Option.map(Option.fromUndefinedOr(recorders.get(id)), ({ control }) => control.service)
        )
      ),
    recorderIds: Effect.andThen(
      log.inspection("listed the recorders"),
      Effect.sync(() => [...recorders.keys()])
    ),
    stopRecorder,
    stopAndRemoveRecorder,
    beforeRemoval,
    shutdown
  }
  return withInternals(service, { ...internals, scrape })
})

const sourceOf = (control: RecorderControl): Source => ({
  recorderId: control.service.recorderId,
  entityId: control.service.entityId,
  instance: control.instance,
  shown: control.shown,
  largest: (maxSeries) => control.largest(maxSeries),
  statsUnsafe: () => control.statsUnsafe()
})

/** A blank entity id is replaced by a generated one. */
export const entityIdOf = (entityId: string): string => (entityId.trim() === "" ? crypto.randomUUID() : entityId.trim())
