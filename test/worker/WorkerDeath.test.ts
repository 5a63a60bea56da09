/**
 * A worker that dies while its runtime runs: every caller gets an error, nothing hangs, and the process ends as it
 * should.
 */
import { describe, expect, it } from "@effect/vitest"
import { expectBalanced } from "../support/accounting.ts"
import { type Ended, runProgram } from "../support/runProgram.ts"

const death = new URL("./fixtures/death.ts", import.meta.url)

const deaths = [
  ["exit", { cause: "The worker has exited with code: 3" }],
  ["throw", { cause: "thrown beside the fold" }],
  ["reject", { cause: "rejected beside the fold" }],
  ["out of memory", { cause: expect.stringContaining("memory limit"), code: "ERR_WORKER_OUT_OF_MEMORY" }],
  ["terminate", { cause: "The worker has exited with code: 1" }]
] as const

describe.for(deaths)("a worker that dies of: %s", ([how, cause]) => {
  // One process for the whole group: it tries everything that comes after.
  let running: Promise<Ended> | undefined
  const ended = (): Promise<Ended> => (running ??= runProgram(death, how))

  const recorderFailed = (recorderId: string) => ({
    _tag: "mvx-metrics/RecorderFailed",
    recorderId,
    message: expect.stringContaining(`recorder "${recorderId}" failed: `),
    isError: true,
    ...cause
  })
  const invalidState = (message: string) => ({
    _tag: "mvx-metrics/InvalidState",
    message: expect.stringContaining(message)
  })

  it("was folding before", async () => {
    expect((await ended()).said("before")["deadly.survivals"].dimensions).toEqual({ value: 3 })
  })

  it("fails the pending read, with the cause", async () => {
    expect((await ended()).said("read")).toEqual(recorderFailed("struck"))
  })

  it("fails a stream of changes, with the cause", async () => {
    expect((await ended()).said("changes")).toEqual(recorderFailed("struck"))
  })

  it("leaves its recorders and the runtime Failed for every listener", async () => {
    expect((await ended()).said("states")).toEqual(["Failed", "Failed", "Failed"])
  })

  it("fails every later read, including those of recorders that were never started", async () => {
    expect((await ended()).said("later read")).toEqual(recorderFailed("struck"))
    expect((await ended()).said("read of the idle recorder")).toEqual(recorderFailed("idle"))
  })

  it("makes later events refused as not running, and the accounting stays balanced", async () => {
    const { said } = await ended()
    expect(said("emit")).toMatchObject(invalidState("cannot take events"))
    expect(said("unsafe emit")).toBe(false)
    const stats = said("stats")
    expect(stats).toMatchObject({ state: "Failed", refusedBy: { overflow: 0, invalid: 0, notRunning: 2 } })
    expect(stats.applied).toBeGreaterThanOrEqual(3)
    expectBalanced(stats)
  })

  it("makes metrics, starts and new recorders fail, and a stop reports why it is impossible", async () => {
    const { said } = await ended()
    expect(said("register")).toMatchObject({
      _tag: "mvx-metrics/RegisterError",
      reason: { _tag: "mvx-metrics/InvalidState", operation: "take a metric", state: "Failed" }
    })
    expect(said("start")).toMatchObject(invalidState("cannot be started"))
    expect(said("stop")).toEqual(recorderFailed("struck"))
    expect(said("create")).toMatchObject(invalidState("cannot create a recorder"))
    expect(said("runtime start")).toMatchObject(invalidState("cannot be started"))
  })

  it("can be shut down repeatedly, which leaves no thread", async () => {
    const { said } = await ended()
    expect(said("shutdown")).toBe("done")
    expect(said("second shutdown")).toBe("done")
    expect(said("end")).toEqual({ state: "Failed", threadId: -1 })
  })

  it("does not keep the process alive, which exits with 0, because nothing of its own failed", async () => {
    expect(await ended()).toMatchObject({ code: 0, signal: null, stderr: "" })
  })
})

describe("a program under NodeRuntime.runMain whose worker dies", () => {
  it("exits with 1 if it does not handle the failed read, which is reported", async () => {
    const ended = await runProgram(new URL("./fixtures/unhandledDeath.ts", import.meta.url))
    expect(ended.said("read")).toBe("Failure")
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stdout).toContain(
      'mvx-metrics/RecorderFailed: recorder "unhandled" failed: The worker has exited with code: 3'
    )
  })
})
