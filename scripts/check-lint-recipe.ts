// The recipe of docs/guides/editor-and-lint.md against a forgotten `yield*`: the files and the commands of the page, with the
// packed tarball. Run it by `npm run lint:recipe`.
import { deepStrictEqual, throws } from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { repository } from "./consumer.ts"
import { bin, folder, installPacked, run, runSteps } from "./steps.ts"

const page = readFileSync(join(repository, "docs/guides/editor-and-lint.md"), "utf8")

/** The file blocks of the page, each with the name that stands above it. */
const files = new Map(
  Array.from(page.matchAll(/^`([\w.-]+)`\n\n```\w+\n([\s\S]*?)^```$/gm), ({ 1: name = "", 2: text = "" }) => [
    name,
    text
  ])
)

/** The rule that a comment at the end of a line names has to be found in that line. */
const expected = files
  .get("forgotten.ts")!
  .split("\n")
  .flatMap((line, i) => {
    const rule = /\/\/ (\w+)$/.exec(line)?.[1]
    return rule === undefined ? [] : [`${i + 1} ${rule}`]
  })

/** The arguments of the last command of the page. */
const [, ...lint] = /^npx (effect-tsgo .*)$/m.exec(page)![1]!.split(" ")

const found = (output: string): ReadonlyArray<string> =>
  Array.from(output.matchAll(/^\S+\((\d+),\d+\): error effect\((\w+)\)/gm), ([, line, rule]) => `${line} ${rule}`)

await runSteps({
  "the tarball and the language service install": () => {
    const devDependencies = { "@effect/tsgo": "0.45.0" }
    installPacked({ private: true, type: "module", devDependencies }, "effect", "typescript", "@types/node")
    for (const [name, text] of files) writeFileSync(join(folder, name), text)
  },
  "TypeScript alone has no objection": () => void run(bin("tsc"), ["-p", "tsconfig.json"]),
  "the recipe finds each forgotten yield*": () =>
    throws(
      () => run(bin("effect-tsgo"), [...lint, "--format", "text"]),
      ({ message }: Error) => {
        deepStrictEqual(found(message), expected)
        return message.includes("exit code 1")
      }
    )
})
