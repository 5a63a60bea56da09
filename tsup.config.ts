import { defineConfig } from "tsup"

// JavaScript only: the declarations come from tsc (see package.json, "build").
export default defineConfig({
  entry: [
    "src/index.ts",
    "src/Metric.ts",
    "src/MetricEvent.ts",
    "src/MetricsClient.ts",
    "src/MetricsError.ts",
    "src/MetricsLayer.ts",
    "src/MetricsRuntime.ts",
    "src/MetricsWorker.ts",
    "src/Recorder.ts",
    "src/Snapshot.ts",
    // Started by `new Worker(new URL("./workerEntry.js", import.meta.url))`: it has to lie flat beside the chunks.
    { workerEntry: "src/internal/workerEntry.ts" } as unknown as string
  ],
  format: "esm",
  target: "node22",
  dts: false,
  sourcemap: true,
  splitting: true,
  removeNodeProtocol: false
})
