/**
 * A hook of a recorder runs while the recorder waits for it. What would wait for the hook in turn is refused there,
 * instead of hanging for ever.
 */
import type { AsyncLocalStorage } from "node:async_hooks"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

export type Hook = "onStarting" | "onStopped" | "onMetricChanged"

interface Running {
  readonly owner: object
  readonly hook: Hook
  /** A fiber or promise that the hook has started may outlive it, and is free then. */
  over: boolean
}

const none: ReadonlyArray<Running> = []

const RunningHooks = Context.Reference<ReadonlyArray<Running>>("mvx-metrics/internal/RunningHooks", {
  defaultValue: () => none
})

/**
 * The same for promises: a fiber that one of them starts inherits no reference. Fibers of Effect keep the async context
 * they began in. Made when the first hook runs, because it costs every promise something on older platforms; platforms
 * that lack it have the reference alone.
 */
let storage: AsyncLocalStorage<ReadonlyArray<Running>> | "none" | undefined

const asyncStorage = (): Exclude<typeof storage, undefined> => {
  if (storage === undefined) {
    const hooks = globalThis.process?.getBuiltinModule?.("node:async_hooks")
    storage = hooks === undefined ? "none" : new hooks.AsyncLocalStorage()
  }
  return storage
}

const runningIn = (fiber: Fiber.Fiber<unknown, unknown>): ReadonlyArray<Running> => {
  const known = fiber.getRef(RunningHooks)
  const here = storage === undefined || storage === "none" ? undefined : storage.getStore()
  return here === undefined || here === known ? known : [...known, ...here]
}

/** Marks `effect`, and every fiber and promise it starts, as running inside a hook of `owner` until `effect` is through. */
export const insideHook = <A, E, R>(
  owner: object,
  hook: Hook,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const here: Running = { owner, hook, over: false }
    const running = [...runningIn(fiber), here]
    return Effect.ensuring(
      inAsyncContext(running, Effect.provideService(effect, RunningHooks, running)),
      Effect.sync(() => {
        here.over = true
      })
    )
  })

/** Runs `effect` in a fiber that begins in an async context of its own. */
const inAsyncContext = <A, E, R>(
  running: ReadonlyArray<Running>,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const here = asyncStorage()
  if (here === "none") return effect
  return Effect.contextWith((context: Context.Context<R>) =>
    Effect.callback<A, E>((resume) => {
      const fiber = here.run(running, () => Effect.runForkWith(context)(effect))
      fiber.addObserver(resume)
      return Fiber.interrupt(fiber)
    })
  )
}

/** Runs `start` in no hook: what it starts is not waited for by the hook that happens to run. */
export const outsideHooks = <A>(start: () => A): A =>
  storage === undefined || storage === "none" ? start() : storage.run(none, start)

/** Whether a fiber runs in a hook of anybody. */
export const isInHook = (fiber: Fiber.Fiber<unknown, unknown>): boolean => runningIn(fiber).some(({ over }) => !over)

/** The hook of `owner` that the present fiber runs in. */
export const currentHook = (owner: object): Effect.Effect<Hook | undefined> =>
  Effect.withFiber((fiber) => Effect.succeed(hookOf(fiber, owner)))

/** The hook of `owner` that a fiber runs in. Most programs have none, and each read asks. */
export const hookOf = (fiber: Fiber.Fiber<unknown, unknown>, owner: object): Hook | undefined =>
  storage && runningIn(fiber).findLast((each) => each.owner === owner && !each.over)?.hook
