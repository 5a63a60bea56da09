/**
 * The examples in doc comments, as programs. What counts as what is said in DocExamples.test.ts.
 */
import { execFile } from "node:child_process"
import { copyFile, glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { runInNewContext } from "node:vm"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface Example {
  /** The module it is in. */
  readonly path: string
  /** The line of the module it begins at. */
  readonly line: number
  /** The names of its files in order; the last one is the program. */
  readonly files: ReadonlyArray<string>
  /** The text of one of its files. Each line has the number it has in the module, which is then what errors name. */
  readonly text: (file: string) => string
  /** Whether something is left out: by an ellipsis that is not the spread of a value, nor within a text. */
  readonly sketch: boolean
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

/** The examples written out, where `mvx-metrics` is this package. Removed at the end. */
export interface Written extends AsyncDisposable {
  /** What the compiler says of all of them: nothing, if all is well. */
  readonly typeCheck: () => Promise<string>
  readonly program: (example: Example) => URL
}

export const writeExamples = async (examples: ReadonlyArray<Example>): Promise<Written> => {
  // Not in node_modules, where Node runs no TypeScript and a package does not find itself.
  const cache = join(root, ".cache")
  await mkdir(cache, { recursive: true })
  await writeFile(join(cache, ".gitignore"), "*\n")
  const folder = await mkdtemp(join(cache, "doc-examples-"))
  const folderOf = ({ line, path }: Example): string => join(folder, `${basename(path, ".ts")}-${line}`)

  const shared = new Map<string, string>()
  for await (const path of glob("examples/*/*.metrics.ts", { cwd: root })) shared.set(basename(path), join(root, path))
  for (const example of examples) {
    await mkdir(folderOf(example))
    for (const file of example.files) {
      const text = `import assert from "node:assert/strict";${withAssertions(example.text(file))}`
      await writeFile(join(folderOf(example), file), text)
      for (const [, name = ""] of text.matchAll(/"\.\/([\w.-]+)"/g)) {
        const path = example.files.includes(name) ? undefined : shared.get(name)
        if (path !== undefined) await copyFile(path, join(folderOf(example), name))
      }
    }
  }

  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { noUnusedLocals: false },
    include: [],
    files: examples.flatMap((example) => example.files.map((file) => join(folderOf(example), file)))
  }
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config))

  const tsc = join(root, "node_modules/typescript/bin/tsc")
  return {
    typeCheck: () =>
      new Promise((resolve) => {
        execFile(process.execPath, [tsc, "--noEmit", "-p", folder], { cwd: folder }, (error, stdout, stderr) =>
          resolve(stdout + stderr || (error === null ? "" : String(error)))
        )
      }),
    program: (example) => pathToFileURL(join(folderOf(example), example.files.at(-1) ?? "")),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true })
  }
}

/** The examples of all public modules. */
export const readExamples = async (): Promise<ReadonlyArray<Example>> => {
  const examples: Array<Example> = []
  for await (const path of glob("src/{,testing/}*.ts", { cwd: root })) {
    examples.push(...examplesIn(path, await readFile(join(root, path), "utf8")))
  }
  return examples
}
