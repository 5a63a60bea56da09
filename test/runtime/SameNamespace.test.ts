// Two runtimes with one namespace in a process: most likely a layer that was built twice.
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import { recordLogs } from "../support/logs.ts"

/** The warnings of runtimes, each with its namespace. */
const warningsOf = <E, R>(effect: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    const { layer, lines } = recordLogs()
    yield* Effect.provide(effect, layer)
    return lines.filter(({ level }) => level === "Warn").map(({ annotations, text }) => [annotations.namespace, text])
  })

const running = (namespace: string) =>
  Effect.flatMap(MetricsRuntime.makeInProcess({ namespace }), (runtime) => Effect.as(runtime.start, runtime))

it.effect(
  "the second runtime of a namespace is warned about, and so is a third, but not one after they have closed",
  () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const together = Effect.all([running("twice"), running("twice"), running("twice"), running("another")])
      const warning = expect.stringContaining("another runtime of this namespace runs in this process")
      expect(yield* warningsOf(Scope.provide(together, scope))).toEqual([
        ["twice", warning],
        ["twice", warning]
      ])
      yield* Scope.close(scope, Exit.void)
      expect(yield* warningsOf(Effect.scoped(running("twice")))).toEqual([])
    })
)

it.effect("a layer that is built once is one runtime, however many use it", () =>
  Effect.gen(function* () {
    const Metrics = MetricsLayer.layerInProcess({ namespace: "once" })
    const user = Layer.effectDiscard(MetricsRuntime).pipe(Layer.provide(Metrics))
    expect(yield* warningsOf(Effect.scoped(Layer.build(Layer.mergeAll(user, user, Metrics))))).toEqual([])
    const twice = [0, 1].map(() =>
      Layer.effectDiscard(MetricsRuntime).pipe(Layer.provide(MetricsLayer.layerInProcess({ namespace: "once" })))
    ) as [Layer.Layer<never>, Layer.Layer<never>]
    expect(yield* warningsOf(Effect.scoped(Layer.build(Layer.mergeAll(...twice))))).toHaveLength(1)
  })
)

it.effect("a runtime that does not start is not counted", () =>
  Effect.gen(function* () {
    const failing = MetricsRuntime.makeWorker({
      namespace: "failing",
      metrics: new URL("./nothing.ts", import.meta.url)
    })
    const failed = Effect.exit(Effect.flatMap(failing, ({ start }) => start))
    expect(yield* warningsOf(Effect.scoped(Effect.andThen(failed, running("failing"))))).toEqual([])
  })
)
