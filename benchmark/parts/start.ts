/**
 * What a program pays before its first event: the import of the library against that of `effect/Schema` alone, in
 * processor time, the time until a worker runs, and the memory that a runtime adds. Of the built package, in fresh processes without a compile
 * cache, as a program has it that was just installed.
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { inTurn, median } from "../measure.ts"
import type { Run } from "../part.ts"
import { spreadTable, title } from "../report.ts"

const exec = promisify(execFile)
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const build = "../../node_modules/.cache/mvx-metrics-benchmark-build"

const contenders = [
  { name: "effect/Schema", module: "effect/Schema" },
  { name: "mvx-metrics/promise", module: new URL(`${build}/MetricsClient.js`, import.meta.url).href }
]

/** What a process says that `started.ts` ran in. */
interface Started {
  readonly importMillis: number
  /** Processor time of the process. */
  readonly importCpuMillis: number
  /** Of the library alone. */
  readonly startMillis?: number
  readonly runtimeBytes?: number
}

const start = async (module: string): Promise<Started> => {
  const env = { ...process.env }
  delete env.NODE_COMPILE_CACHE
  const { stdout } = await exec(process.execPath, [here("../started.ts"), module], { env })
  return JSON.parse(stdout)
}

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 5, warmUps: 1, seconds: 6 } : { rounds: 21, warmUps: 2, seconds: 90 }
  const rolldown = here("../../node_modules/rolldown/bin/cli.mjs")
  await exec(process.execPath, [rolldown, "-c", "-d", here(build)], { cwd: here("../..") })
  const [schema, library] = await inTurn(contenders, rounds, ({ module }) => start(module))
  const cpuOf = (all: typeof schema) => all!.results.map(({ importCpuMillis }) => importCpuMillis)
  const millisOf = (all: typeof schema) => all!.results.map(({ importMillis }) => importMillis)
  const [cpuOfSchema, cpuOfLibrary] = [cpuOf(schema), cpuOf(library)]
  const startMillis = library!.results.map((result) => result.startMillis!)
  const runtimeBytes = library!.results.map((result) => result.runtimeBytes!)

  title(`The start of a program, ${startMillis.length} processes each`)
  spreadTable({
    "import of effect/Schema, ms": millisOf(schema),
    "the same, ms of processor time": cpuOfSchema,
    "import of mvx-metrics/promise, ms": millisOf(library),
    "the same, ms of processor time ": cpuOfLibrary,
    "ratio of processor times, process by process": cpuOfLibrary.map((millis, i) => millis / cpuOfSchema[i]!),
    "start of a worker, ms": startMillis,
    "resident memory (RSS) that a runtime adds, MB": runtimeBytes.map((bytes) => bytes / 1e6)
  })
  return {
    importVsSchema: median(cpuOfLibrary) / median(cpuOfSchema),
    startMillis: median(startMillis),
    runtimeBytes: median(runtimeBytes)
  }
}
