/** Workers that fail before they are ready: errors that name what was tried, and nothing keeps running. */
import { fileURLToPath } from "node:url"
import { beforeAll, describe, expect, it } from "@effect/vitest"
import { type Ended, runProgramWith } from "../support/runProgram.ts"

const pathOf = (fixture: string): string => fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url))

const moduleError = (fixture: string, reason: unknown) => ({
  _tag: "mvx-metrics/MetricsModuleError",
  path: pathOf(fixture),
  reason,
  message: expect.stringContaining(pathOf(fixture))
})
const runtimeFailed = (cause: unknown) => ({ _tag: "mvx-metrics/RuntimeFailed", namespace: "test.start", cause })

const invalidMetrics = (argument: string, message: unknown) => ({
  _tag: "mvx-metrics/InvalidArgument",
  argument,
  message
})
const nameTaken = invalidMetrics(
  "metrics",
  expect.stringContaining('two different definitions under the name "probe.ticks"')
)

const modules = [
  [
    "a missing module",
    moduleError("nowhere.metrics.ts", `there is no such file, and no ${pathOf("nowhere.metrics.js")} either`)
  ],
  ["a missing module next to an existing one", moduleError("nowhere.metrics.mjs", "there is no such file")],
  [
    "a module that is not a file",
    {
      _tag: "mvx-metrics/MetricsModuleError",
      path: "https://example.test/save.metrics.ts",
      reason: "is not a file: URL"
    }
  ],
  ["a module that throws", moduleError("throwing.metrics.ts", "could not be imported: thrown at import")],
  ["a module that exits", runtimeFailed("The worker has exited with code: 4")],
  ["a module without a metric", moduleError("no.metrics.ts", "exports no metric made by Metric.make")],
  ["modules with different metrics under one name", nameTaken]
] as const

const workers = [
  ["a missing entry", runtimeFailed(`Cannot find module '${pathOf("nowhere.worker.ts")}'`)],
  ["an entry that throws", runtimeFailed("thrown by the entry")],
  ["an entry that exits", runtimeFailed("The worker has exited with code: 4")],
  ["an entry that never calls MetricsWorker.run and ends", runtimeFailed("The worker has exited with code: 0")],
  [
    "an entry that never calls MetricsWorker.run and lives on",
    runtimeFailed("the worker has not reported its metrics. Does its entry call MetricsWorker.run?")
  ],
  ["an entry without an array", invalidMetrics("metrics", "metrics: must be an array of definitions")],
  [
    "an entry with an invalid metric",
    invalidMetrics(
      "metrics[1]",
      "metrics[1]: must be a metric or a set of metrics. Make a set with Metric.combine or Metric.module"
    )
  ],
  ["an entry with different metrics under one name", nameTaken],
  ["a spawn that throws", runtimeFailed("thrown by spawn")],
  ["a spawn that returns no worker", { _tag: "mvx-metrics/InvalidArgument", argument: "spawn" }]
] as const

describe("a runtime whose worker cannot start", () => {
  let ended: Ended
  beforeAll(async () => {
    // From sources: what loads the bundles makes other errors of modules that are not there.
    ended = await runProgramWith({ execArgv: [], env: {} }, new URL("./fixtures/startFailures.ts", import.meta.url))
  }, 60_000)

  it.for([...modules, ...workers])("names it in the error of its start: %s", ([what, error]) => {
    const isDefect = error._tag === "mvx-metrics/InvalidArgument"
    expect(ended.said(what)).toMatchObject({ isError: true, isDefect, ...error })
  })

  it.for([...modules, ...workers])("is Failed, rejects everything and can be shut down after %s", ([what]) => {
    expect(ended.said(what)).toMatchObject({
      state: "Failed",
      after: ["mvx-metrics/InvalidState", "mvx-metrics/InvalidState", "done"]
    })
  })

  it.for(workers)("leaves no thread after %s", ([what]) => {
    expect(ended.said(`the thread of ${what}`)).toBe(-1)
  })

  it("does not keep the process alive, which exits with 0", () => {
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  })
})
