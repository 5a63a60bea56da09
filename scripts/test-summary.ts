// Says what became of the tests in Vitest's JSON reports: each test that failed, with its first lines, and the counts as
// the last line, `N passed, N failed`. Fails when a test failed or a report has none that passed.
import { readFileSync } from "node:fs"
import { basename, relative } from "node:path"
import { stripVTControlCharacters } from "node:util"

interface Test {
  readonly status: string
  readonly fullName: string
  readonly failureMessages: ReadonlyArray<string>
}

interface TestFile {
  readonly name: string
  readonly status: "passed" | "failed"
  readonly message: string
  readonly assertionResults: ReadonlyArray<Test>
}

/** A failure prints as much as whole objects compared: who reads the end of a log wants to see all that failed. */
const firstLines = (text: string): string =>
  stripVTControlCharacters(text)
    .split("\n", 12)
    .map((line) => `    ${line.slice(0, 200)}\n`)
    .join("")

const counts = { passed: 0, failed: 0, skipped: 0 }
let unproven = false

const tellFailure = (report: string, name: string, text: string): void => {
  counts.failed++
  console.log(`failed in ${basename(report, ".json")}: ${name}\n${firstLines(text)}`)
}

const count = (report: string, { name, status, message, assertionResults }: TestFile): void => {
  const path = relative(process.cwd(), name)
  const failed = assertionResults.filter((test) => test.status === "failed")
  for (const { fullName, failureMessages } of failed)
    tellFailure(report, `${path}: ${fullName}`, failureMessages[0] ?? "")
  // A file that failed outside its tests, at import say.
  if (status === "failed" && failed.length === 0) tellFailure(report, path, message)
  const passed = assertionResults.filter((test) => test.status === "passed").length
  counts.passed += passed
  counts.skipped += assertionResults.length - passed - failed.length
}

for (const report of process.argv.slice(2)) {
  const before = counts.passed
  try {
    for (const file of JSON.parse(readFileSync(report, "utf8")).testResults as ReadonlyArray<TestFile>)
      count(report, file)
  } catch (cause) {
    console.error(`Vitest has left no report: ${cause}`)
  }
  unproven ||= counts.passed === before
}

const { passed, failed, skipped } = counts
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`)
process.exitCode = unproven || failed > 0 || process.argv.length < 3 ? 1 : 0
