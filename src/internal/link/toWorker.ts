/**
 * A link to a fold in a worker thread. Events lie in memory that both threads can access. The rest of the stream
 * travels as messages over its own port, and messages about the thread itself use the channel of Effect's worker.
 *
 * If a thread ends, another one replaces it and resumes from the last checkpoint. The only visible effect on this side
 * is a delay.
 */
import type { Worker } from "node:worker_threads"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schedule from "effect/Schedule"
import { Scheduler } from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { placeOf } from "../durable/places.ts"
import { type Place, PlacePosition, PlaceSequence, PlaceTurns, placeIn } from "../fold/place.ts"
import { RuntimeFailed, type RuntimeStartError } from "../model/runtimeErrors.ts"
import type { Restore } from "../stream/restore.ts"
import { PageWords } from "../stream/rows/page.ts"
import type { DurableSettings, FoldReply, ShippingSettings } from "../stream/workerMessages.ts"
import { PagesAtOnce } from "../stream/workerMessages.ts"
import { describeError } from "../util/describeError.ts"
import { Holds } from "../util/holds.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { isError } from "../util/realms.ts"
import { durationText, millisOf } from "../util/timing.ts"
import { TurnActions } from "../util/turnActions.ts"
import type { ModuleImports } from "../worker/spawnForModules.ts"
import type { FlightLog } from "./flightLog.ts"
import { FoldPort } from "./foldPort.ts"
import type { Link } from "./link.ts"
import type { LinkControl } from "./linkControl.ts"
import { makeLink } from "./makeLink.ts"
import { type OpenThread, openThread } from "./openThread.ts"
import { causeOfStart, defaultRestart, restartsOf } from "./restarts.ts"
import { ThreadCarrier } from "./threadCarrier.ts"
import { Watchdog } from "./watchdog.ts"
import { WorkerCatalog } from "./workerCatalog.ts"

interface LinkOptions {
  readonly namespace: string
  readonly startTimeout: Duration.Input
  /** The maximum size in bytes of the memory for events. */
  readonly memoryLimit: number
  /** What the packaged worker needs to import modules. An application's own worker imports none. */
  readonly modules?: ModuleImports | undefined
  readonly spawn: () => Worker
  /** Keeps the end of the log, for a flight recorder. */
  readonly flightLog?: FlightLog | undefined
  /** The schedule by which an ended thread is replaced. */
  readonly restart: Schedule.Schedule<unknown, unknown> | undefined
  /** How long a thread that has work may make no progress. */
  readonly stallTimeout: Duration.Input
  readonly durable: DurableSettings | undefined
  readonly shipping: ShippingSettings | undefined
}

const layerOnWorker =
  "a layer cannot be sent to the worker. Name the store by its module, as RedisStore.make and MetricsStore.module do, or pass it to MetricsWorker.run"

/** The end of the range that the fold was reading when it ended. What ended it lies within that range. */
const carefulTo = (place: Int32Array, written: number): number => {
  // If the words have wrapped around relative to the position, it lies below the end of what was written.
  const behind = (written - place[PlacePosition]!) >>> 0
  return Math.min(written, written - behind + (PagesAtOnce + 1) * PageWords)
}

/** A thread in a scope of its own. */
interface Opened {
  readonly thread: OpenThread
  readonly scope: Scope.Closeable
  /** Why the thread has ended. */
  readonly ended: Deferred.Deferred<unknown>
}

/** The thread that folds. */
interface Current extends Opened {
  readonly port: FoldPort
  /** Why the port has closed. It closes when the thread ends. */
  readonly closed: Deferred.Deferred<unknown>
  /** Completes when the thread makes no progress. */
  readonly stuck: Deferred.Deferred<unknown>
}

/** How long a thread may take to end after it has closed the port or was terminated. */
const EndsWithin = "1 second"

/**
 * Why the thread has ended, once it has. Nothing of it may still run when its replacement starts: it could mark pages
 * as read that the replacement needs, after a checkpoint that nothing receives any more.
 */
