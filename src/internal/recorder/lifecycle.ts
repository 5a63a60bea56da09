/**
 * `Idle → Starting → Running → Stopping → Stopped | Failed`: which step is allowed when, which callers join a step in
 * progress, and the state after a failure.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { HookFailed, RecorderFailed, type StartError, type StopError } from "../model/recorderErrors.ts"
import type { RecorderState } from "../model/stats.ts"
import { InvalidState } from "../model/usageErrors.ts"
import { currentHook } from "./hookGuard.ts"

/** What the recorder does at each step. */
export interface Steps {
  /** Events may be accepted: immediately, in the call that starts. */
  readonly beforeStart: () => void
  readonly starting: Effect.Effect<void, HookFailed>
  /** Events may go to the fold. */
  readonly afterStart: () => void
  /** No more events are accepted: immediately, in the call that stops. */
  readonly beforeStop: () => void
  readonly stopping: Effect.Effect<void, HookFailed>
  /** The recorder has failed and its state is `Failed`. */
  readonly onFailed: (failure: Failure) => void
  /** Runs `action` at the next turn of the event loop. */
  readonly nextTurn: (action: () => void) => void
  /** Runs an operation in a fiber that outlives the caller. */
  readonly fork: (operation: Effect.Effect<void>) => void
}

export interface Failure {
  readonly error: RecorderFailed
  /** Whether the fold is gone, so that nothing can be read any more. */
  readonly foldLost: boolean
}

type Operation = Deferred.Deferred<void, HookFailed | RecorderFailed>

export class RecorderLifecycle {
  readonly #recorderId: string
  readonly #steps: Steps
  #state: RecorderState = "Idle"
  #failure: Failure | undefined
  #removed = false
  /** The start or stop in progress, or the last one. */
  #operation: Operation = Deferred.makeUnsafe()
  /** The last operation whose fiber has started. It runs to its end. */
  #begun: Operation | undefined
  /** A stop that was requested while the recorder starts. */
  #stopAfterStart: Operation | undefined
  /** Whether it runs because its runtime started it, and `start` was not called since. */
  #startedUnasked = false

  constructor(recorderId: string, steps: Steps) {
    this.#recorderId = recorderId
    this.#steps = steps
  }

