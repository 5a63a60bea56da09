// How long a removed recorder waits for those who read it for the last time.
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { RecorderControl } from "../../src/internal/recorder/control.ts"
import { Farewells } from "../../src/internal/runtime/farewells.ts"
import { OutsideClock } from "../../src/internal/util/liveClock.ts"

const seconds = Effect.map(Clock.currentTimeMillis, (millis) => millis / 1000)

/** When it is over, in seconds, where the fold restarts until then, and a reader needs so long. */
const overAt = (restartsUntil: number, reader: Effect.Effect<unknown>, shutdownTimeout: string) =>
  Effect.gen(function* () {
    const clock = yield* TestClock.make()
    const isRestarting = (): boolean => clock.currentTimeMillisUnsafe() < restartsUntil * 1000
    const farewells = new Farewells(shutdownTimeout as "1 second", isRestarting)
    farewells.add(() => reader)
    const told = Effect.andThen(farewells.tell({} as RecorderControl), seconds)
    const inTime = told.pipe(Effect.provideService(Clock.Clock, clock), Effect.provideService(OutsideClock, clock))
    const fiber = yield* Effect.forkChild(inTime, { startImmediately: true })
    for (let second = 0; second < 60; second++) yield* clock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

describe("a reader of a removed recorder", () => {
  it.effect.each([
    ["is awaited only until it ends", 0, Effect.void, "10 seconds", 0],
    ["is abandoned after one second if it does not end", 0, Effect.never, "10 seconds", 1],
    ["is awaited no longer than for a shutdown", 0, Effect.never, "500 millis", 0.5],
    ["has the time that a replacement fold needs", 5, Effect.sleep("4.5 seconds"), "10 seconds", 4.5],
    ["is abandoned once the replacement runs", 5, Effect.never, "10 seconds", 5],
    ["is awaited no longer than for a shutdown after a replacement", 50, Effect.never, "10 seconds", 10]
  ] as const)("%s", ([, restartsUntil, reader, shutdownTimeout, over]) =>
    Effect.gen(function* () {
      expect(yield* overAt(restartsUntil, reader, shutdownTimeout)).toBe(over)
    })
  )
})
