/** The direction of imports in `src/`, as CONTRIBUTING.md describes it. */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { describe, expect, it } from "vitest"
import manifest from "../../package.json" with { type: "json" }

const root = join(import.meta.dirname, "../..")

/**
 * What each folder may import beside itself, types included. A folder sees only folders above it in this list, so that
 * there is no circle.
 */
const sees: { readonly [folder: string]: ReadonlyArray<string> } = {
  util: [],
  model: ["util"],
  naming: [],
  "metric/definition": ["model", "naming", "util"],
  "metric/instruments": ["metric/definition", "model", "util"],
  metric: ["metric/instruments", "metric/definition", "model", "naming", "util"],
  "stream/rows": ["model", "util"],
  stream: ["stream/rows", "metric/definition", "model", "util"],
  formats: ["metric", "metric/instruments", "metric/definition", "model", "naming", "util"],
  "formats/prometheus": ["formats", "metric/instruments", "metric/definition", "model", "naming", "util"],
  "formats/otlp": ["formats", "metric", "metric/instruments", "model", "util"],
  "fold/kernels": ["formats", "stream/rows", "metric", "metric/instruments", "metric/definition", "model", "util"],
  fold: [
    "fold/kernels",
    "formats/prometheus",
    "formats/otlp",
    "formats",
    "stream",
    "stream/rows",
    "metric",
    "metric/instruments",
    "metric/definition",
    "model",
    "util"
  ],
  store: ["model", "util"],
  shipping: ["store", "fold", "stream", "stream/rows", "model", "util"],
  durable: ["store", "fold", "stream", "metric/definition", "model", "util"],
  worker: [
    "shipping",
    "store",
    "durable",
    "fold",
    "stream",
    "stream/rows",
    "metric",
    "metric/definition",
    "model",
    "util"
  ],
  link: [
    "worker",
    "shipping",
    "store",
    "durable",
    "fold",
    "formats/prometheus",
    "formats",
    "stream",
    "stream/rows",
    "metric",
    "metric/definition",
    "model",
    "util"
  ],
  recorder: [
    "link",
    "formats/prometheus",
    "stream",
    "stream/rows",
    "metric",
    "metric/instruments",
    "metric/definition",
    "model",
    "util"
  ],
  threads: [
    "recorder",
    "link",
    "worker",
    "formats/prometheus",
    "stream",
    "stream/rows",
    "metric",
    "metric/definition",
    "model",
    "util"
  ],
  replay: ["model", "util"],
  flight: ["replay", "model"],
  runtime: [
    "threads",
    "recorder",
    "link",
    "worker",
    "store",
    "durable",
    "flight",
    "formats",
    "stream",
    "stream/rows",
    "metric",
    "metric/definition",
    "model",
    "util"
  ],
  exporters: ["runtime", "recorder", "formats/prometheus", "formats", "metric/instruments", "model", "naming", "util"],
  "exporters/otlp": ["exporters", "runtime", "formats/otlp", "formats", "model", "util"],
  "exporters/sdk": ["exporters/otlp", "exporters", "runtime", "formats/otlp", "formats", "util"],
  merging: ["exporters", "runtime", "recorder", "fold", "stream", "metric", "metric/definition", "model", "util"],
  storeReader: [
    "merging",
    "runtime",
    "recorder",
    "durable",
    "store",
    "fold",
    "stream",
    "formats",
    "metric/definition",
    "model",
    "util"
  ],
  aggregate: [
    "merging",
    "shipping",
    "store",
    "runtime",
    "recorder",
    "fold",
    "stream",
    "stream/rows",
    "metric/definition",
    "model",
    "util"
  ],
  cluster: [
    "storeReader",
    "merging",
    "runtime",
    "recorder",
    "link",
    "store",
    "formats",
    "metric/definition",
    "model",
    "util"
  ],
  catalogue: ["formats/prometheus", "formats", "metric/instruments", "metric/definition", "model", "naming", "util"],
  "live/model": ["metric", "metric/definition", "model"],
  "live/server": ["live/model", "catalogue", "exporters", "runtime", "fold", "metric/definition", "model", "util"],
  "live/browser": ["live/model"],
  process: ["metric", "metric/instruments"],
  http: ["metric", "model", "util"],
  sql: ["metric", "util"],
  structures: ["metric", "util"],
  facade: [
    "storeReader",
    "live/server",
    "exporters",
    "runtime",
    "recorder",
    "flight",
    "stream",
    "metric",
    "metric/definition",
    "model",
    "util"
  ]
}

/** The folders of the package's entries, and of the two that are built upon them. */
const outside = ["entries", "cli", "testing"]

