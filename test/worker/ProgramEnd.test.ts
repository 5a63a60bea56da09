/**
 * How programs end: real processes on the worker layer. Events are pending because the worker's reducer is blocked.
 */
import { describe, expect, it } from "@effect/vitest"
import { runProgram, startProgram } from "../support/runProgram.ts"

const pending = new URL("./fixtures/pending.ts", import.meta.url)
const facade = new URL("./fixtures/facade.ts", import.meta.url)

describe("a program under NodeRuntime.runMain that ends with 5 000 events pending", () => {
  const allFolded = {
    sequence: 5_000,
    snapshots: { "gated.ticks": { name: "gated.ticks", dimensions: { count: 5_000, sum: 12_502_500 } } },
    stats: expect.objectContaining({ state: "Stopping", accepted: 5_000, applied: 5_000, pending: 0 })
  }

  it("folds them, runs onStopped and exits with 0 when it returns", async () => {
    const ended = await runProgram(pending, "returns")
    expect(ended.said("pending")).toBe(5_000)
    expect(ended.said("stopped")).toEqual(allFolded)
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  })

  it.for(["fails", "dies"])("folds them, runs onStopped and exits with 1 when it %s", async (how) => {
    const ended = await runProgram(pending, how)
    expect(ended.said("pending")).toBe(5_000)
    expect(ended.said("stopped")).toEqual(allFolded)
    expect(ended).toMatchObject({ code: 1, signal: null })
  })

  it.for(["SIGTERM", "SIGINT"] as const)("folds them, runs onStopped and exits with 130 at %s", async (signal) => {
    const program = startProgram(pending, "waits for a signal")
    await program.says("ready")
    program.kill(signal)
    const ended = await program.ended
    expect(ended.said("pending")).toBe(5_000)
    expect(ended.said("stopped")).toEqual(allFolded)
    expect(ended).toMatchObject({ code: 130, signal: null, stderr: "" })
  })

  it("does not hang at process.exit, which drops them", async () => {
    const ended = await runProgram(pending, "exits")
    expect(ended.said("pending")).toBe(5_000)
    expect(ended.count("stopped")).toBe(0)
    expect(ended).toMatchObject({ code: 7, signal: null })
  })

  it("does not hang at an uncaught error, which drops them", async () => {
    const ended = await runProgram(pending, "throws")
    expect(ended.said("pending")).toBe(5_000)
    expect(ended.count("stopped")).toBe(0)
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stderr).toContain("thrown beside the program")
  })
})

describe("a program with nothing else to keep it alive", () => {
  it("stays alive for a fiber that waits for room", async () => {
    const program = startProgram(new URL("./fixtures/waiting.ts", import.meta.url))
    await program.says("asked")
    program.kill("SIGUSR2")
    const ended = await program.ended
    expect(ended.said("answer")).toBe("done")
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  })

  it.for([
    ["the process metrics", ""],
    ["an exporter", ""],
    ["an exporter", "after its shutdown"]
  ] as const)("exits by itself with 0 when it forgets to stop %s %s", async ([what, when]) => {
    const ended = await runProgram(new URL("./fixtures/background.ts", import.meta.url), what, when)
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  })
})

describe("a program on the promise API", () => {
  it.for(["an idle runtime", "an event that is not folded"])(
    "exits by itself with 0 when it forgets to shut down and leaves %s",
    async (left) => {
      expect(await runProgram(facade, left)).toMatchObject({ code: 0, signal: null, stderr: "" })
    }
  )

  it.for([
    ["a read", { "gated.ticks": { name: "gated.ticks", dimensions: { count: 1, sum: 1 } } }],
    ["a stop", "done"],
    ["a removal", "done"],
    ["a shutdown", "done"]
  ] as const)("stays alive for a pending %s until it is answered, then exits with 0", async ([operation, answer]) => {
    const program = startProgram(facade, operation)
    await program.says("asked")
    program.kill("SIGUSR2")
    const ended = await program.ended
    expect(ended.said("answer")).toEqual(answer)
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  })

  it("does not hang at process.exit during a read", async () => {
    const ended = await runProgram(facade, "process.exit during a read")
    expect(ended.count("answer")).toBe(0)
    expect(ended).toMatchObject({ code: 5, signal: null, stderr: "" })
  })
})