const endOf = Effect.fnUntraced(function* ({ closed, ended, stuck, thread }: Current) {
  const mustEnd = Effect.raceFirst(
    Deferred.await(stuck),
    Effect.tap(Deferred.await(closed), () => Effect.sleep(EndsWithin))
  )
  const cause = yield* Effect.raceFirst(Deferred.await(ended), mustEnd)
  thread.terminate()
  yield* Effect.timeoutOption(Deferred.await(ended), EndsWithin)
  return cause
})

export const makeWorkerLink = Effect.fnUntraced(function* (
  options: LinkOptions
): Effect.fn.Return<Link, RuntimeStartError, Scope.Scope> {
  // The scope of all threads, whenever they are started. It closes when nothing on this side communicates with them any
  // more.
  const threads = yield* Scope.fork(yield* Effect.scope)
  const { add: nextTurn } = new TurnActions((yield* Scheduler).makeDispatcher())
  const watchdog = new Watchdog(millisOf(options.stallTimeout), {
    isBehind: () =>
      control !== undefined &&
      catalog?.isImporting !== true &&
      (current!.port.place[PlacePosition] !== (control.writer.publishedPosition | 0) ||
        [...carrier.streams.values()].some(({ isBehind }) => isBehind)),
    progress: () => {
      const { place } = current!.port
      return (control?.progress() ?? 0) + place[PlaceTurns]! + place[PlaceSequence]!
    },
    onSlow: (millis) => control!.slow(`${stuck(millis)}${control!.describe(placeIn(current!.port.place))}`),
    onStuck: (millis) => {
      Deferred.doneUnsafe(current!.stuck, Effect.succeed(new Error(stuck(millis))))
    }
  })
  const stuck = (millis: number): string => `the worker has made no progress for ${durationText(millis)}`
  const carrier = new ThreadCarrier(watchdog)
  yield* Effect.addFinalizer(() => Effect.sync(() => watchdog.stop()))
  let current: Current | undefined
  let control: LinkControl | undefined
  let catalog: WorkerCatalog | undefined
  /** The thread keeps the process alive only while an answer is awaited. */
  const holds = new Holds((isHeld) => current?.thread.hold(isHeld))
  const { hold } = holds
  /** Completed by the current thread, or by its replacement. */
  let storeOpened = Deferred.makeUnsafe<void, Error>()

  const giveUp = (cause: unknown): void => {
    control?.fail(cause)
    catalog?.fail(cause)
  }

  const onReply = (reply: FoldReply): void =>
    reply._tag === "Idle" ? control?.writer.readerIdle() : control?.deliver(reply)

  const open: Effect.Effect<Opened, RuntimeStartError> = Effect.gen(function* () {
    const scope = yield* Scope.fork(threads)
    const ended = Deferred.makeUnsafe<unknown>()
    const { durable } = options
    const thread = yield* openThread({
      ...options,
      // The state that was read is part of what is kept, see FoldThread.
      durable: durable && { ...durable, reads: carrier.kept.segments.size === 0 },
      states: control?.link.store.next(),
      onStore: (failure) =>
        Deferred.doneUnsafe(storeOpened, failure === undefined ? Effect.void : Effect.fail(new Error(failure))),
      onImport: (message) => catalog?.answer(message),
      onEnded: (cause) => Deferred.doneUnsafe(ended, Effect.succeed(cause))
    }).pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    return { thread, scope, ended }
  })

  /** Makes this thread the one that folds. */
  const connect = (opened: Opened, restore: Restore | undefined): void => {
    const closed = Deferred.makeUnsafe<unknown>()
    const onEnded = (cause: unknown): void => void Deferred.doneUnsafe(closed, Effect.succeed(cause))
    const listener = { onReply, onDefect: giveUp, onEnded, nextTurn }
    const port = new FoldPort(opened.thread.port, carrier.control, listener, restore)
    carrier.kept.listen(opened.thread.saved)
    carrier.connect(port)
    opened.thread.hold(holds.isHeld)
    current = { ...opened, port, closed, stuck: Deferred.makeUnsafe() }
  }

  /** Everything that the thread has sent is still received. */
  const disconnect = (): void => {
    current?.port.drain()
    carrier.kept.receive()
    current?.port.close()
    carrier.disconnect()
    current = undefined
  }

  const nextRestart = yield* restartsOf(options.restart ?? defaultRestart)

  /** Opens a thread with the modules that its predecessors had imported. */
  const openAgain: Effect.Effect<Opened, unknown> = Effect.tap(open, ({ scope, thread }) =>
    Effect.onError(catalog!.renew(thread.metrics, thread.ask, options.startTimeout), () =>
      Effect.forkIn(Scope.close(scope, Exit.void), threads)
    )
  )

  /** Replaces an ended thread, repeatedly if necessary, until a new one folds. Fails when the schedule gives up. */
  const replace = Effect.fnUntraced(function* (
    cause: unknown,
    place: Place | undefined,
    careful: number
  ): Effect.fn.Return<void, unknown> {
    let delay = yield* nextRestart(cause)
    control!.restarting(cause, place)
    for (;;) {
      yield* Effect.sleep(delay)
      const exit = yield* Effect.exit(openAgain)
      if (Exit.isSuccess(exit)) return connect(exit.value, control!.restore(careful))
      delay = yield* nextRestart(causeOfStart(exit.cause))
    }
  })

  /** Supervises one thread after another. */
  const supervised = Effect.gen(function* () {
    for (;;) {
      const { port, scope } = current!
      const cause = yield* endOf(current!)
      const careful = carefulTo(port.place, control!.writer.position)
      disconnect()
      catalog!.failImports(cause)
      yield* Effect.forkIn(Scope.close(scope, Exit.void), threads)
      yield* replace(cause, placeIn(port.place), careful)
      control!.restarted()
    }
  })

  const first = yield* open
  connect(first, undefined)
  catalog = new WorkerCatalog(first.thread.metrics, options.modules, {
    ask: (module) => current?.thread.ask(module),
    hold,
    nextTurn
  })
  control = yield* Effect.try({
    try: () =>
      makeLink({
        catalog,
        mostBytes: options.memoryLimit,
        carrier,
        kept: carrier.kept,
        attached: carrier,
        flightLog: options.flightLog,
        durablePlace: options.durable && placeOf(options.durable),
        tellStore: (settings, own) =>
          Effect.suspend(() => {
            if (own !== undefined) return Effect.fail(new Error(layerOnWorker))
            storeOpened = Deferred.makeUnsafe()
            const release = hold()
            current?.thread.tell(settings)
            return Effect.ensuring(Deferred.await(storeOpened), Effect.sync(release))
          }),
        ships: options.shipping !== undefined,
        allocateCounters: (bytes) => new SharedArrayBuffer(bytes),
        hold,
        nextTurn,
        unwanted: (unwanted) => current?.port.post(unwanted),
        afterFold: (action) => (current === undefined ? nextTurn(action) : current.port.afterFold(action)),
        receive: () => current?.port.drain(),
        terminate: () => current?.thread.terminate()
      }),
    catch: (error) => {
      if (!(isError(error) && error.name === "RangeError")) {
        return new RuntimeFailed({ namespace: options.namespace, cause: error })
      }
      const bytes = `${options.memoryLimit} bytes (${describeError(error)})`
      const cause = new Error(`memoryLimit: could not be allocated: ${bytes}. Use a smaller memoryLimit`)
      return new RuntimeFailed({ namespace: options.namespace, cause })
    }
  })
  const { close, link } = control
  yield* supervised.pipe(
    Effect.catch((cause) => Effect.sync(() => giveUp(cause))),
    withLiveClock,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      close()
      catalog.fail(new Error("the runtime was shut down"))
      current?.port.close()
    })
  )
  return link
})
