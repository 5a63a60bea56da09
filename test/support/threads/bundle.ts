/**
 * Bundles what the threads and programs of the tests load: the library, Effect, and the modules of the tests. A thread
 * takes 250 ms of a core to load 240 modules one by one, and 70 ms for a bundle of them; the tests start 250 threads and a
 * hundred programs.
 *
 * There are two sets of bundles. `own` has no more of the packages than its modules use. `whole` has all of them: a module
 * that is in no bundle, as those of the examples in the documentation, finds the library and Effect there, and there is
 * one of each in a thread. It takes a thread 120 ms.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Plugin, rolldown } from "rolldown"
import manifest from "../../../package.json" with { type: "json" }

const root = fileURLToPath(new URL("../../..", import.meta.url))
const folder = fileURLToPath(new URL("../../../node_modules/.cache/threads", import.meta.url))

/** What modules that are in no bundle may import. */
const packages = [
  "effect/dist/index.js",
  "effect/dist/http/index.js",
  "effect/dist/http-api/index.js",
  "effect/dist/observability/index.js",
  "effect/dist/persistence/index.js",
  "effect/dist/sql/index.js",
  "effect/dist/testing/index.js",
  "@effect/platform-node/dist/index.js",
  "@effect/platform-node/dist/NodeRuntime.js"
].map((path) => join("node_modules", path))

const entries = Object.values(manifest.exports).flatMap((paths) =>
  typeof paths === "string" ? [] : join(paths["mvx-metrics-source"])
)

const modules = [
  ...entries,
  "src/internal/worker/workerEntry.ts",
  "src/cli/main.ts",
  ...globSync("src/internal/{http,process,sql,structures}/*etrics.ts", { cwd: root }),
  "test/support/runTogether.ts",
  ...globSync("test/{cli,cluster,durable,e2e,internal,store,worker}/fixtures/**/*.{ts,js,mjs}", {
    cwd: root,
    // Preloaded before the bundles, and one that imports whatever it is told to.
    exclude: ["**/preload*", "**/launcher.ts"]
  }),
  // The other programs of test/faults are instrumented, so they are loaded from their sources.
  ...globSync("test/faults/fixtures/overflow*.ts", { cwd: root }),
  // Those of examples/frameworks are of another package.
  ...globSync("{examples/[0-9]*,test/{support,model,crash,streams}}/**/*.{metrics,worker}.ts", { cwd: root }),
  ...globSync("examples/[0-9]*/main.ts", { cwd: root })
]

/** A module in a bundle still finds what lies beside its source, and is told by its URL. */
const urlsOfSources: Plugin = {
  name: "urls-of-sources",
  transform: {
    filter: { code: "import.meta.url" },
    handler: (code, id) => ({
      code: `const urlOfSource = ${JSON.stringify(pathToFileURL(id).href)}; ${code.replace(/^#!.*/, "")}`,
      map: null
    })
  }
}

const isBundled = (specifier: string): boolean => /^([./]|(effect|@effect|mvx-metrics|pbf)(\/|$))/.test(specifier)

/** One character of another kind would double what a thread reads: V8 then has two bytes for each. */
const inAscii = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** Bundles modules, with what of the packages they use. */
const write = async (outdir: string, modules: ReadonlyArray<string>): Promise<void> => {
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(modules.map((path) => [path.replace(/\.[^.]+$/, ""), join(root, path)])),
    platform: "node",
    resolve: { conditionNames: ["mvx-metrics-source", "node", "import"] },
    external: (specifier) => !isBundled(specifier),
    transform: { define: { "import.meta.url": "urlOfSource" } },
    plugins: [urlsOfSources],
    logLevel: "silent"
  })
  const { output } = await bundle.generate({
    // By the ending, Node knows that each is a module: it would parse it once more to find out.
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    comments: false,
    // Each file costs a thread as much as a hundred lines.
    codeSplitting: { groups: [{ name: "library", minShareCount: 12 }] }
  })
  const files = new Map(
    output.map((file) => [join(outdir, file.fileName), file.type === "chunk" ? inAscii(file.code) : ""])
  )
  const anHourAgo = Date.now() - 3_600_000
  for (const path of globSync(`${outdir}/**/*.mjs`)) {
    if (files.has(path)) continue
    // What others share may still be read by another run.
    if (dirname(path) !== outdir || statSync(path).mtimeMs < anHourAgo) rmSync(path)
  }
  for (const [path, text] of files) {
    // Another run may be reading them.
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

/** Run by Vitest before all tests. */
export default async function setup(): Promise<void> {
  await Promise.all([write(join(folder, "own"), modules), write(join(folder, "whole"), [...packages, ...modules])])
}
