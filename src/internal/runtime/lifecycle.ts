/** `Idle → Starting → Running → Stopping → Closed | Failed`: how a runtime gets its fold, and how it releases it. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { FoldClosed } from "../link/foldClosed.ts"
import type { Link, RestartEvent } from "../link/link.ts"
import { refuseInMetricsModule } from "../model/importedModules.ts"
import { RuntimeFailed, type RuntimeStartError } from "../model/runtimeErrors.ts"
import { InvalidState } from "../model/usageErrors.ts"
import type { Log } from "../recorder/logging.ts"
import { messageOf } from "../util/describeError.ts"
import { giveUpAfter, within, withLiveClock } from "../util/liveClock.ts"
import type { RuntimeOptions, RuntimeState } from "./options.ts"
import { claimNamespace, namespaceShared } from "./runningNamespaces.ts"
import { StateChanges } from "./stateChanges.ts"

interface LifecycleOptions {
  readonly namespace: string
  readonly log: Log
  /** The context in which the runtime was made. */
  readonly context: Context.Context<never>
  readonly shutdownTimeout: Duration.Input
  /** Opens the link to the fold. Its scope is that of the running fold. */
  readonly makeLink: Effect.Effect<Link, RuntimeStartError, Scope.Scope>
  /** Runs once with the link, in the step in which the runtime starts to run. */
  readonly onOpened: (link: Link) => void
  readonly onStateChanged: RuntimeOptions["onStateChanged"]
}

export class RuntimeLifecycle {
  readonly namespace: string
  readonly log: Log
  readonly shutdownTimeout: Duration.Input
  readonly #options: LifecycleOptions
  readonly #foldScope = Scope.makeUnsafe()
  readonly #started = Deferred.makeUnsafe<void, RuntimeStartError>()
  readonly #changes = new StateChanges()
  #state: RuntimeState = "Idle"
  #link: Link | undefined
  #isTerminated = false
  #restarts = 0
  /** The start in progress, or the last one. */
  #opening: Fiber.Fiber<unknown, unknown> | undefined

  constructor(options: LifecycleOptions) {
    this.namespace = options.namespace
    this.log = options.log
    this.shutdownTimeout = options.shutdownTimeout
    this.#options = options
  }

  get state(): RuntimeState {
    return this.#state === "Running" && this.#link?.isRestarting() === true ? "Restarting" : this.#state
  }

  /** The current state and each state from now on. */
  get states(): Stream.Stream<RuntimeState> {
    return this.#changes.stream
  }

