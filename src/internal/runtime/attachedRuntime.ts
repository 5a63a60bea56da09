/**
 * The runtime of an attached thread: its recorders belong to this thread, and their events are folded by the worker of
 * another thread's runtime.
 */
import type { MessagePort } from "node:worker_threads"
import { threadId } from "node:worker_threads"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Scheduler } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import { refuse, whyInvalidOptions } from "../model/optionChecks.ts"
import { RecorderFailed } from "../model/recorderErrors.ts"
import { RuntimeFailed, type RuntimeStartError } from "../model/runtimeErrors.ts"
import { recorderDefaults } from "../recorder/defaults.ts"
import { type RecorderOptions, recorderOptionChecks } from "../recorder/options.ts"
import { fixedBytesOf } from "../stream/rows/page.ts"
import { StreamWords } from "../stream/rows/streamWords.ts"
import { type AttachedLink, makeAttachedLink } from "../threads/attachedLink.ts"
import { findRuntime } from "../threads/finding.ts"
import type { FromThread, ToThread, Welcome } from "../threads/messages.ts"
import { within, withLiveClock } from "../util/liveClock.ts"
import { asNodePort } from "../util/nodePort.ts"
import { durationText, millisOf } from "../util/timing.ts"
import { TurnActions } from "../util/turnActions.ts"
import { Version } from "../util/version.ts"
import { makeRuntime } from "./makeRuntime.ts"
import { defaultMemoryLimit, runtimeOptionChecks } from "./options.ts"
import type { RuntimeService } from "./service.ts"
import { type ThreadOptions, whyInvalidAttach } from "./threadOptions.ts"

/** Attaches this thread, and starts the runtime that represents it here. */
export const makeAttached = Effect.fnUntraced(function* (
  options: ThreadOptions = {}
): Effect.fn.Return<RuntimeService, RuntimeStartError, Scope.Scope> {
  yield* refuse(whyInvalidAttach(options))
  const { namespace: wanted, port: given, startTimeout = "10 seconds", ...own } = options
  const words = new StreamWords()
  const failed = (cause: unknown) => new RuntimeFailed({ namespace: wanted ?? "an attached thread", cause })
  const notAnswered = (most: Duration.Input) =>
    new Error(`the main thread has not answered within ${durationText(most)}. It may be busy`)
  const find = Effect.tryPromise({
    try: () => findRuntime(wanted?.trim(), millisOf(startTimeout)),
    catch: (cause) => cause
  })
  const mostBytes = options.memoryLimit ?? defaultMemoryLimit
  const { control, memory, namespace, port } = yield* Effect.flatMap(
    given === undefined ? find : Effect.succeed(asNodePort(given)),
    (port) =>
      greet(port, words, fixedBytesOf(mostBytes)).pipe(
        Effect.map((welcome) => ({ ...welcome, port })),
        Effect.onError(() => Effect.sync(() => port.close()))
      )
  ).pipe(
    Effect.timeoutOrElse({ duration: startTimeout, orElse: () => Effect.fail(notAnswered(startTimeout)) }),
    withLiveClock,
    Effect.mapError(failed)
  )
  const totals = new Map<string, string | false | undefined>()
  let attached: AttachedLink | undefined
  const openLink = Effect.gen(function* () {
    const nextTurn = new TurnActions((yield* Scheduler).makeDispatcher())
    const made = makeAttachedLink({ port, control, memory, words, mostBytes, totals, nextTurn: nextTurn.add })
    attached = made
    yield* Effect.addFinalizer(() => Effect.sync(made.close))
    return made.link
  })
  // What recorders leave goes to totals of the main thread.
  const runtime = yield* makeRuntime({ ...own, namespace, totalOfRemoved: false }, runtimeOptionChecks, openLink)
  yield* runtime.start
  const waitTimeout = options.waitTimeout ?? recorderDefaults.waitTimeout
  /** Has the main thread reserve room for a recorder. */
  const reserved = (recorderId: string) =>
    within(waitTimeout, () => Effect.fail(new RecorderFailed({ recorderId, cause: notAnswered(waitTimeout) })))(
      attached!.reserved
    )
  const here = <R>(recorderId: string, own: RecorderOptions<R> | undefined) => {
    // Refused later, by the registration itself.
    if (typeof recorderId !== "string" || whyInvalidOptions(own, recorderOptionChecks) !== undefined) return own
    const { totalOfRemoved, ...rest } = own ?? {}
    totals.set(recorderId.trim(), typeof totalOfRemoved === "string" ? totalOfRemoved.trim() : totalOfRemoved)
    return rest as RecorderOptions<R>
  }
  const reserving = <Make extends RuntimeService["recorder"] | RuntimeService["createRecorder"]>(make: Make): Make =>
    ((recorderId, own) =>
      Effect.andThen(
        reserved(recorderId),
        Effect.suspend(() => make(recorderId, here(recorderId, own)))
      )) as Make
  return Object.freeze<RuntimeService>({
    ...runtime,
    recorder: reserving(runtime.recorder),
    createRecorder: reserving(runtime.createRecorder)
  })
})

/** Identifies this thread. The answer is the last message that is received here. */
const greet = (port: MessagePort, words: StreamWords, bytes: number): Effect.Effect<Welcome, Error> =>
  Effect.callback((resume) => {
    const onMessage = (message: ToThread): void => {
      port.off("close", onClose)
      if (message._tag === "Welcome") resume(Effect.succeed(message))
      else resume(Effect.fail(new Error(message._tag === "Refused" ? message.reason : "it did not answer")))
    }
    const onClose = (): void => resume(Effect.fail(new Error("the runtime of the main thread has ended")))
    port.once("message", onMessage)
    port.once("close", onClose)
    port.postMessage({ _tag: "Hello", version: Version, threadId, words: words.buffer, bytes } satisfies FromThread)
  })
