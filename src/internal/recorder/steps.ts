/** What a recorder does at each step of its lifecycle. */
import * as Effect from "effect/Effect"
import { FoldClosed } from "../link/foldClosed.ts"
import type { HookFailed } from "../model/recorderErrors.ts"
import type { Failure, Steps } from "./lifecycle.ts"
import type { RecorderParts } from "./parts.ts"

export class RecorderSteps implements Steps {
  readonly #parts: RecorderParts

  constructor(parts: RecorderParts) {
    this.#parts = parts
  }

  beforeStart(): void {
    this.#parts.intake.open()
  }

  get starting(): Effect.Effect<void, HookFailed> {
    const { hooks, log } = this.#parts
    return Effect.suspend(() => Effect.andThen(hooks.run("onStarting"), log.lifecycle("started")))
  }

  afterStart(): void {
    this.#parts.intake.flow()
  }

  beforeStop(): void {
    this.#parts.intake.close()
  }

  get stopping(): Effect.Effect<void, HookFailed> {
    const { hooks, hub, intake, log } = this.#parts
    return Effect.gen(function* () {
      yield* Effect.callback<void>((resume) => intake.whenDrained(() => resume(Effect.void)))
      hub.end()
      yield* hooks.run("onStopped")
      yield* log.lifecycle("stopped")
    })
  }

  onFailed({ error, foldLost }: Failure): void {
    const { hooks, hub, intake, lifecycle, log, reads } = this.#parts
    intake.fail()
    const { removed } = lifecycle
    const tell = (): void => {
      hub.fail(error)
      reads.failIfUnreadable()
      // The maker of the recorder is informed about a start that is abandoned.
      if (removed) return
      hooks.fork(error.cause instanceof FoldClosed ? log.lifecycle(error.message) : log.failure(error.message))
    }
    // The loss of a fold affects many recorders: all of them fail before anything is notified.
    if (foldLost) this.nextTurn(tell)
    else tell()
  }

  nextTurn(action: () => void): void {
    this.#parts.laneLink.nextTurn(action)
  }

  fork(operation: Effect.Effect<void>): void {
    const { hooks, laneLink } = this.#parts
    const release = laneLink.hold()
    hooks.fork(Effect.ensuring(operation, Effect.sync(release)))
  }
}
