import { defineConfig } from "tsup"
import manifest from "./package.json" with { type: "json" }

const exported = Object.values(manifest.exports).flatMap((target) =>
  typeof target === "string" ? [] : target["mvx-metrics-source"]
)

// JavaScript only: the declarations come from tsc (see package.json, "build").
export default defineConfig({
  entry: {
    ...Object.fromEntries(exported.map((source) => [source.slice("./src/".length, -".ts".length), source])),
    // Started by `new Worker(new URL("./workerEntry.js", import.meta.url))`: it has to lie flat beside the chunks.
    workerEntry: "src/internal/worker/workerEntry.ts",
    // Imported by workers, which load nothing else with them.
    httpServerMetrics: "src/internal/http/serverMetrics.ts",
    httpClientMetrics: "src/internal/http/clientMetrics.ts",
    sqlMetrics: "src/internal/sql/metrics.ts",
    queueMetrics: "src/internal/structures/queueMetrics.ts",
    cacheMetrics: "src/internal/structures/cacheMetrics.ts",
    cli: "src/cli/main.ts"
  },
  format: "esm",
  target: "node22",
  clean: true,
  dts: false,
  // It is readable as it is: nothing is minified, and names are kept.
  sourcemap: false,
  splitting: true,
  removeNodeProtocol: false
})
