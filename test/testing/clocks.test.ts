// Clocks that a test controls.
import { describe, expect, it } from "@effect/vitest"
import { Clock, DateTime, Duration, Effect, type Layer } from "effect"
import { fixedClock, steppingClock, type Time } from "mvx-metrics/testing"

const at = <A>(clock: Layer.Layer<never>, effect: Effect.Effect<A>): A => Effect.runSync(Effect.provide(effect, clock))

describe("a fixed clock", () => {
  it.each<[what: string, time: Time]>([
    ["milliseconds", 1_767_268_800_000],
    ["a date", new Date("2026-01-01T12:00:00Z")],
    ["ISO 8601", "2026-01-01T12:00:00Z"],
    ["ISO 8601 of another zone", "2026-01-01T13:00:00+01:00"]
  ])("shows a time given as %s, always", (_what, time) => {
    const readings = Effect.all([Clock.currentTimeMillis, Effect.map(DateTime.now, DateTime.toEpochMillis)])
    expect(at(fixedClock(time), readings)).toEqual([1_767_268_800_000, 1_767_268_800_000])
  })

  it("never advances", () => {
    const nanos = Effect.all([Clock.currentTimeNanos, Clock.monotonicTimeNanos, Clock.monotonicTimeNanos])
    expect(at(fixedClock(1.5), nanos)).toEqual([1_500_000n, 1_500_000n, 1_500_000n])
  })

  it.live("lets sleepers wake up", () => Effect.provide(Effect.sleep(1), fixedClock(0)))

  it.each([Number.NaN, "soon", new Date(Number.NaN), undefined])("rejects %s", (time) => {
    expect(() => fixedClock(time as Time)).toThrow(
      expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument: "time" })
    )
  })
})

describe("a stepping clock", () => {
  it("advances with each reading, by the same step", () => {
    const thrice = Effect.all([Clock.currentTimeMillis, Clock.currentTimeMillis, Clock.currentTimeMillis])
    expect(at(steppingClock("1970-01-01T00:00:01Z", "250 millis"), thrice)).toEqual([1_000, 1_250, 1_500])
  })

  it("makes each measured duration one step", () => {
    const [duration] = at(steppingClock(0, "3 seconds"), Effect.timed(Effect.void))
    expect(Duration.toMillis(duration)).toBe(3_000)
  })

  it("starts again where it is provided again", () => {
    const clock = steppingClock(0, 1)
    const twice = Effect.all([Clock.currentTimeMillis, Clock.currentTimeMillis])
    expect([at(clock, twice), at(clock, twice)]).toEqual([
      [0, 1],
      [0, 1]
    ])
  })

  it("rejects a step that is not a duration", () => {
    expect(() => steppingClock(0, "a while" as never)).toThrow(expect.objectContaining({ argument: "step" }))
  })
})
