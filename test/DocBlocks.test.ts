/**
 * Every code block in the documentation is checked, or listed with a reason why not. DocExamples.test.ts checks and
 * runs TypeScript and JavaScript; `npm run package:consumer` does so for the bundler recipes and the pages of Get
 * started. This file covers the rest: data is parsed, commands are compared with existing scripts, files and
 * subcommands, and blocks that are only shown are listed with the reason.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import manifest from "../package.json" with { type: "json" }
import { blocksOf, type DocBlock, docBlocks } from "./support/docBlocks.ts"

const root = fileURLToPath(new URL("../", import.meta.url))
const blocks = docBlocks()
const ofLanguage = (...languages: ReadonlyArray<string>): ReadonlyArray<DocBlock> =>
  blocks.filter(({ language }) => languages.includes(language))

/** Built and run with exactly their files and commands. */
const bundlers = "docs/guides/bundlers.md"

/** Its files are compared by FrameworksPage.test.ts with those that `npm run setups` has run. */
const frameworks = "docs/guides/frameworks.md"

/** Pages whose commands and outputs are followed literally, in an empty folder. */
const isFollowed = ({ page }: DocBlock): boolean => page.startsWith("docs/get-started/")

/** The reasons why blocks of other languages are only shown, in the order of the page. */
const shown: { readonly [page: string]: ReadonlyArray<string> } = {
  "README.md": ["the output of the quick start, which DocExamples.test.ts compares"],
  "docs/coming-from/mvx-metrics-python.md": ["a program for Python, written from the sources of mvx-common"],
  "docs/coming-from/telemetry-metrics.md": ["a program for Elixir, written from the documentation of the packages"],
  "docs/guides/capacity.md": ["the identities of the accounting, which test/support/accounting.ts checks in all tests"],
  "docs/guides/emitting.md": ["a warning, compared with the source", "a line of the log, compared with the source"],
  "docs/guides/lifecycle.md": ["a drawing of states"],
  "docs/guides/many-recorders.md": ["a warning, compared with the source"],
  "docs/guides/names-and-units.md": ["an error message, compared with the source"],
  "docs/guides/prometheus.md": ["a part of a scrape", "a part of a scrape"],
  "docs/guides/stores.md": ["a manifest of Kubernetes"],
  "docs/guides/testing.md": ["the message of a failed assertion, compared with the source"],
  "docs/reference/cli.md": ["the screen of watch"],
  "docs/reference/diff-and-check.md": ["the output of diff, as an example", "the output of check, as an example"]
}

/** Messages in pages, by words that their source has as well. */
const messages: { readonly [page: string]: ReadonlyArray<string> } = {
  "docs/guides/emitting.md": ["Recorder.emit does nothing with", "no recorder here, so these metrics measure nothing"],
  "docs/guides/many-recorders.md": [
    "another runtime of this namespace runs in this process, with recorders of its own"
  ],
  "docs/guides/names-and-units.md": ["is not a field of"],
  "docs/guides/testing.md": ["the snapshots are not as expected"]
}

const parse = (code: string): unknown => JSON.parse(code.replace(/(^|\s)\/\/.*$/gm, "$1"))

const subcommands = ["watch", "report", "replay", "dashboard", "rules", "catalogue", "diff", "check"]

/** Commands of Node, npm and the tools that a page installs. */
const tools = new Set(["effect-tsgo", "tsc", "vitest"])

