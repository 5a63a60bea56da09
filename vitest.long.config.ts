import { globSync, readFileSync } from "node:fs"
import { defineConfig } from "vitest/config"
import base from "./vitest.config.ts"

// Property tests with all of their runs, and what holds at the limits of size. `npm test` tries a part of each.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: globSync("test/**/*.test.ts").filter(
      (file) => file.endsWith(".long.test.ts") || readFileSync(file, "utf8").includes("/support/long.ts")
    ),
    exclude: [],
    env: { MVX_TEST_LONG: "yes" },
    testTimeout: 120_000
  }
})
