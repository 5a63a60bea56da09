/**
 * Starts a worker thread and communicates with its program over the channel of Effect's worker, until the scope closes.
 */
import type { MessagePort, Worker } from "node:worker_threads"
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as EffectWorker from "effect/workers/Worker"
import { isWorkerError } from "effect/workers/WorkerError"
import { refuse } from "../model/optionChecks.ts"
import { RuntimeFailed, type RuntimeStartError } from "../model/runtimeErrors.ts"
import { InvalidArgument } from "../model/usageErrors.ts"
import type {
  CatalogEntries,
  CatalogMessage,
  DurableSettings,
  ImportMessage,
  ShippingSettings,
  StoreSettings,
  ThreadMessage,
  WorkerMessage
} from "../stream/workerMessages.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { asNodePort } from "../util/nodePort.ts"
import { spawnMarked } from "../worker/metricsThread.ts"
import { ownMessagesOf } from "../worker/ownMessages.ts"
import { decodeStartError } from "../worker/startErrors.ts"

/** A thread whose program has reported its definitions. */
export interface OpenThread {
  readonly metrics: CatalogEntries
  /** The stream's port. */
  readonly port: MessagePort
  /** The port for checkpoints. */
  readonly saved: MessagePort
  /** Makes the worker import a module. Throws if the request cannot be sent. */
  readonly ask: (module: string) => void
  /** Makes the worker send its counts to a store. */
  readonly tell: (states: StoreSettings) => void
  /** Sets whether the thread keeps the process alive. */
  readonly hold: (isHeld: boolean) => void
  readonly terminate: () => void
}

interface ThreadOptions {
  readonly namespace: string
  readonly startTimeout: Duration.Input
  readonly spawn: () => Worker
  readonly durable: DurableSettings | undefined
  /** The store that the worker sends its counts to from the start. */
  readonly states: StoreSettings | undefined
  readonly shipping: ShippingSettings | undefined
  readonly onImport: (message: ImportMessage) => void
  /** Called when the worker has opened its store, or has failed to. */
  readonly onStore: (failure: string | undefined) => void
  /**
   * Called when the thread has ended or failed: in a fiber, at any time before the scope closes, possibly more than
   * once.
   */
  readonly onEnded: (cause: unknown) => void
}

/** The error behind what Effect's worker reports: the error that ended the thread, if there is one. */
const originOf = (cause: Cause.Cause<unknown>): unknown => {
  const error = Cause.squash(cause)
  return isWorkerError(error) ? (error.reason.cause ?? error) : error
}

const isWorker = (value: unknown): value is Worker =>
  Predicate.hasProperty(value, "postMessage") && Predicate.hasProperty(value, "terminate")

export const openThread = (options: ThreadOptions): Effect.Effect<OpenThread, RuntimeStartError, Scope.Scope> => {
  const spawn: Effect.Effect<Worker, RuntimeFailed> = Effect.try({
    try: () => spawnMarked(options.spawn) as unknown,
    catch: (cause) => new RuntimeFailed({ namespace: options.namespace, cause })
  }).pipe(
    Effect.filterOrFail(isWorker, () => {
      const reason = "must return a Worker of node:worker_threads: () => new Worker(...)"
      return new InvalidArgument({ argument: "spawn", reason })
    }),
    // The worker has already reported its end. Without this check the start would wait until it times out.
    Effect.filterOrFail(
      ({ threadId }) => threadId !== -1,
      () =>
        new InvalidArgument({
          argument: "spawn",
          reason: "returned a worker that has ended. Start a new one in each call"
        })
    ),
    Effect.catch(refuse)
  )
  return Effect.flatMap(spawn, (thread) =>
    Effect.provide(
      speakWith(thread, options),
      NodeWorker.layer(() => ownMessagesOf(thread))
    )
  )
}

const speakWith = Effect.fnUntraced(function* (
  thread: Worker,
  { durable, namespace, onEnded, onImport, onStore, shipping, startTimeout, states }: ThreadOptions
): Effect.fn.Return<OpenThread, RuntimeStartError, Scope.Scope | EffectWorker.WorkerPlatform | EffectWorker.Spawner> {
  const failed = (cause: unknown) => new RuntimeFailed({ namespace, cause })
  const catalogSaid = Deferred.makeUnsafe<CatalogMessage, RuntimeStartError>()
  const ended = (cause: unknown): void => {
    Deferred.doneUnsafe(catalogSaid, Effect.fail(failed(cause)))
    onEnded(cause)
  }
  const onMessage = (message: WorkerMessage): void => {
    switch (message._tag) {
      case "Catalog":
        return void Deferred.doneUnsafe(catalogSaid, Effect.succeed(message))
      case "Refused":
        return void Deferred.doneUnsafe(catalogSaid, refuse(decodeStartError(message.error)))
      case "Died":
        return ended(new Error(message.reason))
      case "Imported":
      case "NotImported":
        return onImport(message)
      case "StoreOpened":
        return onStore(message.failure)
    }
  }
  let isHeld = true
  let runs = false
  const hold = (held: boolean): void => {
    isHeld = held
    // unref has an effect only once the thread runs.
    if (!runs) return
    if (held) thread.ref()
    else thread.unref()
  }
  const platform = yield* EffectWorker.WorkerPlatform
  const worker = yield* Effect.mapError(platform.spawn<WorkerMessage, ThreadMessage>(0), failed)
  yield* worker
    .run((message) => Effect.sync(() => onMessage(message)), {
      onSpawn: Effect.sync(() => {
        runs = true
        hold(isHeld)
      })
    })
    .pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.sync(() => ended(originOf(cause)))
      ),
      // Closing waits for the thread to exit, which only the real clock can time.
      withLiveClock,
      Effect.forkScoped({ startImmediately: true })
    )
  // Runs before the fiber above is interrupted: closing the runtime must wait for the thread.
  yield* Effect.addFinalizer(() => Effect.sync(() => void thread.ref()))
  // Until the worker answers, messages to it are queued on this side.
  yield* Effect.mapError(worker.send({ _tag: "Hello", durable, states, shipping }), failed)
  const { metrics, port, saved } = yield* Deferred.await(catalogSaid).pipe(
    Effect.timeoutOrElse({
      duration: startTimeout,
      orElse: () =>
        Effect.fail(
          failed(new Error("the worker has not reported its metrics. Does its entry call MetricsWorker.run?"))
        )
    }),
    withLiveClock,
    // A thread that does not work is terminated rather than asked to end, because it may never listen.
    Effect.onError(() => Effect.sync(() => void thread.terminate()))
  )
  const send = (message: ThreadMessage): void => {
    const exit = Effect.runSyncExit(worker.send(message))
    if (Exit.isFailure(exit)) onEnded(originOf(exit.cause))
  }
  return {
    metrics,
    port: asNodePort(port),
    saved: asNodePort(saved),
    ask: (module) => send({ _tag: "Import", module }),
    tell: (states) => send({ _tag: "Store", states }),
    hold,
    terminate: () => void thread.terminate()
  }
})
