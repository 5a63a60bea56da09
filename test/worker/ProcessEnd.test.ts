/** Real processes on the promise API that are flushed when they end, and end as they would have without the flush. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { startProgram } from "../support/runProgram.ts"
import { makeSink, numbersBy, pointsOf } from "../support/sink.ts"

const program = new URL("./fixtures/flushOn.ts", import.meta.url)

/** What the collector has been sent of the jobs of each namespace, by the last export of each. */
const run = (how: string, signal?: NodeJS.Signals) =>
  Effect.gen(function* () {
    const sink = yield* makeSink()
    const started = startProgram(program, how, sink.url)
    if (signal !== undefined) {
      yield* Effect.promise(() => started.says("ready"))
      started.kill(signal)
    }
    const ended = yield* Effect.promise(() => started.ended)
    const exported: Record<string, number> = {}
    while ((yield* sink.size) > 0) {
      const next = yield* sink.next
      Object.assign(exported, numbersBy("namespace", pointsOf(next, "jobs")))
    }
    return { ended, exported }
  })

const everything = { "test.worker": 5000, "test.in_process": 5000 }

it.effect("a signal that the program does not listen to ends it as usual, after everything was exported", () =>
  Effect.gen(function* () {
    const { ended, exported } = yield* run("waits for a signal", "SIGTERM")
    expect(exported).toEqual(everything)
    expect(ended).toMatchObject({ code: null, signal: "SIGTERM", stderr: "" })
  })
)

it.effect("a program that has nothing more to do exits with its exit code, after everything was exported", () =>
  Effect.gen(function* () {
    const { ended, exported } = yield* run("returns")
    expect(exported).toEqual(everything)
    expect(ended).toMatchObject({ code: 3, signal: null, stderr: "" })
  })
)

it.effect("an uncaught exception kills the program as usual", () =>
  Effect.gen(function* () {
    const { ended } = yield* run("throws")
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stderr).toContain("thrown by the program")
  })
)
