import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// Tests start many threads and processes, each of which compiles Effect: Node keeps the code for the next one.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("./node_modules/.cache/node-compile", import.meta.url))

export default defineConfig({
  resolve: { conditions: ["mvx-metrics-source", "node"] },
  ssr: { resolve: { conditions: ["mvx-metrics-source", "node"] } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/e2e/**", "test/faults/**", "test/**/*.long.test.ts"],
    // Most of the time goes to threads and processes that start: half the cores would be too few.
    maxWorkers: "100%",
    // Files leave nothing behind that others would see; an environment for each of them would cost a third of the time.
    isolate: false,
    // Most time of the threads that tests start would go to loading modules one by one.
    globalSetup: "test/support/threads/bundle.ts",
    execArgv: ["--import", new URL("test/support/threads/load.ts", import.meta.url).href],
    // A limit for what hangs, not for what is slow.
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
