// Prints the counts of Vitest's JSON report as one line, `N passed, N failed`. Fails when a test failed or none ran.
import { readFileSync } from "node:fs"

interface TestFile {
  readonly status: "passed" | "failed"
  readonly assertionResults: ReadonlyArray<{ readonly status: string }>
}

const filesOf = (report: string): ReadonlyArray<TestFile> => {
  try {
    return JSON.parse(readFileSync(report, "utf8")).testResults
  } catch (cause) {
    console.error(`Vitest has left no report: ${cause}`)
    return []
  }
}

const files = filesOf(process.argv[2] ?? "")
const statuses = files.flatMap((file) => file.assertionResults.map((test) => test.status))
const passed = statuses.filter((status) => status === "passed").length
const failedTests = statuses.filter((status) => status === "failed").length
// Files that failed outside their tests, at import say.
const failedFiles = files.filter(
  (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed")
).length
const failed = failedTests + failedFiles
const skipped = statuses.length - passed - failedTests

console.log(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`)
process.exitCode = passed > 0 && failed === 0 ? 0 : 1
