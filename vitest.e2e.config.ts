import { defineConfig } from "vitest/config"
import base from "./vitest.config.ts"

// What needs a browser, a Prometheus or another program beside Node. `npm test` does not run it.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["test/e2e/**/*.e2e.test.ts"],
    exclude: [],
    testTimeout: 120_000,
    hookTimeout: 120_000
  }
})
