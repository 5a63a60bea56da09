/** The reference: a page in Markdown for each public module, from its doc comments. */
import manifest from "../package.json" with { type: "json" }
import { type Declaration, type Doc, type Member, type Module, readModule } from "./declarations.ts"

/** From what a program needs first to what only its types need. */
const categories = [
  "services",
  "constructors",
  "layers",
  "combinators",
  "exporting",
  "testing",
  "running",
  "folding",
  "converting",
  "getters",
  "guards",
  "options",
  "constants",
  "errors",
  "models",
  "utility types"
]

const titles: { readonly [category: string]: string } = { models: "Types", "utility types": "Utility types" }

const titleOf = (category: string): string => titles[category] ?? category.charAt(0).toUpperCase() + category.slice(1)

const modules: ReadonlyArray<Module> = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === "string" ? [] : [readModule(`mvx-metrics${path.slice(1)}`, target["mvx-metrics-source"])]
)

/** The name of the page of a module: `Otlp` of `mvx-metrics/Otlp`. */
const pageOf = ({ path }: Module): string => path.split("/")[1] ?? "mvx-metrics"

const anchorOf = (name: string): string => name.toLowerCase().replace(/[^\w-]/g, "")

/** Where a name is documented, seen from a module: a declaration of it, a member, or another module. */
const targetOf = (name: string, from: Module): string | undefined => {
  const plain = name.replace(/\(.*\)$/, "")
  const [first = "", member] = plain.split(".")
  // Only the members of a class have headings of their own.
  const own = from.declarations.find((each) => each.name === first)
  if (own !== undefined) return `#${anchorOf(own.kind === "class" ? plain : first)}`
  const other = modules.find((each) => pageOf(each) === first)
  if (other !== undefined) return `${first}.md${member === undefined ? "" : `#${anchorOf(member)}`}`
  const having = modules.find(({ declarations }) => declarations.some((each) => each.name === first))
  return having === undefined ? undefined : `${pageOf(having)}.md#${anchorOf(first)}`
}

/** Markdown of a doc comment, with its links. */
const textOf = (text: string, from: Module): string =>
  text.replace(/\{@link ([^}]+)\}/g, (_, name: string) => {
    const target = targetOf(name.trim(), from)
    return target === undefined ? `\`${name.trim()}\`` : `[\`${name.trim()}\`](${target})`
  })

const code = (source: string): string => `\`\`\`ts\n${source.trim()}\n\`\`\``

/** Examples are blocks of code already, sometimes with a sentence around them. */
const examplesOf = ({ examples }: Doc): ReadonlyArray<string> => examples.map((example) => example.trim())

const memberOf = ({ doc, signature }: Member, from: Module): string => {
  const [first = "", ...rest] = [textOf(doc.text, from), ...examplesOf(doc)].join("\n\n").trim().split("\n")
  const inline = signature.includes("\n") ? signature.replace(/\s+/g, " ") : signature
  const body = rest.map((line) => (line === "" ? "" : `  ${line}`)).join("\n")
  return `- \`${inline}\`${first === "" ? "" : `: ${first}`}${body === "" ? "" : `\n${body}`}`
}

const declarationOf = (declaration: Declaration, from: Module): string => {
  const parts = [`### ${declaration.name}`, code(declaration.signature), textOf(declaration.doc.text, from)]
  parts.push(...examplesOf(declaration.doc))
  if (declaration.kind === "interface") {
    const documented = declaration.members.filter(({ doc }) => doc.text !== "")
    if (documented.length > 0) parts.push(documented.map((member) => memberOf(member, from)).join("\n"))
  }
  if (declaration.kind === "class") {
    for (const member of declaration.members) {
      parts.push(
        `#### ${member.name}`,
        code(member.signature),
        textOf(member.doc.text, from),
        ...examplesOf(member.doc)
      )
    }
  }
  return parts.filter((part) => part !== "").join("\n\n")
}

/** How a program imports a module, as its own example does: by name from the package, or as a namespace. */
const importOf = (module: Module): string => {
  const name = pageOf(module)
  const lines = examplesOf(module.doc).flatMap((example) => example.split("\n"))
  const imports = lines.filter((line) => line.startsWith("import ") && line.includes('"mvx-metrics'))
  const whole = imports.find((line) => line.includes(`"${module.path}"`))
  if (whole !== undefined) return whole
  const named = imports.find((line) => new RegExp(`[{,] ${name}[ ,]`).test(line))
  return named === undefined ? `import * as ${name} from "${module.path}"` : `import { ${name} } from "mvx-metrics"`
}

const pageText = (module: Module): string => {
  const { doc } = module
  const parts = [`# ${pageOf(module)}`, code(importOf(module))]
  parts.push(textOf(doc.text, module), ...examplesOf(doc))
  for (const category of [...categories, ""]) {
    const declarations = module.declarations.filter((each) =>
      category === "" ? !categories.includes(each.doc.category) : each.doc.category === category
    )
    if (declarations.length === 0) continue
    parts.push(`## ${category === "" ? "Other" : titleOf(category)}`)
    parts.push(...declarations.map((each) => declarationOf(each, module)))
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`
}

/** The first sentence of a doc comment, without links. */
const summaryOf = ({ text }: Doc): string => {
  const [paragraph = ""] = text.replace(/\{@link ([^}]+)\}/g, "`$1`").split(/\n\n|\n- /)
  const [sentence = ""] = paragraph.replace(/\s+/g, " ").split(/(?<=[.?]) (?=[A-Z])/)
  return sentence
}

/** The pages by their path, `api/Otlp.md`, and an index of them. */
export const referencePages = (): ReadonlyMap<string, string> => {
  const pages = new Map<string, string>()
  const listed = modules.filter(({ path }) => path !== "mvx-metrics")
  for (const module of listed) pages.set(`api/${pageOf(module)}.md`, pageText(module))
  const rows = listed.map(
    (module) => `| [${pageOf(module)}](${pageOf(module)}.md) | ${summaryOf(module.doc).replaceAll("|", "\\|")} |`
  )
  pages.set(
    "api/index.md",
    [
      "# API",
      `The reference of version ${manifest.version}, generated from the doc comments. \`mvx-metrics\` exports the modules of an application; everything else has a path of its own.`,
      ["| module | what it is for |", "| --- | --- |", ...rows].join("\n")
    ].join("\n\n")
  )
  return pages
}
