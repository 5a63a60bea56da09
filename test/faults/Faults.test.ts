/**
 * What holds after an exception, whatever call of the engine throws it (docs/design/protocol.md, "What holds after an exception").
 * The method is that of SQLite's anomaly tests: a scenario is run again and again, each time with another step of it
 * failing, and what is left is checked. Real processes, since the modules are instrumented when they are loaded.
 */
import { describe, expect, it } from "@effect/vitest"
import { runProgram, startProgramWith } from "../support/runProgram.ts"

const program = new URL("./fixtures/program.ts", import.meta.url)
const instrument = new URL("./fixtures/instrument.ts", import.meta.url)
const overflow = new URL("./fixtures/overflow.ts", import.meta.url)

/** Thousands of runs, each of which may come to a wait of a second. */
const hangsAfter = 180_000
const options = {
  execArgv: ["--disable-warning=ExperimentalWarning", `--import=${instrument}`],
  env: {},
  hangsAfter
}

interface Ran {
  readonly name: string
  readonly steps: number
  readonly failures: number
  readonly findings: ReadonlyArray<string>
}

describe.concurrent("after a failure at any step", { timeout: hangsAfter }, () => {
  it.for(["in process", "over a port"])("the engine is intact, %s", async (where) => {
    const ended = await startProgramWith(options, program, where).ended
    const all: ReadonlyArray<Ran> = ended.allSaid("scenario")
    expect(all.flatMap(({ findings, name }) => findings.map((finding) => `${name}, ${finding}`))).toEqual([])
    expect(all.length).toBeGreaterThan(25)
    for (const { failures, name } of all) expect(failures, name).toBeGreaterThan(0)
    expect(all.reduce((sum, { failures }) => sum + failures, 0)).toBeGreaterThan(1000)
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  })
})

describe.concurrent("a recursion that emits until the stack overflows, which its caller catches", () => {
  it.for(["in process", "on the worker"])(
    "leaves the accounting balanced, and later events count, %s",
    async (where) => {
      const ended = await runProgram(overflow, where)
      const runs = ended.allSaid("run")
      expect(runs.length).toBe(18)
      for (const { after, before, capacity, counts, kinds, last, overflow, told } of runs) {
        const [inBoth, threw] = [told.row + told.generic, told.threw]
        expect(threw).toBeGreaterThan(0)
        expect(inBoth + told.refused).toBeGreaterThan(1000)
        // How many have room where the capacity is 10 is a matter of when the fold gets to run.
        expect(inBoth).toBeGreaterThan(capacity === 10 ? 0 : 1000)
        for (const { accepted, applied, evicted, ignored, offered, pending, refused, refusedBy } of [
          before,
          after,
          last
        ]) {
          expect(offered).toBe(accepted + refused)
          expect(accepted).toBe(applied + ignored + evicted + pending)
          expect(refusedBy).toEqual({ overflow: refused, invalid: 0, notRunning: 0 })
          expect(ignored).toBe(0)
        }
        // One that threw was not offered, or was refused, or was accepted and told so no more.
        expect(after.accepted).toBeGreaterThanOrEqual(inBoth)
        expect(after.refused).toBeGreaterThanOrEqual(told.refused)
        expect(after.offered).toBeLessThanOrEqual(inBoth + told.refused + threw)
        expect(after).toEqual({ ...before, applied: before.accepted - before.evicted, pending: 0 })
        if (overflow !== "drop-oldest") expect(after.evicted).toBe(0)
        // What was counted is what was folded, of each kind.
        const [[rows, generics], [laterRows, laterGenerics]] = counts.map((each: ReadonlyArray<{ value: number }>) =>
          each.map(({ value }) => value)
        )
        expect(rows + generics).toBe(after.applied)
        if (kinds === "rows") expect(generics).toBe(0)
        if (kinds === "generics") expect(rows).toBe(0)
        if (overflow !== "drop-oldest")
          expect(rows - told.row + (generics - told.generic)).toBe(after.accepted - inBoth)
        expect([laterRows - rows, laterGenerics - generics]).toEqual([3, 1])
        expect(last).toEqual({
          ...after,
          offered: after.offered + 4,
          accepted: after.accepted + 4,
          applied: after.applied + 4
        })
      }
      expect(ended.said("shut down")).toBe(null)
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
    }
  )
})
