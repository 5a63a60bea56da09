/**
 * For tests that start and shut down a runtime of their own: the contract of both kinds is the same.
 */
import { describe } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { MetricsRuntime, type RuntimeOptions, type RuntimeService } from "mvx-metrics"

/** Makes an idle runtime that shuts down with the scope. */
export type MakeRuntime = (options?: Partial<RuntimeOptions>) => Effect.Effect<RuntimeService, never, Scope.Scope>

const metrics = new URL("./probe.metrics.ts", import.meta.url)

const kinds: { readonly [name: string]: MakeRuntime } = {
  "in process": (options) => MetricsRuntime.makeInProcess({ namespace: "test", logging: "silent", ...options }),
  "on the worker": (options) => MetricsRuntime.makeWorker({ namespace: "test", logging: "silent", metrics, ...options })
}

/** Runs a group of tests twice, once with each kind of runtime. */
export const onBothRuntimes = (name: string, suite: (make: MakeRuntime) => void): void => {
  for (const [kind, make] of Object.entries(kinds)) describe(`${name}, ${kind}`, () => suite(make))
}

/** Makes a runtime and starts it. */
export const started = (make: ReturnType<MakeRuntime>) => Effect.tap(make, (runtime) => runtime.start)
