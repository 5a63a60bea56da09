import { defineConfig } from "tsup"

export default defineConfig({
  entry: ["main.ts", "metrics.worker.ts"],
  format: "esm",
  platform: "node",
  target: "node22"
})