/** Why a command cannot be what a reader should type, or `undefined`. */
const whyWrong = (command: string, page: string): string | undefined => {
  const [program = "", first = "", second = ""] = command.replace(/\s+#.*$/, "").split(/\s+/)
  if (program === "npm" && first === "run") {
    return second in manifest.scripts ? undefined : `there is no script ${second}`
  }
  if (program === "npm") return ["init", "install", "pkg"].includes(first) ? undefined : `npm ${first}`
  if (program === "npx" && first === "mvx-metrics") {
    return subcommands.includes(second) ? undefined : `there is no subcommand ${second}`
  }
  if (program === "npx") return tools.has(first) ? undefined : `npx ${first}`
  if (program === "curl") return /localhost/.test(command) ? undefined : "a request that leaves the machine"
  if (program === "node" && first === "--test") return undefined
  if (program === "node") {
    const named = blocks.some((block) => block.page === page && block.code.startsWith(`// ${first}`))
    return named || existsSync(join(root, first)) ? undefined : `there is no file ${first}`
  }
  return `${program} is not known`
}

describe("code blocks in the documentation", () => {
  it("every code block has a language that is checked", () => {
    const counts: { [language: string]: number } = {}
    for (const { language } of blocks) counts[language || "shown"] = (counts[language || "shown"] ?? 0) + 1
    console.info(`${blocks.length} blocks of code in the documentation: ${JSON.stringify(counts)}`)
    const known = ["ts", "js", "jsx", "json", "jsonc", "sh", "elixir", "python", ""]
    const unknown = blocks.filter(({ language, page }) => page !== frameworks && !known.includes(language))
    expect(unknown.map(({ at }) => at)).toEqual([])
    expect(ofLanguage("jsx").filter(({ page }) => page !== bundlers)).toEqual([])
  })

  it.each(ofLanguage("json", "jsonc"))("every JSON block is valid: $at", ({ code }) => {
    expect(typeof parse(code)).toBe("object")
  })

  it.each(ofLanguage("sh").filter(({ page }) => page !== bundlers))(
    "every shell block runs commands that exist: $at",
    ({ code, page }) => {
      const lines = code.trim().split("\n")
      expect(lines.flatMap((line) => whyWrong(line, page) ?? [])).toEqual([])
    }
  )

  it("every block that is not checked has a listed reason", () => {
    const only = ofLanguage("", "elixir", "python").filter((block) => !isFollowed(block))
    const counted = Object.fromEntries(
      [...new Set(only.map(({ page }) => page))].map((page) => [page, only.filter((each) => each.page === page).length])
    )
    expect(counted).toEqual(Object.fromEntries(Object.entries(shown).map(([page, reasons]) => [page, reasons.length])))
  })

  it.each(Object.entries(messages))("messages on pages match the messages in the source: %s", (page, words) => {
    const text = blocks
      .filter((block) => block.page === page)
      .map(({ code }) => code)
      .join("")
    const sources = globSync("src/**/*.ts", { cwd: root }).map((path) => readFileSync(join(root, path), "utf8"))
    for (const part of words) {
      expect(text).toContain(part)
      expect(sources.some((source) => source.includes(part))).toBe(true)
    }
  })
})

it("the figures in README.md and in the performance guide match the benchmark", () => {
  const benchmark = readFileSync(join(root, "benchmark/README.md"), "utf8").split("\n## Method")[0] ?? ""
  const known = new Set(Array.from(benchmark.matchAll(/\d+(?:\.\d+)?/g), ([number]) => number))
  for (const page of ["README.md", "docs/guides/performance.md"]) {
    const rows = readFileSync(join(root, page), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| "))
    const figures = rows.flatMap((row) =>
      Array.from(row.matchAll(/(\d+(?:\.\d+)?) (?:ns|ms|kB|MB|B|of an|times)\b/g), ([, number = ""]) => number)
    )
    expect(figures.length).toBeGreaterThanOrEqual(6)
    expect(figures.filter((figure) => !known.has(figure))).toEqual([])
  }
})

describe("reading a code block", () => {
  it("returns its line, its language and the comment before it", () => {
    expect(blocksOf("a.md", "text\n\n<!-- keeps running -->\n\n```sh\nnode a.js\n```\n\n```\nout\n```\n")).toEqual([
      { at: "a.md:5", page: "a.md", language: "sh", code: "node a.js\n", remark: "keeps running" },
      { at: "a.md:9", page: "a.md", language: "", code: "out\n", remark: undefined }
    ])
  })

  it.each([
    ["npm run nothing", "there is no script nothing"],
    ["npx mvx-metrics nothing", "there is no subcommand nothing"],
    ["node nothing.ts", "there is no file nothing.ts"],
    ["curl https://example.com", "a request that leaves the machine"],
    ["rm -rf .", "rm is not known"]
  ])("rejects a command that nobody can type: %s", (command, why) => {
    expect(whyWrong(command, "README.md")).toBe(why)
  })
})
