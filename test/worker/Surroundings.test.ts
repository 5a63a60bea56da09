// What the packaged worker inherits from its process: no secrets, no arguments, and only the options needed to load
// modules.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { MetricsRuntime, type WorkerOptions } from "mvx-metrics"
import { loaderOptions, loaderVariables } from "../../src/internal/worker/threadOptions.ts"
import { Surroundings } from "./fixtures/surroundings.metrics.ts"

const metrics = new URL("./fixtures/surroundings.metrics.ts", import.meta.url)

const surroundings = (options: Pick<WorkerOptions, "env" | "resourceLimits">) =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime.makeWorker({
      namespace: "test.surroundings",
      logging: "silent",
      metrics,
      ...options
    } as WorkerOptions)
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("r")
    yield* recorder.register(Surroundings)
    return (yield* recorder.snapshot(Surroundings)).dimensions!
  })

describe("the packaged worker", () => {
  it.live("has only the environment variables that loaders read, no arguments, and no other options", () =>
    Effect.gen(function* () {
      process.env.TEST_SECRET = "secret"
      const { argv, env, execArgv, youngGeneration } = yield* surroundings({})
      delete process.env.TEST_SECRET
      expect(env).toEqual(loaderVariables(process.env))
      expect(JSON.stringify(env)).not.toContain("secret")
      expect(argv).toEqual([])
      expect(execArgv).toEqual(loaderOptions(process.execArgv, process.env.NODE_OPTIONS))
      expect(youngGeneration).toBe(4)
    })
  )

  it.live("has the environment and the limits that it is given", () =>
    Effect.gen(function* () {
      const env = { BOUNDARIES: "1,2", NODE_OPTIONS: "--max-old-space-size=1000" }
      const resourceLimits = { maxOldGenerationSizeMb: 200, maxYoungGenerationSizeMb: 20 }
      const given = yield* surroundings({ env, resourceLimits })
      expect(given.env).toEqual({ BOUNDARIES: "1,2" })
      expect(given).toMatchObject({ oldGeneration: 200, youngGeneration: 20 })
    })
  )

  it.live.each<readonly [object, RegExp]>([
    [{ env: { A: 1 } }, /env: must be an object of strings/],
    [{ resourceLimits: { maxHeap: 1 } }, /resourceLimits: must be an object of positive numbers/],
    [{ resourceLimits: {}, metrics: undefined, spawn: () => {} }, /resourceLimits: is for the packaged worker/]
  ])("rejects %o", ([options, error]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(surroundings(options))
      expect(Exit.isFailure(exit) && String(exit.cause)).toMatch(error)
    })
  )
})

describe("the options of the process", () => {
  it("reach the worker if they load modules", () => {
    const given = [
      "--inspect=0",
      "-C",
      "a",
      "--conditions=b",
      "--import",
      "x y.js",
      "--title=t",
      "-e",
      "1",
      "--no-warnings"
    ]
    const nodeOptions = '--max-old-space-size=100 --require "./a \\"b.cjs" --enable-source-maps --cpu-prof'
    expect(loaderOptions(given, nodeOptions)).toEqual([
      ...["--require", './a "b.cjs', "--enable-source-maps"],
      ...["-C", "a", "--conditions=b", "--import", "x y.js", "--no-warnings"]
    ])
  })

  it("do not include environment variables with secrets", () => {
    const variables = { NODE_ENV: "test", NODE_AUTH_TOKEN: "secret", TZ: "UTC", TSX_TSCONFIG_PATH: "x", HOME: "/" }
    expect(loaderVariables(variables)).toEqual({ NODE_ENV: "test", TZ: "UTC", TSX_TSCONFIG_PATH: "x" })
  })
})
