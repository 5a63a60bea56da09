/**
 * The pages of the site, made from the Markdown of the repository: links between files become links between pages, and
 * pictures in SVG become part of their page, so that they follow its colours.
 */
import { globSync, readFileSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"

const root = join(import.meta.dirname, "..")
const read = (path: string): string => readFileSync(join(root, path), "utf8")

/** Where the files outside of docs/ have their pages. */
const elsewhere: { readonly [path: string]: string } = {
  "README.md": "overview.md",
  "CHANGELOG.md": "changelog.md",
  "benchmark/README.md": "benchmark.md",
  "examples/README.md": "examples/index.md",
  "docs/README.md": "contents.md"
}

const examples = globSync("examples/*/", { cwd: root })
  .map((path) => path.replace(/\/$/, ""))
  .sort()

/** The page that shows a file or a folder of the repository. */
const pageOf = (path: string): string | undefined => {
  if (elsewhere[path] !== undefined) return elsewhere[path]
  if (examples.includes(path)) return `${path}.md`
  return path.startsWith("docs/") ? path.slice("docs/".length) : undefined
}

/** Applies a function to what lies outside of blocks of code. */
const inProse = (text: string, f: (prose: string) => string): string =>
  text
    .split(/^(```[\s\S]*?^```$)/m)
    .map((part, index) => (index % 2 === 0 ? f(part) : part))
    .join("")

/** Links between files become links between pages. What has no page, such as a source, is named without a link. */
const linksOf = (path: string, page: string, text: string): string =>
  inProse(text, (prose) =>
    prose.replace(
      /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g,
      (link, image: string, label: string, target: string) => {
        if (/^(?:https?:|mailto:|#)/.test(target)) return link
        const [file = "", anchor] = target.split("#")
        const there = pageOf(join(dirname(path), file))
        if (there === undefined) return label
        const relation = relative(dirname(page), there)
        return `${image}[${label}](${relation}${anchor === undefined ? "" : `#${anchor}`})`
      }
    )
  )

const pictureOf = (path: string, alt: string): string => {
  const svg = readFileSync(path, "utf8")
  const drawn = svg
    .replace(/<style>[\s\S]*?<\/style>\s*/, "")
    .replace(/>\s+</g, "><")
    .trim()
  return `<figure class="picture" role="img" aria-label="${alt}" tabindex="0">${drawn.replace(/ role="img" aria-label="[^"]*"/, ' aria-hidden="true"')}</figure>`
}

const picturesOf = (path: string, text: string): string =>
  inProse(text, (prose) =>
    prose.replace(/^!\[([^\]]*)\]\(([^)]+\.svg)\)$/gm, (_, alt: string, target: string) =>
      pictureOf(join(root, dirname(path), target), alt)
    )
  )

/** Two blocks behind the comment stand beside each other where there is room. */
const besideEachOther = (text: string): string =>
  text.replace(
    /^<!-- side by side -->\n\n(```[\s\S]*?^```\n\n```[\s\S]*?^```$)/gm,
    (_, blocks: string) => `<div class="side-by-side">\n\n${blocks}\n\n</div>`
  )

const pageText = (path: string): string => {
  const page = pageOf(path) ?? path
  const front = path.startsWith("docs/coming-from/") ? "---\naside: false\npageClass: wide\n---\n\n" : ""
  return front + linksOf(path, page, picturesOf(path, besideEachOther(read(path))))
}

/** A page with the files of an example. */
const exampleText = (folder: string): string => {
  const files = globSync(`${folder}/**/*.{ts,mjs}`, { cwd: root }).sort()
  const blocks = files.map(
    (file) =>
      `## ${relative(folder, file)}\n\n\`\`\`${file.endsWith(".ts") ? "ts" : "js"}\n${read(file).trim()}\n\`\`\``
  )
  return `# ${basename(folder)}\n\n${blocks.join("\n\n")}\n`
}

/** The pages by their path in the site. */
export const pages = (): ReadonlyMap<string, string> => {
  const all = new Map<string, string>()
  for (const path of [...globSync("docs/**/*.md", { cwd: root }).sort(), ...Object.keys(elsewhere)]) {
    all.set(pageOf(path) ?? path, pageText(path))
  }
  for (const folder of examples) all.set(`${folder}.md`, exampleText(folder))
  return all
}

export interface Entry {
  readonly text: string
  /** The page, from the root of the site. */
  readonly page: string
}

export interface Section {
  readonly title: string
  readonly entries: ReadonlyArray<Entry>
  readonly sections: ReadonlyArray<Section>
}

/** The navigation, as docs/README.md lists it: sections with their pages. */
export const navigation = (): ReadonlyArray<Section> => {
  const sections: Array<{
    title: string
    entries: Array<Entry>
    sections: Array<Section & { entries: Array<Entry> }>
  }> = []
  for (const line of read("docs/README.md").split("\n")) {
    const [, level, title = ""] = /^(###?) (.+)$/.exec(line) ?? []
    const [, text = "", target = ""] = /^- \[(.+?)\]\((.+?\.md)\)/.exec(line) ?? []
    const section = sections.at(-1)
    if (level === "##") sections.push({ title, entries: [], sections: [] })
    if (level === "###") section?.sections.push({ title, entries: [], sections: [] })
    if (target !== "") (section?.sections.at(-1) ?? section)?.entries.push({ text, page: target })
  }
  return sections.filter(({ entries, sections: inner }) => entries.length > 0 || inner.length > 0)
}
