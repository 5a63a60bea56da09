// After a process is killed, the next one continues from the last write.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { runProgram, startProgram } from "../support/runProgram.ts"
import { folder } from "./support.ts"

const program = new URL("./fixtures/killed.ts", import.meta.url)

it.live(
  "a killed process leaves its last write, a crashed process leaves everything, and another one cannot start earlier",
  () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const killed = startProgram(program, directory, "on the worker", "count")
      const ended = killed.ended.catch(() => undefined)
      yield* Effect.promise(() => killed.says("counted"))
      const refused = yield* Effect.promise(() => runProgram(program, directory, "in process", "look"))
      expect(refused.stderr).toMatch(/durable state .*test\.killed\.state: is in use by the process \d+/)
      expect(refused.code).toBe(1)
      killed.kill("SIGKILL")
      yield* Effect.promise(() => ended)
      const next = yield* Effect.promise(() => runProgram(program, directory, "on the worker", "throw"))
      expect(next.said("found")).toBe(100 * 37)
      // It wrote its state while it died of the exception.
      expect(next.code).toBe(1)
      expect(next.stderr).toContain("nobody has caught this")
      const last = yield* Effect.promise(() => runProgram(program, directory, "in process", "look"))
      expect(last.said("found")).toBe(110 * 37)
    })
)
