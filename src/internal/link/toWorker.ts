/**
 * A link to a fold in a worker thread. Events lie in memory that both threads see. Whatever else belongs to the stream
 * goes as messages over a port of its own; what concerns the thread itself goes over the channel of Effect's worker.
 */

import type { Worker } from "node:worker_threads"
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import { Scheduler } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as EffectWorker from "effect/workers/Worker"
import { isWorkerError } from "effect/workers/WorkerError"
import { InvalidArgument, RuntimeFailed, type RuntimeStartError } from "../model/errors.ts"
import { refuse } from "../model/optionChecks.ts"
import type { CatalogMessage, FoldReply, ThreadMessage, WorkerMessage } from "../stream/protocol.ts"
import { describeError } from "../util/describeError.ts"
import { withLiveClock } from "../util/liveClock.ts"
import { NextTurn } from "../util/nextTurn.ts"
import { isError } from "../util/realms.ts"
import { spawnMarked } from "../worker/metricsThread.ts"
import { ownMessagesOf } from "../worker/ownMessages.ts"
import type { ModuleImports } from "../worker/spawnForModules.ts"
import { decodeStartError } from "../worker/startErrors.ts"
import { FoldPort } from "./foldPort.ts"
import type { Link } from "./link.ts"
import { type LinkControl, makeLink } from "./makeLink.ts"
import { threadCarrier } from "./threadCarrier.ts"
import { WorkerCatalog } from "./workerCatalog.ts"

/** The error behind what Effect's worker reports: the one that the thread died of, where there is one. */
const originOf = (cause: Cause.Cause<unknown>): unknown => {
  const error = Cause.squash(cause)
  return isWorkerError(error) ? (error.reason.cause ?? error) : error
}

interface LinkOptions {
  readonly namespace: string
  readonly startTimeout: Duration.Input
  /** Most bytes of memory that events may lie in. */
  readonly memoryLimit: number
  /** What the packaged worker needs to import modules; a worker of the application's own imports none. */
  readonly modules?: ModuleImports | undefined
}

export const makeWorkerLink = (
  options: LinkOptions & { readonly spawn: () => Worker }
): Effect.Effect<Link, RuntimeStartError, Scope.Scope> => {
  const spawn: Effect.Effect<Worker, RuntimeFailed> = Effect.try({
    try: () => spawnMarked(options.spawn) as unknown,
    catch: (cause) => new RuntimeFailed({ namespace: options.namespace, cause })
  }).pipe(
    Effect.filterOrFail(isWorker, () => {
      const reason = "must give a Worker of node:worker_threads: () => new Worker(...)"
      return new InvalidArgument({ argument: "spawn", reason })
    }),
    // It would be waited for until the start has timed out, since it has said already that it ends.
    Effect.filterOrFail(
      ({ threadId }) => threadId !== -1,
      () =>
        new InvalidArgument({ argument: "spawn", reason: "gave a worker that has ended. Start a new one in each call" })
    ),
    Effect.catch(refuse)
  )
  return Effect.flatMap(spawn, (thread) =>
    Effect.provide(
      linkTo(thread, options),
      NodeWorker.layer(() => ownMessagesOf(thread))
    )
  )
}

const isWorker = (value: unknown): value is Worker =>
  Predicate.hasProperty(value, "postMessage") && Predicate.hasProperty(value, "terminate")

