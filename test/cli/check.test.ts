/**
 * `mvx-metrics check`, in process: its output and its exit code.
 */
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { check } from "../../src/cli/check.ts"
import { diff } from "../../src/cli/diff.ts"
import { outcomeOf } from "../support/commands.ts"

const careless = fileURLToPath(new URL("./fixtures/careless.metrics.ts", import.meta.url))

const hostile = fileURLToPath(new URL("./fixtures/hostile.metrics.ts", import.meta.url))

const waiting = fileURLToPath(new URL("./fixtures/waiting.metrics.ts", import.meta.url))

const run = (...args: ReadonlyArray<string>) => outcomeOf(check, [careless, ...args])

describe("check", () => {
  it.effect("prints findings and fixes, the most severe first, and exits with 3 on an error", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run()
      expect(code).toBe(3)
      expect(stdout).toBe(
        [
          "error    unit-of-field  app.request.duration has the unit s, and measures the field durationMs, which seems to be in ms.",
          "         Give it the unit ms, or measure (event) => event.durationMs / 1000.",
          "warning  label-open  app.requests has the label host from the field host, and the schema does not list its values.",
          "         List them (Schema.Literals), or say how many series there may be (maxSeries).",
          "warning  event-unread  app.restart is read by no metric.",
          "         Read it, or leave it out of the family.",
          "note     description-missing  app.requests has no description.",
          "         Say what it measures: exporters send it as the help text.",
          "1 error, 2 warnings, 1 note",
          ""
        ].join("\n")
      )
    })
  )

  it.effect("prints JSON", () =>
    Effect.gen(function* () {
      const { stdout } = yield* run("--json")
      const { counts, findings } = JSON.parse(stdout)
      expect(counts).toEqual({ errors: 1, warnings: 2, notes: 1 })
      expect(findings[1]).toEqual({
        code: "label-open",
        severity: "warning",
        place: "app.requests",
        part: "host",
        message: expect.stringContaining("has the label host"),
        advice: expect.stringContaining("Schema.Literals")
      })
    })
  )

  it.effect("exits with 2 if there are at most warnings, and with 0 if there are at most notes", () =>
    Effect.gen(function* () {
      const warned = yield* run("--accept", "unit-of-field")
      expect(warned.code).toBe(2)
      expect(warned.stdout).toMatch(/^0 errors, 2 warnings, 1 note, 1 accepted$/m)
      const accepts = ["unit-of-field:app.request.duration", "label-open:app.requests", "event-unread:app.restart"]
      const noted = yield* run(...accepts.flatMap((each) => ["--accept", each]))
      expect(noted).toMatchObject({
        code: 0,
        stderr: "",
        stdout: expect.stringMatching(/0 warnings, 1 note, 3 accepted$/m)
      })
    })
  )

  it.effect("times out on a module that never finishes loading", () =>
    Effect.gen(function* () {
      const running = yield* Effect.forkChild(outcomeOf(check, [waiting]))
      yield* TestClock.adjust("30 seconds")
      expect(yield* Fiber.join(running)).toMatchObject({ code: 1, stderr: expect.stringContaining("after 30 seconds") })
    })
  )

  it.effect("prints no terminal control sequences", () =>
    Effect.gen(function* () {
      for (const json of [[], ["--json"]]) {
        const { code, stdout } = yield* outcomeOf(check, [hostile, ...json])
        expect(code).toBe(3)
        expect(stdout).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/u)
        const changes = yield* outcomeOf(diff, [careless, hostile, ...json])
        expect(changes.stdout).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/u)
      }
    })
  )

  it.effect("reports an --accept that matches nothing, and rejects an unknown code", () =>
    Effect.gen(function* () {
      expect(yield* run("--accept", "label-open:app.other")).toMatchObject({
        code: 3,
        stderr: "--accept label-open:app.other accepts nothing here\n"
      })
      expect(yield* run("--accept", "label-opened")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('there is no code "label-opened". Did you mean "label-open"?')
      })
    })
  )
})
