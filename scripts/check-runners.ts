// The testing kit in the runners that users have: the suite of test/package/runners, with the packed tarball, in jest
// (ESM), in each pool of Vitest and in node:test. Run it by `npm run test:runners`.
import { strictEqual } from "node:assert/strict"
import { cpSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { repository } from "./consumer.ts"
import { bin, folder, installPacked, node, run, runSteps } from "./steps.ts"

/** How many tests the suite has: as many have to pass in each runner. */
const Tests = 6

const passes = (passed: unknown): void => strictEqual(Number(passed), Tests)

/** jest and Vitest write the same report. */
const passesByReport = (report: string): void => passes(JSON.parse(report).numPassedTests)

const vitest = (pool: string) => (): void => {
  const report = join(folder, `${pool}.json`)
  run(bin("vitest"), ["run", "--pool", pool, "--reporter=json", `--outputFile=${report}`, "kit.vitest.test.js"])
  passesByReport(readFileSync(report, "utf8"))
}

await runSteps({
  "the tarball and the runners install": () => {
    const jest = { testMatch: ["**/kit.jest.js"], transform: {} }
    const manifest = { private: true, type: "module", dependencies: { jest: "30.5.2" }, jest }
    installPacked(manifest, "effect", "@effect/platform-node", "vitest")
    cpSync(join(repository, "test/package/runners"), folder, { recursive: true })
  },
  "node:test": () => passes(/^# pass (\d+)$/m.exec(node("--test", "--test-reporter=tap", "kit.node.js"))?.[1]),
  "jest, ESM": () => passesByReport(node("--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--json")),
  "Vitest, forks": vitest("forks"),
  "Vitest, threads": vitest("threads"),
  "Vitest, vmForks": vitest("vmForks"),
  "Vitest, vmThreads": vitest("vmThreads")
})
