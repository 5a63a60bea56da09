/**
 * Every relative link in the documentation leads to an existing file and an existing heading. A shipped page links only
 * to shipped files.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { llmsText } from "../site/llms.ts"

const root = fileURLToPath(new URL("../", import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), "utf8")

const pages = globSync(["*.md", "docs/**/*.md", "examples/**/*.md", "benchmark/**/*.md"], { cwd: root }).sort()

const files: ReadonlyArray<string> = JSON.parse(read("package.json")).files
/** npm ships these whatever `files` says. */
const always = ["README.md", "LICENSE", "package.json"]
const isShipped = (path: string): boolean =>
  [...files, ...always].some((each) => path === each || path.startsWith(`${each}/`))

/** The text without blocks and spans of code, in which brackets are no links. */
const prose = (source: string): string => source.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "`")

const linksIn = (source: string): ReadonlyArray<string> => [
  ...Array.from(prose(source).matchAll(/\]\(([^)\s]+)\)/g), ({ 1: target = "" }) => target),
  ...Array.from(prose(source).matchAll(/^\[[^\]]+\]: (\S+)$/gm), ({ 1: target = "" }) => target)
]

/** The anchors of the headings of a page: lower case, without punctuation, with dashes for spaces. */
const anchorsIn = (source: string): ReadonlySet<string> => {
  const anchors = new Set<string>()
  for (const [, heading = ""] of source.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.+)$/gm)) {
    const anchor = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-")
    let unique = anchor
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${n}`
    anchors.add(unique)
  }
  return anchors
}

/** Why a link leads nowhere, or `undefined`. */
const whyBroken = (page: string, target: string): string | undefined => {
  if (/^(?:https?|mailto):/.test(target)) return undefined
  const [file = "", anchor] = target.split("#")
  const path = file === "" ? page : join(dirname(page), decodeURIComponent(file))
  if (path.startsWith("..") || !existsSync(join(root, path))) return `${path} does not exist`
  if (isShipped(page) && !isShipped(path)) return `${path} is not among the files of the package`
  if (anchor !== undefined && !anchorsIn(read(path)).has(anchor)) return `${path} has no heading #${anchor}`
  return undefined
}

describe("documentation pages", () => {
  it("the pages are found", () => {
    expect(pages).toEqual(
      expect.arrayContaining(["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "benchmark/README.md", "docs/README.md"])
    )
  })

  it.each(pages)("a page has no broken link: %s", (page) => {
    const broken = linksIn(read(page)).flatMap((target) => {
      const why = whyBroken(page, target)
      return why === undefined ? [] : [`${target}: ${why}`]
    })
    expect(broken).toEqual([])
  })

  it.each(pages)("a page names only existing sources: %s", (page) => {
    const named = Array.from(read(page).matchAll(/`(src\/[\w./-]+\.ts)`/g), ([, path = ""]) => path)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it("every page is in the index", () => {
    const listed = linksIn(read("docs/README.md")).map((target) => join("docs", target))
    expect(pages.filter((page) => /^docs\/(?!README)/.test(page) && !listed.includes(page))).toEqual([])
  })

  it("the index for machine readers is up to date with `npm run docs:build`", () => {
    expect(read("docs/llms.txt")).toBe(llmsText())
  })

  it("the README has at most 250 lines", () => {
    expect(read("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(250)
  })
})

describe("a link", () => {
  it.each([
    ["README.md", "docs/no-such-page.md", "docs/no-such-page.md does not exist"],
    ["README.md", "docs/guides/capacity.md#no-such", "docs/guides/capacity.md has no heading #no-such"],
    ["README.md", "CONTRIBUTING.md", "CONTRIBUTING.md is not among the files of the package"],
    ["docs/README.md", "../../elsewhere.md", "../elsewhere.md does not exist"]
  ])("is broken: %s to %s", (page, target, why) => {
    expect(whyBroken(page, target)).toBe(why)
  })

  it.each([
    ["README.md", "docs/guides/capacity.md#accounting"],
    ["README.md", "#quick-start"],
    ["CONTRIBUTING.md", "docs/design/decisions.md"],
    ["README.md", "https://effect.website"]
  ])("is valid: %s to %s", (page, target) => {
    expect(whyBroken(page, target)).toBeUndefined()
  })

  it("does not include brackets and parentheses in code", () => {
    expect(linksIn("`a[0](b)` [page](page.md)\n\n```ts\na[0](b)\n```\n")).toEqual(["page.md"])
  })
})
