// Long work on the application thread shares a few milliseconds of each turn of the event loop.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { inSlices } from "../../src/internal/util/inSlices.ts"
import type { Steps } from "../../src/internal/util/steps.ts"

/** Each step takes a millisecond. */
const withClock = async <A>(run: (step: () => void) => Promise<A>): Promise<A> => {
  const clock = Object.getOwnPropertyDescriptor(performance, "now")
  let now = 0
  Object.defineProperty(performance, "now", { value: () => now, configurable: true })
  try {
    return await run(() => void now++)
  } finally {
    if (clock === undefined) Reflect.deleteProperty(performance, "now")
    else Object.defineProperty(performance, "now", clock)
  }
}

/** Counts turns of the event loop. */
const countTurns = () => {
  let count = 0
  let isCounting = true
  const next = (): void => {
    count++
    if (isCounting) setImmediate(next)
  }
  setImmediate(next)
  return {
    get count() {
      return count
    },
    stop: () => {
      isCounting = false
    }
  }
}

it("slices take the same number of steps in a turn, however many tasks are at work", () =>
  withClock(async (step) => {
    const turns = countTurns()
    const taken: Array<readonly [turn: number, who: number]> = []
    function* work(who: number): Steps<number> {
      for (let i = 0; i < 5; i++) {
        step()
        taken.push([turns.count, who])
        yield
      }
      return who
    }
    const all = Array.from({ length: 10 }, (_, who) => inSlices(work(who)))
    expect(await Effect.runPromise(Effect.all(all, { concurrency: "unbounded" }))).toEqual(all.map((_, who) => who))
    turns.stop()
    const perTurn = Array.from({ length: turns.count + 1 }, (_, i) => taken.filter(([turn]) => turn === i).length)
    expect(taken).toHaveLength(50)
    expect(Math.max(...perTurn)).toBe(2)
    // In turn: nobody waits until the others are done.
    expect(new Set(taken.slice(0, 22).map(([, who]) => who)).size).toBe(10)
  }))

it("a short task finishes at once", () =>
  withClock(async () => {
    const turns = countTurns()
    function* short(): Steps<number> {
      yield
      return turns.count
    }
    expect(await Effect.runPromise(Effect.all([inSlices(short()), inSlices(short())]))).toEqual([0, 0])
    turns.stop()
  }))

it("the other tasks continue when one is interrupted", () =>
  withClock(async (step) => {
    function* work(count: number): Steps<number> {
      for (let i = 0; i < count; i++) {
        step()
        yield
      }
      return count
    }
    const [endless, ...others] = [Number.POSITIVE_INFINITY, 7, 9].map((count) => Effect.runFork(inSlices(work(count))))
    await Effect.runPromise(Fiber.interrupt(endless!))
    expect(await Promise.all(others.map((fiber) => Effect.runPromise(Fiber.join(fiber))))).toEqual([7, 9])
  }))
