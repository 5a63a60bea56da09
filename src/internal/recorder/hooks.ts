/**
 * What a recorder runs by itself: its hooks, and everything else that outlives the call that starts it. All of it runs
 * in a scope that closes with the recorder.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { MetricChange } from "../metric/definition/snapshot.ts"
import { HookFailed } from "../model/recorderErrors.ts"
import { giveUpAfter } from "../util/liveClock.ts"
import { type Hook, insideHook } from "./hookGuard.ts"
import type { RecorderLifecycle } from "./lifecycle.ts"
import type { Log } from "./logging.ts"
import type { RecorderOptions } from "./options.ts"

/** The recorder that the hooks belong to. */
interface HookOwner<R> {
  readonly config: { readonly recorderId: string } & Pick<
    RecorderOptions<R>,
    "onStarting" | "onStopped" | "onMetricChanged"
  >
  readonly lifecycle: RecorderLifecycle
  readonly log: Log
}

export class RecorderHooks<R = never> {
  readonly #owner: HookOwner<R>
  readonly #context: Context.Context<R>
  /** Fibers are interrupted in parallel, so that one that does not end cannot block the others. */
  readonly #scope = Scope.makeUnsafe("parallel")
  #closing: Fiber.Fiber<void> | undefined
  #running: Hook | undefined

  /** `context` is what the hooks run in. */
  constructor(owner: HookOwner<R>, context: Context.Context<R>) {
    this.#owner = owner
    this.#context = context
  }

  /**
   * The hook that is running. There is at most one, because events are folded only between `onStarting` and
   * `onStopping`.
   */
  get running(): Hook | undefined {
    return this.#running
  }

  /** Runs an effect in a fiber that ends with the recorder at the latest. */
  fork(effect: Effect.Effect<unknown>): void {
    Fiber.runIn(Effect.runForkWith(this.#context)(effect), this.#scope)
  }

  /** Interrupts everything that runs, and everything started later. */
  interrupt(): Fiber.Fiber<void> {
    this.#closing ??= Effect.runFork(Scope.close(this.#scope, Exit.void))
    return this.#closing
  }

  /** The same. The returned effect waits until everything has ended, for up to this time. */
  end(most: Duration.Input): Effect.Effect<void> {
    const closing = this.interrupt()
    return closing.pollUnsafe() === undefined ? giveUpAfter(most)(Fiber.await(closing)) : Effect.void
  }

  run(hook: "onStarting" | "onStopped"): Effect.Effect<void, HookFailed> {
    const { recorderId, [hook]: effect } = this.#owner.config
    if (effect === undefined) return Effect.void
    // Starts at the next turn, so that the call that emits the first event does not also run the hook.
    return this.#inside(hook, Effect.andThen(Effect.yieldNow, effect)).pipe(
      Effect.asVoid,
      Effect.catchCause((cause) => Effect.fail(new HookFailed({ recorderId, hook, cause: Cause.squash(cause) })))
    )
  }

  /** Runs `onMetricChanged`, if it is defined. */
  get onChange(): ((change: MetricChange) => Effect.Effect<void>) | undefined {
    const { onMetricChanged } = this.#owner.config
    if (onMetricChanged === undefined) return undefined
    return (change) =>
      this.#inside(
        "onMetricChanged",
        Effect.suspend(() => onMetricChanged(change))
      ).pipe(
        Effect.catchCause((cause) =>
          this.#owner.log.warning(`its hook onMetricChanged failed: ${Cause.pretty(cause)}`)
        ),
        Effect.asVoid
      )
  }

  /** In the context in which the recorder was made, which may be a hook of another recorder. */
  #inside<A, E>(hook: Hook, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E> {
    const inside = Effect.suspend(() => {
      this.#running = hook
      return insideHook(this.#owner.lifecycle, hook, effect)
    })
    const ended = Effect.sync(() => {
      this.#running = undefined
    })
    return Effect.provideContext(Effect.ensuring(inside, ended), this.#context)
  }
}
