// Prints what metrics cost the type checker: programs of N tags and N metrics are generated and checked by tsc. The
// instantiations per metric stay the same from 100 to 300 unless the cost grows with the number of tags as well: then
// the script fails. It also fails where a metric costs more than it did: see `most`.
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
/** Inside the repository, so that imports resolve. */
const folder = join(root, "node_modules", ".type-cost")
const sizes = [100, 300] as const

const range = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)

const event = (i: number): string => `{ _tag: "tag.${i}", outcome: "OK", region: "eu", bytes_${i}: 1 }`

/** A metric of the i-th tag. */
type Program = (i: number) => string

const counter = (i: number, options = ""): string =>
  `Metric.counter("metric.${i}", { events, when: "tag.${i}"${options} })`

const programs: { readonly [name: string]: Program } = {
  counter: (i) => counter(i, `, value: "bytes_${i}", labels: ["region"]`),
  make: (i) => `Metric.make("metric.${i}", { events, initial: 0, reduce: { "tag.${i}": (n) => n + 1 } })`,
  "pipe: named": (i) => `${counter(i)}.pipe(Metric.named("named.${i}"))`,
  "pipe: filter": (i) => `${counter(i)}.pipe(Metric.filter((event) => event.bytes_${i} > 1))`,
  "pipe: labelled": (i) => `${counter(i)}.pipe(Metric.labelled({ region: "region" }))`,
  "pipe: mapEvents": (i) =>
    `Metric.counter("metric.${i}", { events }).pipe(Metric.mapEvents(Other, () => (${event(i)})))`,
  derive: (i) => `Metric.derive("metric.${i}", { from: { a: ${counter(i)} }, view: ({ a }) => ({ value: a.value }) })`,
  "pipe: all three": (i) =>
    `${counter(i)}.pipe(Metric.named("named.${i}"), Metric.filter((event) => event.bytes_${i} > 1), Metric.labelled({ region: "region" }))`
}

/**
 * The most instantiations of a further metric: a twentieth more than were measured with TypeScript 7.0. Raise one only for
 * a change that is worth it to everybody who waits for an editor.
 */
const most: { readonly [program: string]: number } = {
  counter: 540,
  make: 460,
  "pipe: named": 478,
  "pipe: filter": 445,
  "pipe: labelled": 631,
  "pipe: mapEvents": 539,
  derive: 488,
  "pipe: all three": 712,
  "pipe: all three, and a set of all": 881
}

/** Everything a component does with its metrics: a set of all, its emitter, its snapshots and changes. */
const useOfAll = (n: number): ReadonlyArray<string> => [
  `export const set = Metric.module(import.meta.url, [${range(n)
    .map((i) => `m${i}`)
    .join(", ")}])`,
  "declare const emitter: Emitter<Metric.EventsOf<typeof set>>",
  ...range(n).map((i) => `emitter.emitUnsafe(${event(i)})`),
  "declare const recorder: RecorderService",
  "export const registered = recorder.register(set)",
  "export const snapshots = recorder.snapshot(set)",
  "export const changes = recorder.changesOf(set)"
]

const source = (n: number, program: Program | undefined, all: boolean): string =>
  [
    'import { Schema } from "effect"',
    'import { type Emitter, Metric, type RecorderService } from "mvx-metrics"',
    "export type Imported = [Emitter<never>, RecorderService, Metric.Any]",
    "export const events = Schema.TaggedUnion({",
    ...range(n).map(
      (i) =>
        `  "tag.${i}": { outcome: Schema.Literals(["OK", "FAILED"]), region: Schema.String, bytes_${i}: Schema.Number },`
    ),
    "})",
    'export const Other = Schema.TaggedUnion({ "other.tag": {} })',
    ...(program === undefined ? [] : range(n).map((i) => `export const m${i} = ${program(i)}`)),
    ...(all ? useOfAll(n) : [])
  ].join("\n")

interface Cost {
  readonly instantiations: number
  readonly seconds: number
}

const costOf = (text: string): Cost => {
  writeFileSync(join(folder, "program.ts"), text)
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: join(root, "tsconfig.json"), include: [], files: ["program.ts"] })
  )
  const tsc = join(root, "node_modules", ".bin", "tsc")
  const { status, stdout } = spawnSync(tsc, ["--noEmit", "-p", folder, "--extendedDiagnostics"], { encoding: "utf8" })
  if (status !== 0) throw new Error(`The generated program has errors:\n${stdout.slice(0, 2000)}`)
  const figure = (name: string): number => Number(new RegExp(`${name}:\\s+([\\d.]+)`).exec(stdout)?.[1])
  return { instantiations: figure("Instantiations"), seconds: figure("Check time") }
}

mkdirSync(folder, { recursive: true })
try {
  const [few, many] = sizes
  const family = { few: costOf(source(few, undefined, false)), many: costOf(source(many, undefined, false)) }
  const rows = Object.entries(programs).flatMap(([name, program]) =>
    [false, ...(name === "pipe: all three" ? [true] : [])].map((all) => {
      const costs = { few: costOf(source(few, program, all)), many: costOf(source(many, program, all)) }
      const perMetric = {
        few: (costs.few.instantiations - family.few.instantiations) / few,
        // Beyond what the first ones cost, the types of the library included.
        more: (costs.many.instantiations - costs.few.instantiations) / (many - few)
      }
      return {
        program: all ? "pipe: all three, and a set of all" : name,
        [`${few}/${few}`]: costs.few.instantiations,
        [`${many}/${many}`]: costs.many.instantiations,
        "check s": `${costs.few.seconds.toFixed(1)} ${costs.many.seconds.toFixed(1)}`,
        [`each of ${few}`]: Math.round(perMetric.few),
        "each more": Math.round(perMetric.more),
        ratio: Number((perMetric.more / perMetric.few).toFixed(2))
      }
    })
  )
  console.log(`family alone: ${family.few.instantiations} (${few} tags), ${family.many.instantiations} (${many} tags)`)
  console.table(rows)
  // Linear: a further metric costs no more than one of the first did, over three times the tags.
  const steep = rows.filter(({ ratio }) => ratio > 1.1)
  if (steep.length > 0) throw new Error(`Not linear: ${steep.map(({ program }) => program).join(", ")}`)
  const dear = rows.filter((row) => row["each more"] > most[row.program]!)
  const figures = dear.map((row) => `${row.program} ${row["each more"]}, at most ${most[row.program]}`)
  if (dear.length > 0) throw new Error(`A metric costs more than it did: ${figures.join("; ")}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
