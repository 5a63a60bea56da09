// The same program prints exactly the same on both layers.
import { expect, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { type Metric, MetricsRuntime, type Overflow, type RuntimeService } from "mvx-metrics"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { runtimeLayers } from "../support/bothLayers.ts"
import { makeGate } from "../support/gate.ts"
import { EvenTicks, Fragile, Notes, note, poison, TickLog, Ticks, tick } from "../support/probe.metrics.ts"
import { forEvery } from "../support/property.ts"

const metrics: ReadonlyArray<Metric.Any> = [Ticks, TickLog, Notes, EvenTicks, Fragile]

const someEvent: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -9, max: 9 }).map(tick) },
  { weight: 2, arbitrary: fc.tuple(fc.string(), fc.string()).map(([text, tag]) => note(text, tag)) },
  { weight: 1, arbitrary: fc.constantFrom(poison("bad luck"), { _tag: "unheard.of" }, null, { _tag: " " }) }
)

const someMetric = fc.constantFrom(...metrics)

const capacity = 6

/** What follows the start: each step leaves nothing pending, so that nothing depends on how fast the fold is. */
const someStep = fc.oneof(
  fc.record({ emit: fc.array(someEvent, { maxLength: capacity }) }),
  fc.record({ register: someMetric }),
  fc.record({ wait: fc.integer({ min: 0, max: 100_000 }) }),
  fc.record({ restart: fc.constant(true) })
)

const someProgram = fc.record({
  overflow: fc.constantFrom<Overflow>("drop-newest", "drop-oldest", "backpressure", "fail"),
  registered: fc.uniqueArray(someMetric),
  /** Emitted while the start is held, where the overflow policy speaks. */
  held: fc.array(someEvent, { maxLength: 3 * capacity }),
  steps: fc.array(someStep, { maxLength: 8 })
})

type Program = typeof someProgram extends fc.Arbitrary<infer A> ? A : never

const saysOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.match(exit, { onSuccess: (value) => value, onFailure: (cause) => String(cause) })

/** Runs a program on a runtime; gives everything that it was told. */
const run = ({ held, overflow, registered, steps }: Program) =>
  Effect.fnUntraced(function* (runtime: RuntimeService) {
    const told: Array<unknown> = []
    yield* TestClock.setTime(0)
    const start = yield* makeGate
    const recorder = yield* internalsOf(runtime).makeIdle("program", { capacity, overflow, onStarting: start.pass })
    for (const metric of registered) yield* recorder.register(metric)
    // Under backpressure an emit may have to wait, so each has a fiber.
    const emits = yield* Effect.forEach(held, (event) =>
      Effect.forkChild(recorder.emit(event as never), { startImmediately: true })
    )
    told.push(yield* recorder.stats)
    yield* start.open
    for (const fiber of emits) told.push(saysOf(yield* Fiber.await(fiber)))
    told.push(yield* recorder.report)
    for (const step of steps) {
      if ("emit" in step) for (const event of step.emit) told.push(recorder.emitUnsafe(event as never))
      else if ("register" in step) told.push(yield* Effect.result(Effect.asVoid(recorder.register(step.register))))
      else if ("wait" in step) yield* TestClock.adjust(step.wait)
      else told.push(Result.isSuccess(yield* Effect.result(recorder.stop)), saysOf(yield* Effect.exit(recorder.start)))
      told.push(yield* recorder.report)
    }
    yield* Effect.ignore(recorder.stop)
    told.push(yield* recorder.report)
    yield* Effect.ignore(runtime.stopAndRemoveRecorder("program"))
    return told
  }, Effect.scoped)

it.effect("any program has the same results on both layers", () =>
  Effect.gen(function* () {
    const runtimes = yield* Effect.forEach(Object.values(runtimeLayers()), (layer) =>
      Effect.map(Layer.build(layer), (context) => Context.get(context, MetricsRuntime))
    )
    yield* forEvery(someProgram, (program) =>
      Effect.gen(function* () {
        const [inProcess, onWorker] = yield* Effect.forEach(runtimes, run(program))
        expect(onWorker).toEqual(inProcess)
        expect(JSON.stringify(onWorker)).toBe(JSON.stringify(inProcess))
      })
    )
  })
)
