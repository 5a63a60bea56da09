/**
 * A hook of a recorder runs while the recorder waits for it. What would wait for the hook in turn is refused there,
 * instead of hanging for ever.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export type Hook = "onStarting" | "onStopped" | "onMetricChanged"

interface Running {
  readonly owner: object
  readonly hook: Hook
}

const RunningHooks = Context.Reference<ReadonlyArray<Running>>("mvx-metrics/internal/RunningHooks", {
  defaultValue: () => []
})

/** Marks `effect`, and every fiber it forks, as running inside a hook of `owner`. */
export const insideHook = <A, E, R>(
  owner: object,
  hook: Hook,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(RunningHooks, (running) => Effect.provideService(effect, RunningHooks, [...running, { owner, hook }]))

/** The hook of `owner` that the present fiber runs in. */
export const currentHook = (owner: object): Effect.Effect<Hook | undefined> =>
  Effect.map(RunningHooks, (running) => running.findLast((each) => each.owner === owner)?.hook)