  get state(): RecorderState {
    return this.#state
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  get removed(): boolean {
    return this.#removed
  }

  get start(): Effect.Effect<void, StartError> {
    return Effect.gen({ self: this }, function* () {
      yield* this.refuseInHook("be started")
      if (this.#state === "Starting") return yield* Deferred.await(this.#operation)
      if (this.#state === "Running" && this.#startedUnasked && !this.#removed) {
        this.#startedUnasked = false
        return
      }
      if (this.#removed || (this.#state !== "Idle" && this.#state !== "Stopped")) {
        return yield* this.invalidState("be started", "A recorder starts from Idle or Stopped")
      }
      return yield* Deferred.await(this.begin())
    })
  }

  /** The start by the runtime that made it. The user's first `start` joins this one, even after it has ended. */
  get startUnasked(): Effect.Effect<void, StartError> {
    return Effect.suspend(() => {
      this.#startedUnasked = true
      return this.start
    })
  }

  get stop(): Effect.Effect<void, StopError> {
    return Effect.gen({ self: this }, function* () {
      yield* this.refuseInHook("be stopped")
      if (this.#state === "Starting") {
        this.#stopAfterStart ??= Deferred.makeUnsafe()
        return yield* Deferred.await(this.#stopAfterStart)
      }
      if (this.#state === "Stopping") return yield* Deferred.await(this.#operation)
      if (this.#failure !== undefined) return yield* this.#failure.error
      if (this.#state !== "Running") return yield* this.invalidState("be stopped", "Only a running recorder can be")
      return yield* Deferred.await(this.#beginStop(Deferred.makeUnsafe()))
    })
  }

  #beginStop(operation: Operation): Operation {
    this.#state = "Stopping"
    this.#startedUnasked = false
    try {
      this.#steps.beforeStop()
      return this.#run(this.#steps.stopping, "Stopped", operation)
    } catch (defect) {
      if (this.#begun !== operation) this.fail(defect, false)
      throw defect
    }
  }

  /** The first event of a recorder starts it. */
  startIfIdle(): void {
    if (this.#state === "Idle" && !this.#removed) this.begin()
  }

  /** Starts, from `Idle` or `Stopped`. */
  begin(): Operation {
    const before = this.#state
    const operation: Operation = Deferred.makeUnsafe()
    this.#state = "Starting"
    try {
      this.#steps.beforeStart()
      return this.#run(this.#steps.starting, "Running", operation)
    } catch (defect) {
      if (this.#begun !== operation) {
        this.#state = before
        this.#steps.beforeStop()
      }
      throw defect
    }
  }

  fail(cause: unknown, foldLost: boolean): void {
    // The loss of the fold is reported even by a recorder that had failed for another reason.
    if (this.#failure !== undefined && (this.#failure.foldLost || !foldLost)) return
    this.#failure = { error: new RecorderFailed({ recorderId: this.#recorderId, cause }), foldLost }
    this.#state = "Failed"
    this.#steps.onFailed(this.#failure)
    // Waiting callers get the error even if the operation itself never ends.
    const { error } = this.#failure
    if (!foldLost) return
    this.#steps.nextTurn(() => {
      Deferred.doneUnsafe(this.#operation, Exit.fail(error))
      this.#stopIfAsked(Exit.fail(error))
    })
  }

  remove(): void {
    this.#removed = true
  }

  invalidState(operation: string, hint: string): InvalidState {
    const state = this.#removed ? `removed (${this.#state})` : this.#state
    return new InvalidState({ subject: "recorder", id: this.#recorderId, state, operation, hint })
  }

  /** Runs in its own fiber, so that interrupting a caller leaves it running. */
  #run(step: Effect.Effect<void, HookFailed>, then: "Running" | "Stopped", operation: Operation): Operation {
    this.#operation = operation
    const begun = Effect.suspend(() => {
      this.#begun = operation
      return step
    })
    const end = (settled: Exit.Exit<void, HookFailed | RecorderFailed>): void => {
      Deferred.doneUnsafe(operation, settled)
      if (then === "Running") this.#stopIfAsked(settled)
    }
    this.#steps.fork(
      Effect.onExit(begun, (exit) => Effect.sync(() => end(this.#settle(exit, then)))).pipe(
        Effect.catchCause((cause) =>
          // The callers already have the outcome, unless the operation has failed.
          Effect.sync(() => {
            this.fail(Cause.squash(cause), false)
            end(Exit.fail(this.#failure!.error))
          })
        )
      )
    )
    return operation
  }

  /** Carries out a stop that was requested during the start: the start, or its failure, comes first. */
  #stopIfAsked(started: Exit.Exit<void, HookFailed | RecorderFailed>): void {
    const stop = this.#stopAfterStart
    this.#stopAfterStart = undefined
    if (stop === undefined) return
    if (Exit.isSuccess(started)) this.#beginStop(stop)
    else Deferred.doneUnsafe(stop, started)
  }

  #settle(
    exit: Exit.Exit<void, HookFailed>,
    then: "Running" | "Stopped"
  ): Exit.Exit<void, HookFailed | RecorderFailed> {
    if (this.#failure === undefined && Exit.isSuccess(exit)) {
      this.#state = then
      if (then === "Running") this.#steps.afterStart()
      return exit
    }
    const cause = Exit.isFailure(exit) ? this.#whyNot(exit.cause, then) : undefined
    this.fail(cause, false)
    return Exit.fail(cause instanceof HookFailed ? cause : this.#failure!.error)
  }

  #whyNot(cause: Cause.Cause<HookFailed>, then: "Running" | "Stopped"): unknown {
    return this.#removed && Cause.hasInterruptsOnly(cause)
      ? new Error(`it was removed before it had ${then === "Running" ? "started" : "stopped"}`)
      : Cause.squash(cause)
  }

  /** Fails inside a hook of this recorder, where `operation` would wait for the hook. */
  refuseInHook(operation: string): Effect.Effect<void, InvalidState> {
    return Effect.flatMap(currentHook(this), (hook) =>
      hook === undefined
        ? Effect.void
        : Effect.fail(
            this.invalidState(
              `${operation} inside its own hook ${hook}`,
              "This would deadlock. Do it after the hook has finished"
            )
          )
    )
  }
}