const linkTo = Effect.fnUntraced(function* (
  thread: Worker,
  options: LinkOptions
): Effect.fn.Return<Link, RuntimeStartError, Scope.Scope | EffectWorker.WorkerPlatform | EffectWorker.Spawner> {
  const failed = (cause: unknown) => new RuntimeFailed({ namespace: options.namespace, cause })
  const catalogSaid = Deferred.makeUnsafe<CatalogMessage, RuntimeStartError>()
  let control: LinkControl | undefined
  let catalog: WorkerCatalog | undefined
  let port: FoldPort | undefined
  let holds = 0

  const fail = (cause: unknown): void => {
    port?.drain()
    Deferred.doneUnsafe(catalogSaid, Effect.fail(failed(cause)))
    control?.fail(cause)
    catalog?.fail(cause)
  }

  const onMessage = (message: WorkerMessage): void => {
    switch (message._tag) {
      case "Catalog":
        return void Deferred.doneUnsafe(catalogSaid, Effect.succeed(message))
      case "Refused":
        return void Deferred.doneUnsafe(catalogSaid, refuse(decodeStartError(message.error)))
      case "Died":
        return fail(new Error(message.reason))
      case "Imported":
      case "NotImported":
        return catalog?.answer(message)
    }
  }

  const onReply = (reply: FoldReply): void =>
    reply._tag === "Idle" ? control?.writer.readerIdle() : control?.deliver(reply)

  /** While nobody waits for an answer, the thread does not keep the process alive. */
  const hold = (): (() => void) => {
    if (holds++ === 0) thread.ref()
    let held = true
    return () => {
      if (held && --holds === 0) thread.unref()
      held = false
    }
  }

  const { add: later } = new NextTurn((yield* Scheduler).makeDispatcher())
  const platform = yield* EffectWorker.WorkerPlatform
  const worker = yield* Effect.mapError(platform.spawn<WorkerMessage, ThreadMessage>(0), failed)
  const released = hold()
  yield* worker
    .run((message) => Effect.sync(() => onMessage(message)), {
      // unref has an effect only once the thread runs.
      onSpawn: Effect.sync(released)
    })
    .pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.sync(() => fail(originOf(cause)))
      ),
      // Closing waits for the thread to exit, for a time that only the real clock can tell.
      withLiveClock,
      Effect.forkScoped({ startImmediately: true })
    )
  // Runs before the fiber above is ended: whoever closes the runtime waits for the thread.
  yield* Effect.addFinalizer(() => Effect.sync(() => void thread.ref()))
  // Until the worker answers, messages to it are kept on this side.
  yield* Effect.mapError(worker.send({ _tag: "Hello" }), failed)
  const said = yield* Deferred.await(catalogSaid).pipe(
    Effect.timeoutOrElse({
      duration: options.startTimeout,
      orElse: () =>
        Effect.fail(
          failed(new Error("the worker has not said which metrics it has. Does its entry call MetricsWorker.run?"))
        )
    }),
    withLiveClock,
    // A thread that does not work is not asked to end: it may never listen.
    Effect.onError(() => Effect.sync(() => void thread.terminate()))
  )
  const foldPort = yield* Effect.acquireRelease(
    Effect.sync(() => new FoldPort(said.port, onReply, fail, later)),
    (opened) => Effect.sync(() => opened.close())
  )
  port = foldPort
  catalog = new WorkerCatalog(said.metrics, options.modules, {
    ask: (module) => {
      const exit = Effect.runSyncExit(worker.send({ _tag: "Import", module }))
      if (Exit.isFailure(exit)) fail(originOf(exit.cause))
    },
    hold,
    later
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => catalog?.fail(new Error("the runtime was shut down"))))
  const made = yield* Effect.try({
    try: () =>
      makeLink({
        catalog,
        mostBytes: options.memoryLimit,
        carrier: threadCarrier(foldPort),
        allocateCounters: (bytes) => new SharedArrayBuffer(bytes),
        hold,
        later,
        afterFold: foldPort.afterFold,
        terminate: () => void thread.terminate()
      }),
    catch: (error) => {
      if (!(isError(error) && error.name === "RangeError")) return failed(error)
      const bytes = `${options.memoryLimit} bytes (${describeError(error)})`
      return failed(new Error(`memoryLimit: could not be allocated: ${bytes}. Use a smaller memoryLimit`))
    }
  })
  control = made
  yield* Effect.addFinalizer(() => Effect.sync(() => made.writer.close()))
  return made.link
})
