// A store whose functions cannot be interrupted and never return: its users still end within their limits.
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { MetricsRuntime } from "mvx-metrics"
import { MetricsCluster } from "mvx-metrics/MetricsCluster"
import { EventStore, MetricsStore, StateStore } from "mvx-metrics/MetricsStore"
import { MetricsStream } from "mvx-metrics/MetricsStream"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { ShopMetrics, sale } from "../cluster/fixtures/shop.metrics.ts"
import { simulatingOutside } from "../streams/support/processes.ts"

const namespace = "test.uninterruptible"
const metrics = [ShopMetrics]
const never = () => Effect.uninterruptible(Effect.never)

const states = Layer.succeed(StateStore, { place: "theirs", write: never, read: never, retire: never, forget: never })
const events = Layer.succeed(EventStore, {
  ...{ place: "theirs", append: never, join: never, leave: never, state: never },
  ...{ read: never, commit: never, forget: never }
})

/** Whatever can go on has done so, except for a wait. */
const settled = Effect.repeat(Effect.andThen(nextTurn, Effect.repeat(Effect.yieldNow, { times: 10 })), { times: 5 })

const startedRuntime = (options: object) =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent", ...options })
    yield* runtime.start
    return runtime
  })

const writeTo = (runtime: MetricsRuntime["Service"]) =>
  Layer.build(
    MetricsStore.layer({ store: states, every: "1 second" }).pipe(Layer.provide(Layer.succeed(MetricsRuntime, runtime)))
  )

/** What is made, and what it is asked before its scope closes. */
const users: { readonly [name: string]: Effect.Effect<Effect.Effect<unknown, unknown>, unknown, Scope.Scope> } = {
  "an aggregator": Effect.map(MetricsStream.make({ store: events, namespace, metrics }), ({ foldNow }) => foldNow),
  "the report of an aggregator": Effect.map(
    MetricsStream.make({ store: events, namespace, metrics }),
    ({ report }) => report
  ),
  "a runtime with the option stream": Effect.gen(function* () {
    const runtime = yield* startedRuntime({ stream: { store: events } })
    const recorder = yield* runtime.createRecorder("tea")
    yield* (yield* recorder.register(ShopMetrics)).emit(sale(1))
    return runtime.flush()
  }),
  "a runtime that writes to a store": Effect.gen(function* () {
    const runtime = yield* startedRuntime({})
    yield* writeTo(runtime)
    return runtime.flush()
  }),
  "the primary of a cluster": Effect.gen(function* () {
    const { runtime } = yield* MetricsCluster.make({ metrics, namespace })
    yield* writeTo(runtime)
    return runtime.flush()
  }),
  "a reader": Effect.map(MetricsStore.makeReader({ store: states, namespace, metrics }), ({ report }) => report)
}

it.effect.each(Object.entries(users))("%s ends even if a function of its store cannot be interrupted", ([_, make]) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const asked = yield* Effect.forkDetach(Scope.provide(Effect.flatten(make), scope), { startImmediately: true })
    for (let i = 0; i < 20; i++) yield* Effect.andThen(settled, TestClock.adjust("100 millis"))
    const closing = yield* Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true })
    for (let i = 0; i < 70; i++) yield* Effect.andThen(settled, TestClock.adjust("1 second"))
    expect({ closed: closing.pollUnsafe()?._tag, asked: asked.pollUnsafe()?._tag }).toEqual({
      closed: "Success",
      asked: "Failure"
    })
    yield* Fiber.interrupt(asked)
  }).pipe(simulatingOutside)
)

it.effect("a waiter for such a function can be interrupted at once", () =>
  Effect.gen(function* () {
    const { report } = yield* MetricsStore.makeReader({ store: states, namespace, metrics })
    const asking = yield* Effect.forkDetach(report, { startImmediately: true })
    yield* settled
    asking.interruptUnsafe()
    yield* settled
    expect(asking.pollUnsafe()?._tag).toBe("Failure")
  }).pipe(Effect.scoped, simulatingOutside)
)

it.effect("a store that cannot be closed is abandoned", () =>
  Effect.gen(function* () {
    const stuck = Layer.effectDiscard(Effect.acquireRelease(Effect.void, never))
    const scope = yield* Scope.make()
    const store = Layer.merge(events, stuck)
    yield* Scope.provide(MetricsStream.make({ store, namespace, metrics }), scope)
    const closing = yield* Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true })
    for (let i = 0; i < 10; i++) yield* Effect.andThen(settled, TestClock.adjust("1 second"))
    expect(closing.pollUnsafe()?._tag).toBe("Success")
  }).pipe(simulatingOutside)
)
