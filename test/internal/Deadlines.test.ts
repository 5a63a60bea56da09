// Timeouts of waiters: one timer for all of them, which does not outlive the last.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { afterwards } from "../../src/internal/util/deadlines.ts"

describe("deadlines", () => {
  let passed: Array<string> = []
  const note = (name: string) => () => void passed.push(name)

  beforeEach(() => {
    passed = []
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
  })
  afterEach(() => {
    vi.runAllTimers()
    vi.useRealTimers()
  })

  it("fire at their time, in whatever order they were set", () => {
    for (const millis of [30, 10, 20, 40]) afterwards(millis, note(`${millis}`))
    vi.advanceTimersByTime(9)
    expect(passed).toEqual([])
    vi.advanceTimersByTime(12)
    expect(passed).toEqual(["10", "20"])
    vi.advanceTimersByTime(20)
    expect(passed).toEqual(["10", "20", "30", "40"])
  })

  it("share one timer, which cancelled ones leave unchanged", () => {
    const takeBack = Array.from({ length: 100 }, () => afterwards(50, note("early")))
    expect(vi.getTimerCount()).toBe(1)
    for (const each of takeBack) each()
    expect(vi.getTimerCount()).toBe(1)
    afterwards(70, note("late"))
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(71)
    expect(passed).toEqual(["late"])
    expect(vi.getTimerCount()).toBe(0)
  })

  it("of any length fire at their time, and an infinite one never does", () => {
    const day = 24 * 60 * 60_000
    const takeBack = afterwards(Number.POSITIVE_INFINITY, note("never"))
    afterwards(30 * day, note("after 30 days"))
    vi.advanceTimersByTime(30 * day - 1)
    expect(passed).toEqual([])
    vi.advanceTimersByTime(60_001)
    expect(passed).toEqual(["after 30 days"])
    takeBack()
  })

  it("that expire while an action runs set no timer in the past", () => {
    const delays: Array<number> = []
    const { setTimeout: set } = globalThis
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, millis: number) => {
      delays.push(millis)
      return set(run, millis)
    }) as typeof setTimeout)
    afterwards(10, () => {
      note("slow")()
      vi.spyOn(performance, "now").mockReturnValue(performance.now() + 100)
    })
    afterwards(50, note("late"))
    vi.advanceTimersByTime(10)
    vi.restoreAllMocks()
    vi.advanceTimersByTime(50)
    expect(passed).toEqual(["slow", "late"])
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0)
  })

  it("fire even if an earlier one throws", () => {
    afterwards(10, () => {
      throw new Error("a defect")
    })
    afterwards(10, note("next"))
    expect(() => vi.advanceTimersByTime(10)).toThrow("a defect")
    vi.advanceTimersByTime(2)
    expect(passed).toEqual(["next"])
  })

  it("set by one that fires get their full time", () => {
    afterwards(10, () => void afterwards(5, note("inner")))
    afterwards(12, note("outer"))
    vi.advanceTimersByTime(13)
    expect(passed).toEqual(["outer"])
    vi.advanceTimersByTime(3)
    expect(passed).toEqual(["outer", "inner"])
  })
})

it("a deadline keeps the process alive until it is cancelled", () => {
  const held = (): number => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length
  const before = held()
  const [first, second] = [afterwards(60_000, () => {}), afterwards(50_000, () => {})]
  expect(held()).toBe(before + 1)
  first()
  expect(held()).toBe(before + 1)
  second()
  expect(held()).toBe(before)
  // The timer is still set.
  const third = afterwards(60_000, () => {})
  expect(held()).toBe(before + 1)
  third()
  expect(held()).toBe(before)
})
