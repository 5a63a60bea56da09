/** Every code block in the pages of the documentation, in any language. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface DocBlock {
  /** The page and the line of the fence: `docs/guides/push.md:12`. */
  readonly at: string
  readonly page: string
  /** The language of the fence. Empty for the output of a program, or a drawing. */
  readonly language: string
  readonly code: string
  /** The comment just before the block: `<!-- keeps running -->`. */
  readonly remark: string | undefined
}

export const blocksOf = (page: string, text: string): ReadonlyArray<DocBlock> =>
  Array.from(
    text.matchAll(/(?:^<!-- (.+) -->\n\n?)?^```(.*)\n([\s\S]*?)^```$/gm),
    ({ 0: all, 1: remark, 2: language = "", 3: code = "", index }) => ({
      at: `${page}:${text.slice(0, index + all.indexOf("```")).split("\n").length}`,
      page,
      language: language.trim(),
      code,
      remark
    })
  )

/** The blocks of README.md and of all pages in docs/. */
export const docBlocks = (): ReadonlyArray<DocBlock> =>
  ["README.md", ...globSync("docs/**/*.md", { cwd: root }).sort()].flatMap((page) =>
    blocksOf(page, readFileSync(join(root, page), "utf8"))
  )
