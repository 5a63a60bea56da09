// The recipes in docs/guides/bundlers.md are the files and commands that `npm run setups` builds and runs.
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { recipes } from "./package/bundlers/recipes.ts"

const fixtures = new URL("./package/bundlers/", import.meta.url)
const page = readFileSync(new URL("../docs/guides/bundlers.md", import.meta.url), "utf8")

/** Not for readers: how the tests get their packages, the commands themselves, and a program that has to fail. */
const unshown = ["manifest.json", "recipes.ts", "without-entry.ts"]

const files = readdirSync(fixtures, { recursive: true, withFileTypes: true }).flatMap((entry) =>
  entry.isFile() ? [relative(fileURLToPath(fixtures), join(entry.parentPath, entry.name))] : []
)

/** The file blocks of the page, each with the name that stands above it. */
const shown = new Map(
  Array.from(page.matchAll(/^`([\w./-]+)`\n\n```\w+\n([\s\S]*?)^```$/gm), ({ 1: name = "", 2: text = "" }) => [
    name,
    text
  ])
)

describe("docs/guides/bundlers.md", () => {
  it.each(files.filter((path) => !unshown.includes(path)))("shows %s unchanged", (path) => {
    expect(shown.get(path)).toBe(readFileSync(new URL(path, fixtures), "utf8"))
  })

  it("shows no other file", () => {
    expect(shown.size).toBe(files.length - unshown.length)
  })

  it("shows the commands that are run, in the same order", () => {
    const commands = Array.from(page.matchAll(/^```sh\n([\s\S]*?)\n```$/gm), ([, text = ""]) => text.split("\n"))
    expect(commands).toEqual(Object.values(recipes))
  })
})
