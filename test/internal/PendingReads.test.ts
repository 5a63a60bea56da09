// Reads that wait for the fold: each ends once, with its answer or a failure, and nothing of it goes on after that.
import { Effect, Exit, type Fiber } from "effect"
import { beforeEach, describe, expect, it } from "vitest"
import { PendingReads } from "../../src/internal/recorder/pendingReads.ts"
import { afterwards } from "../../src/internal/util/deadlines.ts"
import type { ReadError } from "../../src/MetricsError.ts"

const late = new Error("late") as unknown as ReadError
const lost = new Error("lost") as unknown as ReadError
const anyFiber = Effect.runFork(Effect.never) as Fiber.Fiber<unknown, unknown>

describe("a read", () => {
  let reads = new PendingReads()
  beforeEach(() => {
    reads = new PendingReads()
  })

  const ask = (fiber = anyFiber, most = 60_000) => {
    const asked = {
      request: -1,
      exits: [] as Array<Exit.Exit<ReadonlyArray<number>, ReadError>>,
      watched: 0,
      lates: 0,
      giveUp: () => {}
    }
    const watch = (giveUp: () => void) => {
      asked.watched++
      asked.giveUp = giveUp
      return () => void asked.watched--
    }
    const send = (request: number): void => {
      asked.request = request
    }
    const failsLate = (): ReadError => {
      asked.lates++
      return late
    }
    const waiting = () => ({ most, late: failsLate, watch })
    const interrupt = Effect.runCallback(
      reads.ask<number, ReadonlyArray<number>, ReadError>(fiber, send, waiting, Effect.succeed),
      { onExit: (exit) => asked.exits.push(exit) }
    )
    return Object.assign(asked, { interrupt })
  }

  it("gets the answer to its own request, with the parts that came before, and is watched until then", () => {
    const [one, two] = [ask(), ask()]
    expect(reads.part(two.request, { path: [], from: 0, entries: [1, 2], names: undefined })).toBe(true)
    reads.answer(one.request, [7])
    reads.answer(two.request, [3])
    expect([one.exits, two.exits]).toEqual([[Exit.succeed([7])], [Exit.succeed([1, 2, 3])]])
    expect([one.watched, two.watched]).toEqual([0, 0])
    expect([
      reads.awaits(one.request),
      reads.part(one.request, { path: [], from: 0, entries: [], names: undefined })
    ]).toEqual([false, false])
    one.giveUp()
    reads.answer(one.request, [8])
    reads.failAll(lost)
    expect(one.exits.length).toBe(1)
  })

  it("has no part of an answer that was not completed", () => {
    const read = ask()
    reads.part(read.request, { path: [], from: 0, entries: [1], names: undefined })
    reads.forgetParts()
    reads.answer(read.request, [2])
    expect(read.exits).toEqual([Exit.succeed([2])])
  })

  it("fails with the fold, or with the fiber that it would block, and no other does", () => {
    const other = Effect.runFork(Effect.never) as Fiber.Fiber<unknown, unknown>
    const [one, two] = [ask(anyFiber), ask(other)]
    reads.failFor(other, late)
    expect([one.exits, two.exits]).toEqual([[], [Exit.fail(late)]])
    reads.failAll(lost)
    expect([one.exits, two.exits]).toEqual([[Exit.fail(lost)], [Exit.fail(late)]])
    expect([one.watched, two.watched]).toEqual([0, 0])
  })

  it("is over when it is interrupted or given up", () => {
    const [one, two] = [ask(), ask()]
    one.interrupt()
    two.giveUp()
    expect([one, two].map(({ request }) => reads.awaits(request))).toEqual([false, false])
    expect([one.watched, two.watched]).toEqual([0, 0])
    expect(two.exits).toEqual([Exit.fail(late)])
  })

  it("is waited for by those who wait for the reads before them only", () => {
    expect(reads.answered).toBe(undefined)
    const [one, two] = [ask(), ask()]
    const done: Array<unknown> = []
    Effect.runCallback(reads.answered!, { onExit: () => done.push("answered") })
    const later = ask()
    reads.answer(two.request, [])
    expect(done).toEqual([])
    const before = reads.answered!
    reads.failFor(anyFiber, lost)
    expect(done).toEqual(["answered"])
    Effect.runCallback(before, { onExit: () => done.push("answered before it is waited for") })
    expect(done.length).toBe(2)
    expect([one.exits.length, later.exits.length]).toEqual([1, 1])
    expect(reads.answered).toBe(undefined)
  })

  it("that could not be sent is not waited for", async () => {
    const fails = (): never => {
      throw new Error("no room")
    }
    const exit = await Effect.runPromiseExit(reads.ask(anyFiber, fails, fails, Effect.succeed))
    expect(Exit.hasDies(exit)).toBe(true)
    expect(reads.answered).toBe(undefined)
  })

  it("fails when its time limit passes, and is not looked at then if it was answered", async () => {
    const [answered, waits] = [ask(anyFiber, 5), ask(anyFiber, 5)]
    reads.answer(answered.request, [1])
    // Has the same timer.
    await new Promise<void>((resolve) => void afterwards(6, resolve))
    expect([answered.exits, waits.exits]).toEqual([[Exit.succeed([1])], [Exit.fail(late)]])
    expect([answered.lates, waits.lates]).toEqual([0, 1])
  })
})
