// Builds the documentation site into site/dist: `npm run docs:build`. With --preview it is served afterwards.
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { build, serve } from "vitepress"
import { homeText } from "./home.ts"
import { llmsText } from "./llms.ts"
import { pages } from "./pages.ts"
import { referencePages } from "./reference.ts"

const here = import.meta.dirname
const root = join(here, "..")
const source = join(root, ".cache/site")
const target = join(here, "dist")

const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

rmSync(source, { recursive: true, force: true })
const all = new Map([...pages(), ...referencePages()])
for (const [page, text] of all) write(join(source, page), text)
write(join(source, "index.md"), homeText())
copyFileSync(join(root, "docs/live-page.png"), join(source, "live-page.png"))
cpSync(join(here, "public"), join(source, "public"), { recursive: true })
// The first page names it by its place in the site.
copyFileSync(join(root, "docs/live-page.png"), join(source, "public/live-page.png"))
write(join(source, ".vitepress/config.ts"), `export { default } from "${join(here, "config.ts")}"\n`)
write(join(source, ".vitepress/theme/index.ts"), `export { default } from "${join(here, "theme/index.ts")}"\n`)

await build(source, { outDir: target })

// The same pages as Markdown, for programs that read, and their index.
for (const [page, text] of all) write(join(target, page), text)
write(join(target, "llms.txt"), llmsText())
console.log(`${all.size + 1} pages in ${target}`)

if (process.argv.includes("--preview")) await serve({ root: source })