  #become(state: RuntimeState): void {
    this.#state = state
    this.#announce()
  }

  #announce(): void {
    const { onStateChanged } = this.#options
    const { log, state } = this
    if (!this.#changes.announce(state) || onStateChanged === undefined) return
    const told = Effect.catchCause(
      Effect.suspend(() => onStateChanged(state)),
      (cause) => log.warning(`onStateChanged failed for ${state}: ${Cause.pretty(cause)}`)
    )
    this.inBackground(told)
  }

  /** Whether recorders can be made and read. */
  get isRunning(): boolean {
    return this.#state === "Running"
  }

  /** Present once it has started. */
  get link(): Link | undefined {
    return this.#link
  }

  invalidState(operation: string, hint: string): InvalidState {
    return new InvalidState({ subject: "runtime", id: this.namespace, state: this.#state, operation, hint })
  }

  /** The error of an operation that requires a running runtime. */
  notRunning(operation: string): InvalidState {
    return this.invalidState(
      operation,
      "Start the runtime first. A runtime that has closed or failed cannot be restarted; create a new one"
    )
  }

  /** Runs in its own fiber, so that interrupting a caller leaves it running. */
  inBackground(effect: Effect.Effect<unknown>): Fiber.Fiber<unknown> {
    return Effect.runForkWith(this.#options.context)(effect)
  }

  warn(text: string): void {
    this.inBackground(this.log.warning(text))
  }

  // --- the start

  get start(): Effect.Effect<void, RuntimeStartError | InvalidState> {
    return Effect.suspend(() => {
      if (this.#state === "Running") return Effect.void
      if (this.#state === "Idle") {
        this.#become("Starting")
        this.#opening = this.inBackground(Deferred.into(this.#open, this.#started))
      } else if (this.#state !== "Starting") {
        return Effect.fail(this.invalidState("be started", "A runtime is started once; make another one"))
      }
      return Deferred.await(this.#started)
    })
  }

  /** How often an ended worker was replaced. */
  get restarts(): number {
    return this.#restarts
  }

  get #open(): Effect.Effect<void, RuntimeStartError> {
    const { log } = this
    const { makeLink } = this.#options
    const open = Effect.flatMap(Scope.provide(makeLink, this.#foldScope), (link) => this.#opened(link))
    const failed = (logged: Effect.Effect<void>) => {
      this.#become("Failed")
      return Effect.andThen(logged, this.closeFold(false))
    }
    return Effect.andThen(
      // Not logged, because the importer of the module reports it.
      Effect.tapCause(refuseInMetricsModule, () => failed(Effect.void)),
      Effect.tapCause(open, (cause) => failed(log.failure(`runtime failed to start: ${Cause.pretty(cause)}`)))
    )
  }

  #opened(link: Link): Effect.Effect<void> {
    const { log } = this
    this.#link = link
    this.#become("Running")
    link.onFailure((cause) => this.#onLinkFailure(cause))
    link.onRestart((event) => this.#onRestart(event))
    this.#options.onOpened(link)
    const { isShared, release } = claimNamespace(this.namespace)
    return Scope.addFinalizer(this.#foldScope, Effect.sync(release)).pipe(
      Effect.andThen(log.lifecycle("runtime started")),
      Effect.andThen(isShared ? log.warning(namespaceShared) : Effect.void)
    )
  }

  #onLinkFailure(cause: unknown): void {
    if (this.#isTerminated) return
    if (this.#state === "Running") this.#become("Failed")
    const message = `the fold is gone: ${messageOf(cause)}`
    this.inBackground(cause instanceof FoldClosed ? this.log.lifecycle(message) : this.log.failure(message))
  }

  #onRestart(event: RestartEvent): void {
    this.#announce()
    switch (event._tag) {
      case "Slow":
        return this.warn(event.reason)
      case "Restarting":
        return this.warn(`the worker has ended${event.where}, and is being replaced: ${messageOf(event.cause)}`)
      case "Restarted":
        this.#restarts++
        this.inBackground(this.log.lifecycle("the worker was replaced, and nothing is lost"))
    }
  }

  // --- the end

  /** Waits for a start in progress, and abandons it if it does not end in time. */
  get startedOrGivenUp(): Effect.Effect<void> {
    const { namespace, shutdownTimeout } = this
    return within(shutdownTimeout, () => {
      const cause = new Error("it was shut down before it had started")
      Deferred.doneUnsafe(this.#started, Effect.fail(new RuntimeFailed({ namespace, cause })))
      return this.#opening === undefined ? Effect.void : giveUpAfter("1 second")(Fiber.interrupt(this.#opening))
    })(Effect.exit(Deferred.await(this.#started)))
  }

  beginStop(): void {
    if (this.#state !== "Failed") this.#become("Stopping")
  }

  /**
   * Ends the thread: it is asked to end, and terminated if it does not end in time, or immediately if it is `stuck`.
   */
  closeFold(stuck: boolean): Effect.Effect<void> {
    const terminate = Effect.sync(() => {
      this.#isTerminated = true
      this.#link?.terminate()
    })
    return Effect.gen({ self: this }, function* () {
      if (stuck) yield* terminate
      const closing = yield* Effect.forkDetach(withLiveClock(Scope.close(this.#foldScope, Exit.void)), {
        startImmediately: true
      })
      const closed = Fiber.await(closing)
      yield* within(this.shutdownTimeout, () => Effect.andThen(terminate, giveUpAfter("1 second")(closed)))(closed)
    })
  }

  closed(): void {
    if (this.#state !== "Failed") this.#become("Closed")
  }
}
