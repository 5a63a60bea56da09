import { resolve } from "node:path"
import { defineConfig } from "rolldown"
import manifest from "./package.json" with { type: "json" }

const exported = Object.values(manifest.exports).flatMap((target) =>
  typeof target === "string" ? [] : target["mvx-metrics-source"]
)

const input: { readonly [name: string]: string } = {
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
}

/**
 * What most programs load, on either thread. A module takes a third of a millisecond to load, however small it is, and a
 * chunk for each set of entries that share a module would be a hundred of them. So only these tell modules apart.
 */
const roots = [
  "src/MetricsError.ts",
  "src/Metric.ts",
  "src/index.ts",
  "src/MetricsClient.ts",
  "src/internal/worker/workerEntry.ts",
  "src/internal/link/toWorker.ts"
].map((path) => resolve(path))

const entries = new Set(Object.values(input).map((path) => resolve(path)))
const imports = new Map<string, ReadonlyArray<string>>()

/** A module with all that it imports. */
const loadedWith = (root: string): ReadonlySet<string> => {
  const loaded = new Set([root])
  for (const module of loaded) for (const imported of imports.get(module) ?? []) loaded.add(imported)
  return loaded
}

let loaded: ReadonlyArray<ReadonlySet<string>> | undefined

/** A bit for each of the roots that load it. Entries are chunks of their own, and keep their exports. */
const loadedBy = (module: string): number => {
  if (entries.has(module)) return 0
  loaded ??= roots.map(loadedWith)
  return loaded.reduce((bits, modules, root) => bits | (modules.has(module) ? 1 << root : 0), 0)
}

const sizeOf = (bits: number): number => bits.toString(2).replaceAll("0", "").length

// JavaScript only: the declarations come from tsc (see package.json, "build").
export default defineConfig({
  input,
  platform: "node",
  external: /^[^./]/,
  transform: { target: "node22" },
  plugins: [{ name: "imports", moduleParsed: ({ id, importedIds }) => void imports.set(id, importedIds) }],
  output: {
    dir: "dist",
    cleanDir: true,
    // It is readable as it is: nothing is minified, and names are kept.
    minify: false,
    // Documentation is in the declarations.
    comments: { jsdoc: false },
    chunkFileNames: "[name]-[hash].js",
    codeSplitting: {
      // What more of them load is imported by what fewer load, and never the other way around.
      groups: Array.from({ length: (1 << roots.length) - 1 }, (_, i) => i + 1).map((bits) => ({
        name: "chunk",
        priority: sizeOf(bits),
        test: (module) => loadedBy(module) === bits
      }))
    }
  }
})
