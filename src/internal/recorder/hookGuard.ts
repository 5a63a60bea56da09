/**
 * A recorder waits for its hooks. Operations that would in turn wait for the hook are refused inside it, instead of
 * hanging for ever.
 */
import type { AsyncLocalStorage } from "node:async_hooks"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

export type Hook = "onStarting" | "onStopped" | "onMetricChanged"

interface Running {
  readonly owner: object
  readonly hook: Hook
  /** A fiber or promise that the hook has started may outlive it, and is then unrestricted. */
  over: boolean
}

const none: ReadonlyArray<Running> = []

const RunningHooks = Context.Reference<ReadonlyArray<Running>>("mvx-metrics/internal/RunningHooks", {
  defaultValue: () => none
})

/**
 * The same for promises: a fiber started by a promise does not inherit references, but fibers of Effect keep the async
 * context in which they started. Created when the first hook runs, because on older platforms it slows every promise
 * down. Platforms without it rely on the reference alone.
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

/** Marks `effect`, and every fiber and promise it starts, as running inside a hook of `owner` until `effect` ends. */
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

/** Runs `effect` in a fiber that starts in its own async context. */
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

/** Runs `start` outside any hook: the hook that is currently running does not wait for what it starts. */
export const outsideHooks = <A>(start: () => A): A =>
  storage === undefined || storage === "none" ? start() : storage.run(none, start)

/** Whether a fiber runs in any hook. */
export const isInHook = (fiber: Fiber.Fiber<unknown, unknown>): boolean => runningIn(fiber).some(({ over }) => !over)

/** The hook of `owner` that the current fiber runs in. */
export const currentHook = (owner: object): Effect.Effect<Hook | undefined> =>
  Effect.withFiber((fiber) => Effect.succeed(hookOf(fiber, owner)))

/** The hook of `owner` that a fiber runs in. Most programs have no hooks, and every read checks. */
export const hookOf = (fiber: Fiber.Fiber<unknown, unknown>, owner: object): Hook | undefined =>
  storage && runningIn(fiber).findLast((each) => each.owner === owner && !each.over)?.hook
