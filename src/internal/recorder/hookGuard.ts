/**
 * A hook of a recorder runs while the recorder waits for it. What would wait for the hook in turn is refused there,
 * instead of hanging for ever.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

export type Hook = "onStarting" | "onStopped" | "onMetricChanged"

interface Running {
  readonly owner: object
  readonly hook: Hook
  /** A fiber that the hook has forked may outlive it, and is free then. */
  over: boolean
}

const RunningHooks = Context.Reference<ReadonlyArray<Running>>("mvx-metrics/internal/RunningHooks", {
  defaultValue: () => []
})

/** Marks `effect`, and every fiber it forks, as running inside a hook of `owner` until `effect` is through. */
export const insideHook = <A, E, R>(
  owner: object,
  hook: Hook,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(RunningHooks, (running) => {
    const here: Running = { owner, hook, over: false }
    return Effect.ensuring(
      Effect.provideService(effect, RunningHooks, [...running, here]),
      Effect.sync(() => {
        here.over = true
      })
    )
  })

/** The hook of `owner` that the present fiber runs in. */
export const currentHook = (owner: object): Effect.Effect<Hook | undefined> =>
  Effect.withFiber((fiber) => Effect.succeed(hookOf(fiber, owner)))

/** The hook of `owner` that a fiber runs in. */
export const hookOf = (fiber: Fiber.Fiber<unknown, unknown>, owner: object): Hook | undefined =>
  fiber.getRef(RunningHooks).findLast((each) => each.owner === owner && !each.over)?.hook
