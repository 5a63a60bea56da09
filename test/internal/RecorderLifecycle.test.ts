// The states of a recorder: which failure counts, and what a start that cannot begin leaves behind.
import { Cause, Effect, Exit } from "effect"
import { describe, expect, it, vi } from "vitest"
import { type Failure, RecorderLifecycle, type Steps } from "../../src/internal/recorder/lifecycle.ts"
import * as MetricsError from "../../src/MetricsError.ts"

const made = (changed: Partial<Steps> = {}) => {
  const failures: Array<Failure> = []
  const steps: Steps = {
    beforeStart: vi.fn(),
    starting: Effect.void,
    afterStart: vi.fn(),
    beforeStop: vi.fn(),
    stopping: Effect.void,
    onFailed: (failure) => void failures.push(failure),
    nextTurn: (action) => action(),
    fork: (operation) => void Effect.runFork(operation),
    ...changed
  }
  return { failures, steps, lifecycle: new RecorderLifecycle("r", steps) }
}

const errorOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined

describe("the lifecycle of a recorder", () => {
  it("keeps its first failure, unless the fold is lost after it", () => {
    const { failures, lifecycle } = made()
    const [first, second, lost, last] = ["first", "second", "lost", "last"].map((message) => new Error(message))
    lifecycle.fail(first, false)
    lifecycle.fail(second, false)
    expect(lifecycle.failure).toMatchObject({ foldLost: false, error: { cause: first } })
    lifecycle.fail(lost, true)
    lifecycle.fail(last, true)
    lifecycle.fail(last, false)
    expect(lifecycle.failure).toMatchObject({ foldLost: true, error: { cause: lost } })
    expect(failures.map(({ error }) => error.cause)).toEqual([first, lost])
    expect(lifecycle.state).toBe("Failed")
  })

  it("is as before if a start cannot begin, and starts then", async () => {
    const fork = vi.fn((operation: Effect.Effect<void>) => void Effect.runFork(operation))
    const { lifecycle, steps } = made({ fork })
    const defect = new Error("no fiber")
    fork.mockImplementationOnce(() => {
      throw defect
    })
    expect(errorOf(await Effect.runPromiseExit(lifecycle.start))).toBe(defect)
    expect([lifecycle.state, lifecycle.failure]).toEqual(["Idle", undefined])
    expect(steps.beforeStop).toHaveBeenCalledTimes(1)
    await Effect.runPromise(lifecycle.start)
    expect(lifecycle.state).toBe("Running")
    expect(steps.afterStart).toHaveBeenCalledTimes(1)
  })

  it("fails if a stop cannot begin", async () => {
    const fork = vi.fn((operation: Effect.Effect<void>) => void Effect.runFork(operation))
    const { lifecycle } = made({ fork })
    await Effect.runPromise(lifecycle.start)
    const defect = new Error("no fiber")
    fork.mockImplementationOnce(() => {
      throw defect
    })
    expect(errorOf(await Effect.runPromiseExit(lifecycle.stop))).toBe(defect)
    expect(lifecycle.failure?.error.cause).toBe(defect)
    expect(lifecycle.state).toBe("Failed")
  })

  it("takes one start of the user for that of its runtime, and no second one", async () => {
    const { lifecycle } = made()
    await Effect.runPromise(lifecycle.startUnasked)
    await Effect.runPromise(lifecycle.start)
    expect(errorOf(await Effect.runPromiseExit(lifecycle.start))).toBeInstanceOf(MetricsError.InvalidState)
  })

  it.each([
    ["removed meanwhile", true, /it was removed before it had started/],
    ["interrupted by itself", false, /^(?!.*removed).*interrupt/]
  ] as const)("names the reason of a start that is %s", async (_how, isRemoved, reason) => {
    const { lifecycle } = made({
      starting: Effect.suspend(() => {
        if (isRemoved) lifecycle.remove()
        return Effect.interrupt
      })
    })
    const error = errorOf(await Effect.runPromiseExit(lifecycle.start))
    expect(error).toBeInstanceOf(MetricsError.RecorderFailed)
    expect((error as MetricsError.RecorderFailed).message).toMatch(reason)
  })
})
