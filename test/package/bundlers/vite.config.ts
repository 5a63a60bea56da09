import { defineConfig } from "vite"

export default defineConfig({
  ssr: { noExternal: true },
  build: {
    ssr: true,
    target: "node22",
    rollupOptions: {
      input: { main: "main.ts", "metrics.worker": "metrics.worker.ts" },
      output: { entryFileNames: "[name].js" }
    }
  }
})
