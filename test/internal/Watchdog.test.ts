// When a fold counts as slow or stuck: only after it had work and made no progress for the whole time without a break.
import { afterEach, beforeEach, expect, it, vi } from "@effect/vitest"
import { Watchdog } from "../../src/internal/link/watchdog.ts"

const Limit = 10_000
/** It checks twenty times within the limit, and at least twice a second. The first check has nothing to compare with. */
const Step = 500

const watching = (limit = Limit) => {
  const fold = { isBehind: true, progress: 0 }
  const told: Array<"slow" | "stuck"> = []
  const watchdog = new Watchdog(limit, {
    isBehind: () => fold.isBehind,
    progress: () => fold.progress,
    onSlow: (millis) => {
      expect(millis).toBeGreaterThanOrEqual(limit / 2)
      told.push("slow")
    },
    onStuck: (millis) => {
      expect(millis).toBeGreaterThanOrEqual(limit)
      told.push("stuck")
    }
  })
  return { fold, told, watchdog }
}

const pass = (millis: number): void => void vi.advanceTimersByTime(millis)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it("a fold without progress is reported as slow after half of the limit and as stuck at the limit, once each", () => {
  const { told, watchdog } = watching()
  watchdog.start()
  pass(Limit / 2)
  expect(told).toEqual([])
  pass(Step)
  expect(told).toEqual(["slow"])
  pass(Limit / 2 - Step)
  expect(told).toEqual(["slow"])
  pass(Step)
  expect(told).toEqual(["slow", "stuck"])
  expect(vi.getTimerCount()).toBe(0)
})

it("progress, or a moment without work, restarts the time", () => {
  const { fold, told, watchdog } = watching()
  watchdog.start()
  for (const moves of [() => fold.progress++, () => (fold.isBehind = false)]) {
    for (let i = 0; i < 4; i++) {
      pass(Limit / 2 - Step)
      moves()
      pass(Step)
      fold.isBehind = true
    }
  }
  expect(told).toEqual([])
  pass(Limit)
  expect(told).toEqual(["slow", "stuck"])
})

it("a fold that is slow again is reported again", () => {
  const { fold, told, watchdog } = watching()
  watchdog.start()
  for (let i = 0; i < 2; i++) {
    pass(Limit / 2 + Step)
    fold.progress++
    pass(Step)
  }
  expect(told).toEqual(["slow", "slow"])
})

it("time while the watchdog is stopped does not count", () => {
  const { told, watchdog } = watching()
  for (let i = 0; i < 5; i++) {
    watchdog.start()
    // A second start has no effect.
    watchdog.start()
    expect(vi.getTimerCount()).toBe(1)
    pass(Limit / 2)
    watchdog.stop()
    expect(vi.getTimerCount()).toBe(0)
    pass(Limit)
  }
  expect(told).toEqual([])
  watchdog.start()
  pass(Limit + Step)
  expect(told).toEqual(["slow", "stuck"])
})

it("checks twice a second for a long limit, and twenty times within a short one", () => {
  for (const [limit, looks] of [
    [100 * Limit, 20],
    [200, 1000],
    [1, 10_000]
  ] as const) {
    const progress = vi.fn(() => performance.now())
    const watchdog = new Watchdog(limit, { isBehind: () => true, progress, onSlow: () => {}, onStuck: () => {} })
    watchdog.start()
    pass(10_000)
    expect(progress).toHaveBeenCalledTimes(looks)
    watchdog.stop()
  }
})

it("without a limit there are no checks", () => {
  const { told, watchdog } = watching(Number.POSITIVE_INFINITY)
  watchdog.start()
  expect(vi.getTimerCount()).toBe(0)
  watchdog.stop()
  expect(told).toEqual([])
})

it("a watchdog that runs does not keep the process alive", () => {
  const started = vi.spyOn(globalThis, "setInterval")
  const { watchdog } = watching()
  watchdog.start()
  expect(started.mock.results.map(({ value }) => value.hasRef())).toEqual([false])
  watchdog.stop()
})
