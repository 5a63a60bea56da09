/** A runtime that a preload starts. A preload runs in each thread of its process, so in the metrics worker as well. */
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { runProgramWith } from "../support/runProgram.ts"

const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)
const path = (name: string): string => fileURLToPath(fixture(name))

describe("a program whose metrics are started by a preload", () => {
  it.for<[by: string, execArgv: ReadonlyArray<string>, env: { readonly [name: string]: string }]>([
    ["--import", ["--import", fixture("preload.ts").href], {}],
    ["--import, with a worker entry of its own", ["--import", fixture("preload.ts").href], { PRELOAD_SPAWNS: "yes" }],
    ["--require", ["--require", path("preload.cjs")], {}],
    ["NODE_OPTIONS", [], { NODE_OPTIONS: `--import=${fixture("preload.ts").href}` }]
  ])("has them, and one worker: by %s", async ([, execArgv, env]) => {
    const ended = await runProgramWith({ execArgv, env }, fixture("preloaded.ts"))
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
    expect(ended.said("shown")).toEqual({ count: 2, sum: 3 })
    expect(ended.count("preloaded by the program")).toBe(1)
    // One that cannot wait may not be through when the program ends.
    expect(ended.count("preloaded by a worker")).toBeLessThanOrEqual(1)
  })
})
