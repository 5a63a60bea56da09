// Builds the package and lays out what is published in .cache/package: the files that package.json lists, and a manifest
// without what only this repository needs. Refuses a tarball of a megabyte or more. Run it by `npm run package`.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import manifest from "../package.json" with { type: "json" }

const root = join(import.meta.dirname, "..")
const target = join(root, ".cache/package")

/** The most that the tarball may have, in bytes. */
const most = 1_000_000

const npm = (cwd: string, ...args: ReadonlyArray<string>): string => {
  const { status, stdout } = spawnSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
  if (status !== 0) throw new Error(`npm ${args.join(" ")}: exit code ${status}\n${stdout}`)
  return stdout
}

npm(root, "run", "build")

/** Without the condition that resolves to sources, which are not shipped. */
const exported = Object.entries(manifest.exports).map(([path, conditions]) => {
  if (typeof conditions === "string") return [path, conditions]
  const { "mvx-metrics-source": _, ...others } = conditions
  return [path, others]
})
const { allowScripts, devDependencies, overrides, scripts, ...published } = manifest

rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
for (const path of [...manifest.files, "README.md", "LICENSE"]) {
  cpSync(join(root, path), join(target, path), { recursive: true })
}
const ours = (path: string): boolean => path.startsWith("./src/")
const manifestText = {
  ...published,
  exports: Object.fromEntries(exported),
  sideEffects: published.sideEffects.filter((path) => !ours(path))
}
writeFileSync(join(target, "package.json"), `${JSON.stringify(manifestText, null, 2)}\n`)

// Declarations of internals that no public declaration leads to.
const reached = new Set<string>()
const reach = (declaration: string): void => {
  if (reached.has(declaration) || !existsSync(declaration)) return
  reached.add(declaration)
  for (const [, path] of readFileSync(declaration, "utf8").matchAll(/(?:from |import\(|import )"(\.[^"]+)\.[jt]s"/g)) {
    reach(join(dirname(declaration), `${path}.d.ts`))
  }
}
for (const conditions of Object.values(manifest.exports)) {
  if (typeof conditions !== "string") reach(join(target, conditions.types))
}
const unreached = globSync("dist/**/*.d.ts", { cwd: target }).filter((path) => !reached.has(join(target, path)))
for (const path of unreached) rmSync(join(target, path))

const [packed] = Object.values(JSON.parse(npm(target, "pack", "--dry-run", "--json"))) as Array<{ size: number }>
const size = packed?.size ?? Number.NaN
const maps = globSync("**/*.map", { cwd: target }).length
console.log(`.cache/package: ${(size / 1000).toFixed(0)} kB packed, ${maps} source maps`)
if (!(size < most)) throw new Error(`The tarball has ${size} bytes; it must stay below ${most}`)
