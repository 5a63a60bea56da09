/** What is simulated, as the command line says it. Times in milliseconds. */
import { parseArgs } from "node:util"
import { type Kind, kinds } from "./kinds.ts"
import type { Lives } from "./load.ts"

export interface Scenario {
  readonly processes: number
  /** Of each process. All processes have the same ones. */
  readonly series: number
  /** The share of each kind. */
  readonly mix: { readonly [kind in Kind]: number }
  /** Between two writes of states. */
  readonly every: number
  /** Between two reports, scrapes and pushes. */
  readonly report: number
  /** Events of each process in a second, and the aggregators that share the processes. */
  readonly events: number
  readonly aggregators: number
  /** Between two batches of a process, and between two looks of an aggregator. */
  readonly append: number
  readonly fold: number
  /** Between two exports to a collector. */
  readonly export: number
  /** Processes of each host. */
  readonly perHost: number
  readonly lives: Lives
  /** Bytes a second that the network of the store takes in each direction. */
  readonly network: number
  readonly jitter: number
  readonly seed: number
}

const defaults = {
  processes: "10000",
  series: "100",
  mix: "counter:70,histogram:25,exponential:5",
  every: "1s",
  events: "10",
  aggregators: "1",
  append: "250ms",
  fold: "500ms",
  report: "15s",
  export: "60s",
  "per-host": "32",
  /** `never`: processes stay. */
  lifetime: "24h",
  restart: "5s",
  killed: "0.1",
  keeps: "1h",
  /** Of a gigabit a second. */
  network: "125e6",
  jitter: "0.1",
  seed: "1"
} as const

type Name = keyof typeof defaults

const strings = (names: ReadonlyArray<string>) =>
  Object.fromEntries(names.map((name) => [name, { type: "string" as const }]))

export interface Command {
  readonly scenario: Scenario
  /** The names of ways; `undefined`: all. */
  readonly only: ReadonlyArray<string> | undefined
  /** A file with the last line of an earlier run, whose constants are used; `undefined`: they are measured. */
  readonly constants: string | undefined
}

export const commandOf = (args: ReadonlyArray<string>): Command => {
  const options = strings([...Object.keys(defaults), "only", "constants"])
  const { values } = parseArgs({ args: [...args], options })
  const text = (name: Name): string => String(values[name] ?? defaults[name])
  const number = (name: Name, least: number): number => {
    const value = Number(text(name))
    if (value >= least) return value
    throw new Error(`--${name} must be a number, at least ${least}, got ${text(name)}`)
  }
  const millis = (name: Name): number => {
    if (text(name) === "never") return Number.POSITIVE_INFINITY
    const [, value, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text(name)) ?? []
    if (unit !== undefined) return Number(value) * units[unit as keyof typeof units]
    throw new Error(`--${name} must be a time, such as 500ms, 1s, 5m or 24h, got ${text(name)}`)
  }
  const constants = values.constants
  return {
    scenario: {
      processes: number("processes", 1),
      series: number("series", 1),
      mix: mixOf(text("mix")),
      every: millis("every"),
      events: number("events", 0),
      aggregators: number("aggregators", 1),
      append: millis("append"),
      fold: millis("fold"),
      report: millis("report"),
      export: millis("export"),
      perHost: number("per-host", 1),
      lives: {
        lifetime: millis("lifetime"),
        restart: millis("restart"),
        killed: number("killed", 0),
        keeps: millis("keeps")
      },
      network: number("network", 1),
      jitter: number("jitter", 0),
      seed: number("seed", 0)
    },
    only: values.only === undefined ? undefined : String(values.only).split(","),
    constants: constants === undefined ? undefined : String(constants)
  }
}

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** In parts of whatever they come to together. */
const mixOf = (text: string): Scenario["mix"] => {
  const parts = text.split(",").map((part) => part.split(":"))
  const wrong = parts.find(([kind, share]) => !kinds.includes(kind as Kind) || !(Number(share) >= 0))
  if (wrong !== undefined) {
    throw new Error(
      `--mix must be kinds with their parts, such as ${defaults.mix}, got ${text}. Kinds: ${kinds.join(", ")}`
    )
  }
  const all = parts.reduce((sum, [, share]) => sum + Number(share), 0)
  const of = (kind: Kind): number => Number(parts.find(([name]) => name === kind)?.[1] ?? 0) / all
  return Object.fromEntries(kinds.map((kind) => [kind, of(kind)])) as Scenario["mix"]
}
