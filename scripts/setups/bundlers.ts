/** The recipes of docs/guides/bundlers.md, each as it stands there: what a bundler makes has to run and print the right numbers. */
import { deepStrictEqual, match } from "node:assert/strict"
import { cpSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { recipes } from "../../test/package/bundlers/recipes.ts"
import { type Consumer, locked, repository } from "../consumer.ts"
import type { Place, Setup } from "./setup.ts"

const fixtures = join(repository, "test/package/bundlers")

const place: Place = {
  name: "bundlers",
  install: (consumer, tarball) => {
    const others = ["effect", "@effect/platform-node", "esbuild", "tsup", "rollup", "vite", "typescript"]
    const manifest = JSON.parse(readFileSync(join(fixtures, "manifest.json"), "utf8"))
    consumer.install(manifest, tarball, ...others.map(locked))
    cpSync(fixtures, consumer.folder, { recursive: true })
    isRefusedWithoutEntry(consumer)
  }
}

const snapshots = {
  "document.saves": {
    name: "document.saves",
    dimensions: {
      value: 3,
      series: [
        { labels: { outcome: "SUCCESS" }, value: 2 },
        { labels: { outcome: "FAILURE" }, value: 1 }
      ]
    }
  }
}

const shell = (consumer: Consumer, command: string): string => consumer.run("sh", ["-c", command])

/** A bundle with the option metrics is refused, and told what to do. */
const isRefusedWithoutEntry = (consumer: Consumer): void => {
  for (const [format, extension] of [
    ["esm", "mjs"],
    ["cjs", "cjs"]
  ]) {
    const options = `--bundle --minify --platform=node --target=node22 --outdir=dist --format=${format}`
    shell(consumer, `npx esbuild without-entry.ts save.metrics.ts ${options} --out-extension:.js=.${extension}`)
    const said = consumer.node(
      `dist/without-entry.${extension}`,
      join(consumer.folder, `dist/save.metrics.${extension}`)
    )
    match(said, /^mvx-metrics\/MetricsModuleError: .*workerEntry.* this is a bundle\. Use the option spawn/)
  }
}

/** Runs commands, of which the last one prints the snapshots on its last line. */
const printsSnapshots = (consumer: Consumer, commands: ReadonlyArray<string>): void => {
  rmSync(join(consumer.folder, "dist"), { recursive: true, force: true })
  const printed = commands.map((command) => shell(consumer, command)).at(-1) ?? ""
  // The library logs its lifecycle before.
  deepStrictEqual(JSON.parse(printed.trimEnd().split("\n").at(-1) ?? ""), snapshots)
}

/** The commands that bundle the program that folds in process, and run it. */
const inProcess: { readonly [bundler: string]: ReadonlyArray<string> } = {
  esbuild: [
    "npx esbuild in-process.ts --bundle --platform=node --format=esm --target=node22 --outdir=dist",
    "node dist/in-process.js"
  ],
  "esbuild, CommonJS": [
    "npx esbuild in-process.ts --bundle --minify --platform=node --format=cjs --target=node22 --outdir=dist --out-extension:.js=.cjs",
    "node dist/in-process.cjs"
  ],
  tsup: ["npx tsup in-process.ts", "node dist/in-process.js"],
  Rollup: ["npx rollup -c --input in-process.ts", "node dist/in-process.js"],
  "Vite SSR": ["npx vite build --ssr in-process.ts", "node dist/in-process.js"],
  webpack: ["npx webpack --entry-reset --entry ./in-process.ts", "node dist/main.cjs"]
}

const bundler = (name: string, packageName: string, see: string): Setup => ({
  name,
  group: "Bundlers",
  package: packageName,
  see,
  metrics: "printed",
  shutdown: "exit code 0",
  place,
  check: (consumer, fold) => printsSnapshots(consumer, (fold === "worker" ? recipes : inProcess)[name]!)
})

export const bundlers: ReadonlyArray<Setup> = [
  bundler("esbuild", "esbuild", "#esbuild"),
  bundler("esbuild, CommonJS", "esbuild", "#commonjs-output"),
  bundler("tsup", "tsup", "#tsup"),
  bundler("Rollup", "rollup", "#rollup"),
  bundler("Vite SSR", "vite", "#vite-ssr"),
  bundler("webpack", "webpack", "#webpack")
]
