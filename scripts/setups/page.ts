/** What is generated of docs/guides/frameworks.md: the table of the results, and the files that were run. */
import { readFileSync } from "node:fs"
import { dirname, extname, join, relative } from "node:path"
import { repository } from "../consumer.ts"
import { isOf, type Result } from "./results.ts"
import { foldsOf, grouped, type Setup } from "./setup.ts"

/** The page. That of the bundlers is beside it. */
export const pagePath = join(repository, "docs/guides/frameworks.md")

const examples = join(repository, "examples/frameworks")

const linkOf = ({ see }: Setup): string =>
  see.startsWith("#") ? `[recipe](bundlers.md${see})` : `[${see}](${relative(dirname(pagePath), join(examples, see))})`

const rowOf = (setup: Setup, results: ReadonlyArray<Result>): ReadonlyArray<string> => {
  const own = foldsOf(setup).map((fold) => results.find(isOf(setup.name, fold)))
  const shown = own.find((result) => result !== undefined)
  const works = own.map((result) => (result === undefined ? "no" : "yes"))
  return [setup.name, shown?.version ?? "", ...works, shown?.metrics ?? "", shown?.shutdown ?? "", linkOf(setup)]
}

/** As the formatter of the repository has it. */
const table = (group: string, setups: ReadonlyArray<Setup>, results: ReadonlyArray<Result>): string => {
  const head = [group, "version", "in process", "worker", "numbers", "end", "file"]
  const rows = [head, ...setups.map((setup) => rowOf(setup, results))]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const [first, ...others] = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)))
  const lines = [first!, widths.map((width) => "-".repeat(width)), ...others]
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")
}

/** One table for each group. */
export const tables = (setups: ReadonlyArray<Setup>, results: ReadonlyArray<Result>): string =>
  grouped(setups, ({ group }) => group)
    .map(([group, own]) => table(group, own, results))
    .join("\n\n")

const languages: Record<string, string> = {
  ".ts": "typescript",
  ".js": "javascript",
  ".mjs": "javascript",
  ".cjs": "javascript"
}

/** A file as a block. The language has its long name: these blocks are run by `npm run setups`, and not by other tests. */
const block = (path: string): string =>
  `\`\`\`${languages[extname(path)] ?? "dockerfile"}\n${readFileSync(join(examples, path), "utf8")}\`\`\``

/** The page, with each generated part made anew: `<!-- table -->` or `<!-- file NAME -->`, up to `<!-- end -->`. */
export const generated = (page: string, setups: ReadonlyArray<Setup>, results: ReadonlyArray<Result>): string =>
  page.replace(
    /^(<!-- (table|file (.+)) -->)\n[\s\S]*?^<!-- end -->$/gm,
    (_, mark: string, kind: string, path: string) =>
      [mark, kind === "table" ? tables(setups, results) : block(path), "<!-- end -->"].join("\n\n").replace(/\n\n$/, "")
  )
