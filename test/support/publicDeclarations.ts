/**
 * The public declarations of the package: what its entries export, where it is declared. The sources are read as text,
 * formatted by Biome: a declaration begins at the start of a line.
 */
import { readFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface PublicDeclaration {
  readonly path: string
  readonly line: number
  readonly name: string
  /** The text of its doc comment, without the asterisks. */
  readonly comment: string | undefined
}

/** The content of a doc comment, with tags such as `@since` by name. */
export const tagsOfComment = (comment: string): { readonly [tag: string]: string } =>
  Object.fromEntries(Array.from(comment.matchAll(/^@(\w+) ?(.*)$/gm), ([, tag = "", value = ""]) => [tag, value]))

interface Module {
  /** The doc comment at its beginning. */
  readonly comment: string | undefined
  /** The declarations of the module by name: usually one, or two for a type and a value with one name. */
  readonly declared: ReadonlyMap<string, ReadonlyArray<PublicDeclaration>>
  /** The names that it exports itself or from another module, and their names there. */
  readonly exported: ReadonlyMap<string, Target>
  /** The modules that it re-exports as a whole, or as a namespace. */
  readonly whole: ReadonlyArray<string>
}

interface Target {
  readonly path: string
  readonly name: string
}

const textOf = (comment: string): string =>
  comment
    .replace(/^\/\*\*/, "")
    .replace(/\*\/\s*$/, "")
    .replace(/^ *\* ?/gm, "")
    .trim()

/** The doc comment that ends just before a position, skipping comments for the linter. */
const commentBefore = (source: string, index: number): string | undefined => {
  const before = source.slice(0, index).replace(/(?:^\/\/.*\n)+$/m, "")
  const start = before.lastIndexOf("/**")
  return before.endsWith("*/\n") && start !== -1 ? textOf(before.slice(start)) : undefined
}

const names = (list: string): ReadonlyArray<readonly [own: string, exported: string]> =>
  list.split(",").flatMap((each) => {
    const [, own, as] = /^\s*(?:type )?(\w+)(?: as (\w+))?\s*$/.exec(each) ?? []
    return own === undefined ? [] : [[own, as ?? own] as const]
  })

/** Reads a module from its path, relative to the root of the package, and its source. */
export const moduleOf = (path: string, source: string): Module => {
  const from = (specifier: string | undefined): string | undefined =>
    specifier?.startsWith(".") ? join(dirname(path), specifier) : undefined
  const imported = new Map<string, Target>()
  for (const [, list = "", specifier] of source.matchAll(/^import (?:type )?\{([^}]*)\} from "(.+)"$/gm)) {
    const module = from(specifier)
    if (module !== undefined) for (const [name, own] of names(list)) imported.set(own, { path: module, name })
  }
  const declared = new Map<string, ReadonlyArray<PublicDeclaration>>()
  const exported = new Map<string, Target>()
  const declaration =
    /^(export )?(?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm
  for (const { 1: isExported, 2: name = "", index } of source.matchAll(declaration)) {
    const line = source.slice(0, index).split("\n").length
    const comment = commentBefore(source, index)
    declared.set(name, [...(declared.get(name) ?? []), { path, line, name, comment }])
    if (isExported !== undefined) exported.set(name, { path, name })
  }
  for (const [, list = "", specifier] of source.matchAll(/^export (?:type )?\{([^}]*)\}(?: from "(.+)")?$/gm)) {
    for (const [name, as] of names(list)) {
      const module = from(specifier)
      exported.set(as, module === undefined ? (imported.get(name) ?? { path, name }) : { path: module, name })
    }
  }
  const whole = Array.from(
    source.matchAll(/^export (?:type )?\*(?: as \w+)? from "(.+)"$/gm),
    ([, specifier]) => from(specifier) ?? []
  ).flat()
  const start = source.startsWith("#!") ? source.indexOf("\n") + 1 : 0
  const comment = source.startsWith("/**", start) ? textOf(source.slice(start, source.indexOf("*/") + 2)) : undefined
  return { comment, declared, exported, whole }
}

/** The entries of package.json with all their exports: each declaration once, except those marked `@internal`. */
export const readPublic = async (): Promise<{
  readonly entries: ReadonlyArray<{ readonly path: string; readonly comment: string | undefined }>
  readonly declarations: ReadonlyArray<PublicDeclaration>
}> => {
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
  const targets = Object.values<string | { readonly [condition: string]: string }>(exports)
  const paths = targets.flatMap((target) =>
    typeof target === "string" ? [] : relative(root, join(root, target["mvx-metrics-source"]!))
  )
  const modules = new Map<string, Promise<Module>>()
  const read = (path: string): Promise<Module> => {
    const known = modules.get(path) ?? readFile(join(root, path), "utf8").then((source) => moduleOf(path, source))
    modules.set(path, known)
    return known
  }
  const found = new Map<string, PublicDeclaration>()
  const find = async ({ name, path }: Target): Promise<boolean> => {
    const { declared, exported, whole } = await read(path)
    const target = exported.get(name)
    const own = declared.get(name)
    if (own !== undefined) for (const each of own) found.set(`${path}:${each.line}`, each)
    else if (target !== undefined) return find(target)
    else for (const each of whole) if (await find({ name, path: each })) return true
    return own !== undefined
  }
  const add = async (target: Target): Promise<void> => {
    if (!(await find(target))) throw new Error(`${target.path} does not declare ${target.name}`)
  }
  const visited = new Set<string>()
  const visit = async (path: string): Promise<void> => {
    if (visited.has(path)) return
    visited.add(path)
    const { exported, whole } = await read(path)
    for (const target of exported.values()) await add(target)
    for (const each of whole) await visit(each)
  }
  for (const path of paths) await visit(path)
  const entries = paths.map(async (path) => ({ path, comment: (await read(path)).comment }))
  return {
    entries: await Promise.all(entries),
    declarations: [...found.values()].filter(({ comment }) => !/^@internal$/m.test(comment ?? ""))
  }
}
