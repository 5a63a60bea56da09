// Once V8 has compiled a loop that emits, it has inlined everything that an event passes, and allocates no object for
// the event: the object survives only where a call that was not inlined receives it. Nothing is timed: V8 reports what
// it does.
import { spawnSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { HangsAfter } from "../support/runProgram.ts"

/** What V8 takes in goes by its version: this is known of one. */
const isKnown = process.versions.v8.startsWith("13.")

const execArgv = ["--conditions=mvx-metrics-source", "--allow-natives-syntax", "--trace-turbo-inlining"]
const program = fileURLToPath(new URL("./fixtures/hotLoop.ts", import.meta.url))

/** Into a file: V8 writes from several threads, and what they write to a pipe gets torn or lost. */
const run = (): { readonly code: number | null; readonly stderr: string; readonly stdout: string } => {
  const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-"))
  try {
    const file = openSync(join(folder, "out"), "w")
    const { status, stderr } = spawnSync(process.execPath, [...execArgv, program], {
      stdio: ["ignore", file, "pipe"],
      encoding: "utf8",
      timeout: HangsAfter
    })
    closeSync(file)
    return { code: status, stderr, stdout: readFileSync(join(folder, "out"), "utf8") }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The lines of two threads may still be torn in one of these runs: then it says nothing. */
const MostRuns = 5

/** What gets an event where it is not as most are. */
const gettingEvents = ["unwritten", "#offerAny", "writeAny", "writeRow", "copy"]

describe.skipIf(!isKnown)(`a loop that emits, compiled after all its callees and a full recorder, in V8 13`, () => {
  it("inlines the path of an event, and stays compiled", { timeout: MostRuns * HangsAfter }, () => {
    let seen = look()
    for (let runs = 1; runs < MostRuns && !isDeepStrictEqual(seen, wanted); runs++) seen = look()
    expect(seen).toEqual(wanted)
  })
})

const wanted = {
  code: 0,
  told: ["full: true", "optimized: true", "full again: true", "still optimized: true", ""],
  takenIn: ["offer", "encoderOf", "write", "recent"],
  // V8 lists again and again what is called and not taken in yet. What gets an event must not be among it.
  called: [] as ReadonlyArray<string>
}

const look = (): typeof wanted => {
  const { code, stderr, stdout } = run()
  const into = [
    ...stdout.matchAll(/^Inlining .*<SharedFunctionInfo ?([^>]*)>\} into .*<SharedFunctionInfo hotLoop>.*$/gm)
  ]
  const inlined = into.map(([, name]) => name!)
  const compiling = stdout.slice(into[0]?.index ?? 0, into.at(-1)?.index ?? 0)
  const called = [...compiling.matchAll(/- target: .*<SharedFunctionInfo ([^>]*)>\}, bytecode/g)].map(
    ([, name]) => name!
  )
  return {
    code: code ?? -1,
    told: stderr.split("\n"),
    takenIn: wanted.takenIn.filter((name) => inlined.includes(name)),
    called: called.filter((name) => gettingEvents.includes(name) && !inlined.includes(name))
  }
}