const folderOf = (path: string): string => {
  const internal = /^src\/internal\/(.+)\/[^/]+$/.exec(path)?.[1]
  return internal ?? (dirname(path) === "src" ? "entries" : relative("src", dirname(path)))
}

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => join("src", path))

const Import = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g

/** The files that each file imports, by any kind of import but those in comments. */
const imports = new Map(
  sources.map((path) => {
    const code = readFileSync(join(root, path), "utf8").replaceAll(/^\s*(\*|\/\*\*|\/\/).*$/gm, "")
    const targets = Array.from(code.matchAll(Import), ([, to]) => relative(root, resolve(root, dirname(path), to!)))
    return [path, targets] as const
  })
)

const arrows = [...imports].flatMap(([from, all]) => all.map((to) => ({ from, to })))

const StaticImport = /^(?:import|export) (?!type )[^"]*?from "([^"]+)"/gm

/** What is loaded with a file: files of the sources, and packages by their names. */
const loadedWith = (path: string, loaded = new Set<string>()): ReadonlySet<string> => {
  loaded.add(path)
  for (const [, to] of readFileSync(join(root, path), "utf8").matchAll(StaticImport)) {
    const target = to!.startsWith(".") ? relative(root, resolve(root, dirname(path), to!)) : to!
    if (loaded.has(target)) continue
    if (target.startsWith("src/")) loadedWith(target, loaded)
    else loaded.add(target)
  }
  return loaded
}

/** Files that lead back to themselves. */
const circles = (): ReadonlyArray<string> => {
  const done = new Set<string>()
  const found: Array<string> = []
  const visit = (path: string, way: ReadonlyArray<string>): void => {
    const at = way.indexOf(path)
    if (at >= 0) found.push([...way.slice(at), path].join(" -> "))
    if (at >= 0 || done.has(path)) return
    for (const next of imports.get(path) ?? []) visit(next, [...way, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return found
}

describe("the source folders", () => {
  it("load for mvx-metrics/promise only what a program that folds on a worker needs", () => {
    const onDemand =
      /^src\/internal\/(fold|live|cluster|exporters\/otlp|process|http|sql|structures)\/|^node:|^@|^effect\/(Logger|FileSystem|Stream)$/
    const loaded = [...loadedWith("src/MetricsClient.ts")]
    expect(loaded).toContain("src/internal/recorder/makeRecorder.ts")
    expect(loaded.filter((path) => onDemand.test(path))).toEqual([])
  })

  it("have exactly the package's entries at the top level", () => {
    const exported = Object.values(manifest.exports).flatMap((each) =>
      typeof each === "string" ? [] : [each["mvx-metrics-source"].slice("./".length)]
    )
    const entries = exported.filter((path) => folderOf(path) === "entries")
    expect(sources.filter((path) => folderOf(path) === "entries").sort()).toEqual(entries.sort())
    expect(exported.filter((path) => !entries.includes(path))).toEqual(["src/testing/index.ts"])
  })

  it("import only folders that they may import", () => {
    const wrong = arrows.filter(({ from, to }) => {
      const [a, b] = [folderOf(from), folderOf(to)]
      return a !== b && !outside.includes(a) && !sees[a]?.includes(b)
    })
    expect(wrong).toEqual([])
  })

  it("import only folders that are listed before theirs", () => {
    const order = Object.keys(sees)
    for (const [folder, seen] of Object.entries(sees)) {
      for (const each of seen) expect(order.indexOf(each), `${folder} -> ${each}`).toBeLessThan(order.indexOf(folder))
    }
  })

  it("use every permitted import", () => {
    const used = new Set(arrows.map(({ from, to }) => `${folderOf(from)} -> ${folderOf(to)}`))
    const given = Object.entries(sees).flatMap(([folder, seen]) => seen.map((each) => `${folder} -> ${each}`))
    expect(given.filter((each) => !used.has(each))).toEqual([])
  })

  it("have no file of the engine that is too long for one sitting", () => {
    const engine = /^src\/internal\/(fold|link|recorder|runtime|stream|threads|worker)\//
    const lines = (path: string): number => readFileSync(join(root, path), "utf8").split("\n").length - 1
    expect(sources.filter((path) => engine.test(path) && lines(path) > 300)).toEqual([])
  })

  it("import entries only from entries, the CLI and the testing kit", () => {
    const wrong = arrows.filter(({ from, to }) => folderOf(to) === "entries" && !outside.includes(folderOf(from)))
    expect(wrong).toEqual([])
  })

  it("have no import cycle, including types", () => {
    expect(arrows.length).toBeGreaterThan(500)
    expect(circles()).toEqual([])
  })
})
