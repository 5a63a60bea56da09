/**
 * The examples in doc comments and in the pages of the documentation, as programs. DocExamples.test.ts defines what counts
 * as an example.
 */
import { execFile } from "node:child_process"
import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { runInNewContext } from "node:vm"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface Example {
  /** The module or page that contains it. */
  readonly path: string
  /** Its first line. */
  readonly line: number
  /** The names of its files in order; the last one is the program. */
  readonly files: ReadonlyArray<string>
  /** The text of one of its files. Each line keeps its number in the module, so that errors name it. */
  readonly text: (file: string) => string
  /** Whether something is left out: by an ellipsis that is neither a spread nor within a string. */
  readonly sketch: boolean
  /** Files of the same page that it may import, by name. */
  readonly shared?: ReadonlyMap<string, string>
}

/** The examples of a module, given its source. */
export const examplesIn = (path: string, source: string): ReadonlyArray<Example> =>
  Array.from(source.matchAll(/^ *\* ```ts\n([\s\S]*?)^ *\* ```$/gm), ({ 1: block = "", index }) => {
    const code = block.replace(/^ *\* ?/gm, "")
    const line = source.slice(0, index).split("\n").length + 1
    let file = "main.ts"
    const lines = code.split("\n").map((text) => {
      file = /^\/\/ ([\w.-]+\.ts)$/.exec(text)?.[1] ?? file
      return { file, text }
    })
    return {
      path,
      line,
      files: [...new Set(lines.map((each) => each.file))],
      text: (file) => "\n".repeat(line - 1) + lines.map((each) => (each.file === file ? each.text : "")).join("\n"),
      sketch: /\.\.\.(?![\w$([{"'`])/.test(code)
    }
  })

/** A block of code in a page. */
interface Block {
  readonly line: number
  readonly code: string
  /** The name in its first comment, or one by its language. */
  readonly file: string
  readonly isNamed: boolean
  /** Why it is not checked, from a comment before it. */
  readonly partial: string | undefined
}

const blocksIn = (source: string): ReadonlyArray<Block> =>
  Array.from(
    source.matchAll(/(?:^<!-- partial: (.+) -->\n+)?^```(ts|js)\n([\s\S]*?)^```$/gm),
    ({ 0: all, 1: partial, 2: language, 3: code = "", index }) => {
      const name = /^\/\/ ([\w.-]+\.(?:ts|js|mjs))(?:: .+)?\n/.exec(code)?.[1]
      const line = source.slice(0, index + all.indexOf("```")).split("\n").length + 1
      return { line, code, file: name ?? `main.${language}`, isNamed: name !== undefined, partial }
    }
  )

/** The reasons of blocks in a page that are deliberately not checked: `<!-- partial: reason -->` before the block. */
export const partialBlocksIn = (source: string): ReadonlyArray<string> =>
  blocksIn(source).flatMap(({ partial }) => partial ?? [])

/** Each block of code in a page as an example of its own, which may import the named files of the page. */
export const examplesInPage = (path: string, source: string): ReadonlyArray<Example> => {
  const blocks = blocksIn(source).filter(({ partial }) => partial === undefined)
  const shared = new Map(blocks.filter(({ isNamed }) => isNamed).map(({ code, file }) => [file, code]))
  return blocks.map(({ code, file, line }) => ({
    path,
    line,
    files: [file],
    text: () => "\n".repeat(line - 1) + code,
    sketch: false,
    shared
  }))
}

/** Whether a comment is a value of plain JavaScript. Prose is not: it does not parse, or names what does not exist. */
const isValue = (comment: string): boolean => {
  try {
    runInNewContext(`(${comment})`)
    return true
  } catch {
    return false
  }
}

/**
 * Turns each `expression // value` into an assertion. A value behind anything but an expression on one line becomes a
 * syntax error: it would be a claim that is not checked.
 */
export const withAssertions = (code: string): string =>
  code.replace(/^( *)(\S.*?) *\/\/ (.+)$/gm, (line, indent: string, expression: string, comment: string) =>
    isValue(comment) ? `${indent}assert.deepEqual(${expression}, ${comment})` : line
  )

/** The examples written to files, with `mvx-metrics` resolved to this package. Removed at the end. */
export interface Written extends AsyncDisposable {
  /** The output of the compiler for all of them, empty if all is well. */
  readonly typeCheck: () => Promise<string>
  readonly program: (example: Example) => URL
}

export const writeExamples = async (examples: ReadonlyArray<Example>): Promise<Written> => {
  // Not in node_modules, where Node does not run TypeScript and a package cannot resolve itself.
  const cache = join(root, ".cache")
  await mkdir(cache, { recursive: true })
  await writeFile(join(cache, ".gitignore"), "*\n")
  const folder = await mkdtemp(join(cache, "doc-examples-"))
  const folderOf = ({ line, path }: Example): string => join(folder, `${path.replace(/\W+/g, "-")}-${line}`)

  const known = new Map<string, string>()
  for await (const path of glob("examples/[0-9]*/*.metrics.ts", { cwd: root })) {
    known.set(basename(path), await readFile(join(root, path), "utf8"))
  }
  for (const page of ["README.md", "docs/concepts/metrics.md"]) {
    for (const { code, file, isNamed } of blocksIn(await readFile(join(root, page), "utf8"))) {
      if (isNamed && !known.has(file)) known.set(file, code)
    }
  }
  /** Writes the files that a file imports next to it, unless the example contains them. */
  const writeImported = async (example: Example, text: string): Promise<void> => {
    for (const [, name = ""] of text.matchAll(/"\.\/([\w.-]+)"/g)) {
      const imported = example.files.includes(name) ? undefined : (example.shared?.get(name) ?? known.get(name))
      if (imported === undefined) continue
      await writeFile(join(folderOf(example), name), imported)
      await writeImported(example, imported)
    }
  }
  for (const example of examples) {
    await mkdir(folderOf(example))
    for (const file of example.files) {
      const code = withAssertions(example.text(file))
      const text = code.includes("import assert from") ? code : `import assert from "node:assert/strict";${code}`
      await writeFile(join(folderOf(example), file), text)
      await writeImported(example, text)
    }
  }

  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { noUnusedLocals: false, allowJs: true, checkJs: true },
    include: [],
    files: examples.flatMap((example) => example.files.map((file) => join(folderOf(example), file)))
  }
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config))

  const tsc = join(root, "node_modules/typescript/bin/tsc")
  return {
    typeCheck: () =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [tsc, "--noEmit", "--singleThreaded", "-p", folder],
          { cwd: folder },
          (error, stdout, stderr) => resolve(stdout + stderr || (error === null ? "" : String(error)))
        )
      }),
    program: (example) => pathToFileURL(join(folderOf(example), example.files.at(-1) ?? "")),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true })
  }
}

/** The examples of all modules, including internal ones, which also declare public types. */
export const readExamples = async (): Promise<ReadonlyArray<Example>> => {
  const examples: Array<Example> = []
  for await (const path of glob("src/**/*.ts", { cwd: root })) {
    examples.push(...examplesIn(path, await readFile(join(root, path), "utf8")))
  }
  return examples
}

/** The text of the pages by path. The recipes of docs/guides/bundlers.md are built and run by BundlerRecipes.test.ts instead. */
export const readPages = async (): Promise<ReadonlyMap<string, string>> => {
  const pages = new Map<string, string>()
  for await (const path of glob(["README.md", "docs/**/*.md"], { cwd: root })) {
    if (path !== "docs/guides/bundlers.md") pages.set(path, await readFile(join(root, path), "utf8"))
  }
  return pages
}
