import { defineConfig } from "vitest/config"
import base from "./vitest.config.ts"

// Every step of the engine made to fail, in programs that take half a minute. `npm test` does not run them.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["test/faults/**/*.test.ts"],
    exclude: [],
    testTimeout: 120_000,
    hookTimeout: 120_000
  }
})
