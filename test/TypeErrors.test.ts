// What TypeScript says of a wrong tag: the tag, and not the schema of the family.
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"

const root = fileURLToPath(new URL("..", import.meta.url))

/** A family of many events, and a metric over them on the last line. */
const program = (metric: string): string =>
  [
    'import { Schema } from "effect"',
    'import { Metric } from "mvx-metrics"',
    "const events = Schema.TaggedUnion({",
    ...Array.from({ length: 50 }, (_, i) => `  "job.done_${i}": { n: Schema.Number, queue: Schema.String },`),
    "})",
    metric
  ].join("\n")

/** The errors in a program, each without its place. */
const errorsIn = async (text: string): Promise<ReadonlyArray<string>> => {
  const folder = await mkdtemp(join(root, "node_modules", ".type-errors-"))
  try {
    await writeFile(join(folder, "program.ts"), text)
    const config = { extends: join(root, "tsconfig.json"), include: [], files: ["program.ts"] }
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config))
    const tsc = join(root, "node_modules/typescript/bin/tsc")
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, [tsc, "--noEmit", "--pretty", "false", "-p", folder], { cwd: folder }, (_, stdout) =>
        resolve(stdout)
      )
    })
    return output.trimEnd().split(/\n(?! )/)
  } finally {
    await rm(folder, { recursive: true })
  }
}

it("a reducer for a tag that the family has not is refused by an error that names the tag, in short", async () => {
  const errors = await errorsIn(
    program(`export const M = Metric.make("m", { events, initial: 0, reduce: { "job.dune_7": (n: number) => n + 1 } })`)
  )
  expect(errors).toEqual([
    expect.stringMatching(
      /^program\.ts\(\d+,\d+\): error TS2322: Type '\(n: number\) => number' is not assignable to type '"The family has no event job\.dune_7"'\.$/
    )
  ])
})

it("a wrong tag in when is refused by an error that names the tag and one that is like it, and no schema", async () => {
  const errors = await errorsIn(program(`export const M = Metric.counter("m", { events, when: "job.done_7x" })`))
  expect(errors).toHaveLength(1)
  expect(errors[0]).toMatch(/Type '"job\.done_7x"' is not assignable to type .* Did you mean '"job\.done_7"'\?$/)
  expect(errors[0]).not.toMatch(/TaggedUnion|TaggedStruct/)
})
