/** An exporter of a runtime in process to a scripted collector. Time is simulated, also outside Effect. */
import { setImmediate as nextTurn } from "node:timers/promises"
import { Clock, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { MetricsRuntime } from "mvx-metrics"
import * as Otlp from "mvx-metrics/Otlp"
import { OutsideClock } from "../../src/internal/util/liveClock.ts"
import { Jobs, Times } from "./exported.metrics.ts"
import type { ScriptedCollector, Taken } from "./scriptedCollector.ts"
import type { SunkPoint } from "./sink.ts"

/** Time passes in steps of this many milliseconds. */
export const Tick = 100

/** Lets other fibers run without advancing time. */
export const turns = (count: number) =>
  Effect.promise(async () => {
    for (let i = 0; i < count; i++) await nextTurn()
  })

let runtimes = 0

export interface Scripted {
  readonly runtime: MetricsRuntime["Service"]
  readonly flush: Otlp.Exporter["Service"]["flush"]
  /** A recorder with {@link Jobs} and {@link Times}. */
  readonly make: Effect.Effect<Effect.Success<ReturnType<MetricsRuntime["Service"]["createRecorder"]>>>
  readonly pass: (millis: number) => Effect.Effect<void>
  /** Runs an effect next to the test until it waits for time. */
  readonly begin: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<Fiber.Fiber<A, E>>
  /** Advances time until an effect has ended, and returns by how much. */
  readonly through: <A, E>(
    effect: Effect.Effect<A, E>
  ) => Effect.Effect<readonly [exit: Exit.Exit<A, E>, millis: number]>
  /** Closes the exporter. */
  readonly close: Effect.Effect<void>
}

export const scripted = <A, E, R>(
  collector: Pick<ScriptedCollector, "client">,
  options: Otlp.OtlpOptions,
  use: (world: Scripted) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const clock = yield* TestClock.make()
    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(Effect.provideService(Clock.Clock, clock), Effect.provideService(OutsideClock, clock))

    const pass = (millis: number) =>
      Effect.gen(function* () {
        for (let passed = 0; passed < millis; passed += Tick) {
          yield* turns(1)
          yield* clock.adjust(Tick)
        }
        yield* turns(1)
      })

    const begin: Scripted["begin"] = Effect.fnUntraced(function* (effect) {
      const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
      // A read crosses both ends of the link, and takes no time of this clock.
      yield* turns(4)
      return fiber
    })

    const through: Scripted["through"] = Effect.fnUntraced(function* (effect) {
      const fiber = yield* begin(effect)
      let millis = 0
      for (; millis < 100_000 && fiber.pollUnsafe() === undefined; millis += Tick) yield* pass(Tick)
      return [yield* Fiber.await(fiber), millis] as const
    })

    return yield* inTime(
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const runtime = yield* MetricsRuntime.makeInProcess({ namespace: `script.${++runtimes}` })
        yield* runtime.start
        const exporting = Otlp.layerJson(options).pipe(
          Layer.provide(Layer.succeed(MetricsRuntime, runtime)),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, collector.client))
        )
        const { flush } = yield* Effect.provide(Otlp.Exporter, yield* Layer.buildWithScope(exporting, scope))
        const make = Effect.gen(function* () {
          const recorder = yield* runtime.createRecorder("one")
          yield* recorder.register(Jobs)
          yield* recorder.register(Times)
          return recorder
        }).pipe(Effect.orDie)
        return yield* use({ runtime, flush, make, pass, begin, through, close: Scope.close(scope, Exit.void) })
      })
    )
  })

export const pointsIn = ({ metrics }: Taken, name: string): ReadonlyArray<SunkPoint> =>
  metrics
    .filter((metric) => metric.name === name)
    .flatMap((metric) => {
      const data = (metric.sum ?? metric.histogram) as { readonly dataPoints: ReadonlyArray<SunkPoint> }
      return data.dataPoints
    })
