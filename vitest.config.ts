import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["mvx-metrics-source", "node"] },
  ssr: { resolve: { conditions: ["mvx-metrics-source", "node"] } },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000
  }
})
