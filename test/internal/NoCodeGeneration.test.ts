/**
 * If a process may not generate code from strings, no event has a layout: the results are the same, also in the worker.
 * Real processes.
 */
import { afterEach, describe, expect, it, vi } from "@effect/vitest"
import { runProgram } from "../support/runProgram.ts"

const program = new URL("./fixtures/folds.ts", import.meta.url)
const flag = "--disallow-code-generation-from-strings"

afterEach(() => {
  vi.unstubAllEnvs()
})

const run = async (options: string) => {
  vi.stubEnv("NODE_OPTIONS", options)
  const ended = await runProgram(program)
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  return ended
}

/** What was reported, apart from what shows whether code was generated. */
const apart = (report: { readonly snapshots: { readonly [name: string]: unknown } }) => {
  const { "work.can_generate": canGenerate, ...snapshots } = report.snapshots
  return { canGenerate, rest: { ...report, snapshots } }
}

describe("if code generation is forbidden", () => {
  it("the same program produces the same report, in process and on the worker", async () => {
    const allowed = await run("")
    const forbidden = await run(flag)
    expect([allowed.said("can generate"), forbidden.said("can generate")]).toEqual([true, false])
    const expected = apart(allowed.said("in process")).rest
    expect(expected).toMatchObject({
      stats: { accepted: 200, applied: 200, pending: 0, refused: 0 },
      snapshots: { "work.done": { dimensions: { value: 196 } } }
    })
    for (const where of ["in process", "on the worker"]) {
      for (const [ended, canGenerate] of [
        [allowed, true],
        [forbidden, false]
      ] as const) {
        const report = apart(ended.said(where))
        expect(report.canGenerate, where).toMatchObject({ dimensions: { canGenerate } })
        expect(report.rest, where).toEqual(expected)
      }
    }
  })
})
