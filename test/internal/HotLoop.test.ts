// A loop that emits has in it all that an event passes, when V8 has compiled it, and makes no object of the event: the
// object lives on only where a call that was not taken in gets it. Nothing here is timed: V8 says what it does.
import { describe, expect, it } from "@effect/vitest"
import { runProgramWith } from "../support/runProgram.ts"

/** What V8 takes in goes by its version: this is known of one. */
const isKnown = process.versions.v8.startsWith("13.")

const traced = { execArgv: ["--allow-natives-syntax", "--trace-turbo-inlining"], env: {} }

/** What gets an event where it is not as most are. */
const gettingEvents = ["unwritten", "#offerAny", "writeAny", "writeRow", "copy"]

describe.skipIf(!isKnown)(`a loop that emits, compiled after all that it calls and a full recorder, in V8 13`, () => {
  it("takes in what an event passes, and stays compiled", async () => {
    const { code, stderr, stdout } = await runProgramWith(traced, new URL("./fixtures/hotLoop.ts", import.meta.url))
    expect(code).toBe(0)
    expect(stderr.split("\n")).toEqual([
      "full: true",
      "optimized: true",
      "full again: true",
      "still optimized: true",
      ""
    ])
    const into = [
      ...stdout.matchAll(/^Inlining .*<SharedFunctionInfo ?([^>]*)>\} into .*<SharedFunctionInfo hotLoop>.*$/gm)
    ]
    const inlined = into.map(([, name]) => name)
    expect(inlined).toEqual(expect.arrayContaining(["offer", "encoderOf", "write", "recent"]))
    // V8 lists again and again what is called and not taken in yet. What gets an event must not be among it.
    const compiling = stdout.slice(into[0]!.index, into.at(-1)!.index)
    const called = [...compiling.matchAll(/- target: .*<SharedFunctionInfo ([^>]*)>\}, bytecode/g)].map(
      ([, name]) => name
    )
    expect(called.filter((name) => gettingEvents.includes(name!) && !inlined.includes(name))).toEqual([])
  })
})
