/**
 * The index of the documentation for programs that read: https://llmstxt.org. It lies in docs/ and in the site, and its
 * links are relative to it. As a program: writes docs/llms.txt.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import manifest from "../package.json" with { type: "json" }

const docs = join(import.meta.dirname, "../docs")

export const llmsText = (): string => {
  const sections = readFileSync(join(docs, "README.md"), "utf8").split(/^## /m).slice(1)
  const listed = sections.flatMap((section) => {
    const lines = section.split("\n").filter((line) => /^- \[/.test(line))
    return lines.length === 0 ? [] : [`## ${section.split("\n")[0]}\n\n${lines.join("\n")}`]
  })
  return `${[`# ${manifest.name}`, `> ${manifest.description}`, ...listed].join("\n\n")}\n`
}

if (import.meta.main) writeFileSync(join(docs, "llms.txt"), llmsText())
