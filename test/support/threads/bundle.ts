/**
 * Bundles what the tests load most often: the packaged entry of the worker with the metrics of the tests, and two programs
 * that are started again and again. A thread takes 200 ms of a core to load the 240 modules one by one, and 40 ms for a
 * bundle of them; the tests start 250 threads.
 *
 * Programs and metrics that are not named here are loaded from their sources: those of test/worker, for which it matters
 * where a module lies and who imports it.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { build, type Plugin } from "esbuild"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const outdir = fileURLToPath(new URL("../../../node_modules/.cache/threads", import.meta.url))

const entries = [
  "src/internal/worker/workerEntry.ts",
  "src/cli/main.ts",
  "examples/01_document-storage/main.ts",
  ...globSync(
    "{examples,test/{support,model,crash,durable/fixtures,internal/fixtures,cli/fixtures}}/**/*.{metrics,worker}.ts",
    {
      cwd: root
    }
  )
]

/** A module in a bundle still finds what lies beside its source, and is told by its URL. */
const urlsOfSources: Plugin = {
  name: "urls-of-sources",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = (await readFile(path, "utf8")).replace(/^#!.*/, "")
      return { contents: `const urlOfSource = ${JSON.stringify(pathToFileURL(path).href)}; ${source}`, loader: "ts" }
    })
  }
}

/** Run by Vitest before all tests. */
export default async function setup(): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outbase: root,
    outdir,
    bundle: true,
    splitting: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node22",
    define: { "import.meta.url": "urlOfSource" },
    conditions: ["mvx-metrics-source"],
    plugins: [urlsOfSources],
    logLevel: "warning"
  })
  const anHourAgo = Date.now() - 3_600_000
  const made = new Set(outputFiles.map(({ path }) => path))
  for (const path of globSync(`${outdir}/**/*.js`)) {
    if (!made.has(path) && statSync(path).mtimeMs < anHourAgo) rmSync(path)
  }
  for (const { path, text } of outputFiles) {
    // Another run may be reading them.
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}
