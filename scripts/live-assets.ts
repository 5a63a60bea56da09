// Makes src/internal/live/server/assets.generated.ts, the live page as it is served, from its sources in src/internal/live/browser/ and uPlot. Run it by
// `npm run live-page` after a change there; with --check it only says whether it was forgotten.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { build } from "tsup"

const root = join(import.meta.dirname, "..")
const target = join(root, "src/internal/live/server/assets.generated.ts")
const read = (...path: ReadonlyArray<string>): string => readFileSync(join(root, ...path), "utf8")

/** The script of the page and all that it imports, as one module for browsers, and its style sheet. */
const built = async (): Promise<{ readonly script: string; readonly style: string }> => {
  const folder = mkdtempSync(join(tmpdir(), "mvx-metrics-live-"))
  try {
    await build({
      config: false,
      entry: {
        page: join(root, "src/internal/live/browser/page.ts"),
        style: join(root, "src/internal/live/browser/page.css")
      },
      outDir: folder,
      format: "esm",
      platform: "browser",
      target: "es2022",
      minify: true,
      noExternal: [/.*/],
      outExtension: () => ({ js: ".js" }),
      silent: true
    })
    return {
      script: readFileSync(join(folder, "page.js"), "utf8"),
      style: readFileSync(join(folder, "style.css"), "utf8")
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const notice = `/*!\nuPlot ${JSON.parse(read("node_modules/uplot/package.json")).version}\n\n${read("node_modules/uplot/LICENSE").trim()}\n*/`

const { script, style } = await built()
const assets = {
  page: read("src/internal/live/browser/page.html"),
  script: `${notice}\n${script}`,
  style: `${notice}\n${read("node_modules/uplot/dist/uPlot.min.css").trim()}\n${style}`
}

const source = [
  "/**\n * The live page as it is served. Made by scripts/live-assets.ts from src/internal/live/browser/: change it there.\n */",
  ...Object.entries(assets).map(([name, text]) => `export const ${name}: string = ${JSON.stringify(text)}`)
].join("\n")

if (process.argv.includes("--check")) {
  if (read("src/internal/live/server/assets.generated.ts") !== `${source}\n`) {
    console.error(
      "src/internal/live/server/assets.generated.ts is not what src/internal/live/browser/ makes: run `npm run live-page`"
    )
    process.exitCode = 1
  }
} else {
  writeFileSync(target, `${source}\n`)
}
