/**
 * The doc comments of public declarations: each has text, a category from the list in CONTRIBUTING.md, and the version
 * that introduced it.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { moduleOf, type PublicDeclaration, readPublic, tagsOfComment } from "../support/publicDeclarations.ts"

const { declarations, entries } = await readPublic()
const root = fileURLToPath(new URL("../../", import.meta.url))
const contributing = readFileSync(join(root, "CONTRIBUTING.md"), "utf8")
const [, list = ""] = /`@category`, one of ([^.]+)\./.exec(contributing) ?? []
/** The versions of the changelog, the coming one included, but for those that nobody could install. */
const published = new Set(
  Array.from(
    readFileSync(join(root, "CHANGELOG.md"), "utf8").matchAll(/^## \[(\d+\.\d+\.\d+)\] - (?!not published)/gm),
    ([, version = ""]) => version
  )
)
const categories: ReadonlyArray<string> = list.match(/[a-z][a-z ]+/g) ?? []

const places = (wrong: (comment: string) => boolean): ReadonlyArray<string> =>
  declarations.flatMap(({ comment, line, name, path }: PublicDeclaration) =>
    wrong(comment ?? "") ? `${path}:${line} ${name}` : []
  )

describe("a public declaration", () => {
  it("is found in every entry and in the module it is re-exported from", () => {
    const paths = new Set(declarations.map(({ path }) => path))
    expect(declarations.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "Recorder",
        "RecorderService",
        "counter",
        "module_",
        "GaugePoint",
        "TestRecorder",
        "Stats"
      ])
    )
    expect([...paths]).toEqual(expect.arrayContaining(["src/internal/recorder/intake.ts", "src/testing/clocks.ts"]))
  })

  it("has a doc comment with text", () => {
    expect(places((comment) => comment.split(/^@/m)[0]!.trim() === "")).toEqual([])
  })

  it("has a category from the list in CONTRIBUTING.md", () => {
    expect(categories.length).toBeGreaterThan(0)
    expect(places((comment) => !categories.includes(tagsOfComment(comment).category ?? ""))).toEqual([])
  })

  it("has the version that introduced it, which was published", () => {
    expect(published.size).toBeGreaterThan(0)
    expect(places((comment) => !published.has(tagsOfComment(comment).since ?? ""))).toEqual([])
  })
})

it("every @since version in the sources was published", () => {
  const others = globSync("src/**/*.ts", { cwd: root }).flatMap((path) =>
    Array.from(readFileSync(join(root, path), "utf8").matchAll(/@since (\S+)/g), ([, version = ""]) =>
      published.has(version) ? [] : [`${path}: ${version}`]
    ).flat()
  )
  expect(others).toEqual([])
})

it("every category of the list is used", () => {
  const used = new Set(declarations.map(({ comment }) => tagsOfComment(comment ?? "").category))
  expect(categories.filter((category) => !used.has(category))).toEqual([])
})

it("every entry begins with a comment that names the version that introduced it", () => {
  const without = entries.filter(({ comment }) => !published.has(tagsOfComment(comment ?? "").since ?? ""))
  expect(without.map(({ path }) => path)).toEqual([])
})

describe("reading a module", () => {
  const read = (...lines: ReadonlyArray<string>) => moduleOf("src/a/X.ts", lines.join("\n"))

  it("returns the comment of each declaration, skipping comments for the linter", () => {
    const { declared } = read(
      "/** One. */",
      "export const one = 1",
      "/** Two. */",
      "// biome-ignore x: y",
      "type two = 2"
    )
    expect([...declared.values()].flat()).toEqual([
      { path: "src/a/X.ts", line: 2, name: "one", comment: "One." },
      { path: "src/a/X.ts", line: 5, name: "two", comment: "Two." }
    ])
  })

  it("does not return the comment of an earlier declaration", () => {
    const { declared } = read("/** One. */", "export const one = 1", "export const two = 2")
    expect(declared.get("two")?.[0]?.comment).toBeUndefined()
  })

  it("includes what it exports from other modules, also under other names", () => {
    const { exported, whole } = read(
      'import { type A, b } from "../y.ts"',
      "export { type A, b as c, d }",
      'export type { E } from "./z.ts"',
      'export * as N from "./n.ts"'
    )
    expect(Object.fromEntries(exported)).toEqual({
      A: { path: "src/y.ts", name: "A" },
      c: { path: "src/y.ts", name: "b" },
      d: { path: "src/a/X.ts", name: "d" },
      E: { path: "src/a/z.ts", name: "E" }
    })
    expect(whole).toEqual(["src/a/n.ts"])
  })
})
