// The TypeScript error for a wrong tag names the tag, and not the schema of the family.
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

const programs = {
  reducer: program(
    `export const M = Metric.make("m", { events, initial: 0, reduce: { "job.dune_7": (n: number) => n + 1 } })`
  ),
  when: program(`export const M = Metric.counter("m", { events, when: "job.done_7x" })`)
}

let compiled: Promise<ReadonlyArray<string>> | undefined

/** All errors but those in the other programs. */
const errorsIn = async (name: keyof typeof programs): Promise<ReadonlyArray<string>> => {
  compiled ??= compile()
  const others = Object.keys(programs).filter((other) => other !== name)
  return (await compiled).filter((error) => !others.some((other) => error.startsWith(`${other}.ts(`)))
}

/** All errors of the programs, from one run of the compiler: it takes two seconds for the library alone. */
const compile = async (): Promise<ReadonlyArray<string>> => {
  const folder = await mkdtemp(join(root, "node_modules", ".type-errors-"))
  try {
    const files = Object.entries(programs).map(([name, text]) => [`${name}.ts`, text] as const)
    for (const [file, text] of files) await writeFile(join(folder, file), text)
    const config = { extends: join(root, "tsconfig.json"), include: [], files: files.map(([file]) => file) }
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config))
    const tsc = join(root, "node_modules/typescript/bin/tsc")
    const output = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        [tsc, "--noEmit", "--singleThreaded", "--pretty", "false", "-p", folder],
        { cwd: folder },
        (_, stdout) => resolve(stdout)
      )
    })
    return output.trimEnd().split(/\n(?! )/)
  } finally {
    await rm(folder, { recursive: true })
  }
}

it("the error for a reducer with an unknown tag names the tag and stays short", async () => {
  const errors = await errorsIn("reducer")
  expect(errors).toEqual([
    expect.stringMatching(
      /^reducer\.ts\(\d+,\d+\): error TS2322: Type '\(n: number\) => number' is not assignable to type '"The family has no event job\.dune_7"'\.$/
    )
  ])
})

it("the error for a wrong tag in when names the tag and a similar one, without the schema", async () => {
  const errors = await errorsIn("when")
  expect(errors).toHaveLength(1)
  expect(errors[0]).toMatch(/Type '"job\.done_7x"' is not assignable to type .* Did you mean '"job\.done_7"'\?$/)
  expect(errors[0]).not.toMatch(/TaggedUnion|TaggedStruct/)
})
