// Scrapes and reads in progress when a caller or the runtime goes away: each ends, and later ones work.
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { onBothRuntimes, started } from "../support/bothRuntimes.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

onBothRuntimes("scrapes in progress", (make) => {
  const scraped = (runtime: MetricsRuntime["Service"]) =>
    Prometheus.render().pipe(Effect.provideService(MetricsRuntime, runtime))

  it.live("end with the runtime", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("r")
      yield* recorder.register(Ticks)
      for (let i = 0; i < 500; i++) recorder.emitUnsafe(tick())
      const fibers = yield* Effect.forEach(Array.from({ length: 8 }), () =>
        Effect.forkChild(scraped(runtime), { startImmediately: true })
      )
      yield* Effect.yieldNow
      yield* runtime.shutdown
      for (const fiber of fibers) {
        const exit = yield* Fiber.await(fiber)
        if (Exit.isSuccess(exit)) expect(exit.value).toMatch(/^ticks\S* 500$/m)
        else expect(Cause.pretty(exit.cause)).toContain("the runtime was shut down")
      }
    })
  )

  it.live("continue when the first caller is interrupted, and start again after all were", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("r")
      yield* recorder.register(Ticks)
      for (let round = 1; round <= 5; round++) {
        recorder.emitUnsafe(tick())
        const fibers = yield* Effect.forEach(Array.from({ length: 3 }), () =>
          Effect.forkChild(scraped(runtime), { startImmediately: true })
        )
        for (let i = 0; i < round; i++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fibers[0]!)
        expect(yield* Fiber.join(fibers[1]!)).toContain(` ${round}\n`)
        yield* Fiber.interruptAll(fibers)
        const all = yield* Effect.forEach(Array.from({ length: 3 }), () =>
          Effect.forkChild(scraped(runtime), { startImmediately: true })
        )
        yield* Fiber.interruptAll(all)
        expect(yield* scraped(runtime)).toContain(` ${round}\n`)
      }
    })
  )
})
