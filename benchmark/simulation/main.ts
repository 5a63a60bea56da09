// npm run simulate -- [--processes 10000] [--series 100] [--every 1s] ... What is modelled: docs/guides/scale.md.
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { number, table, title } from "../report.ts"
import type { Constants } from "./constants.ts"
import { limitOf } from "./limit.ts"
import { forever, type Load, type Outcome } from "./load.ts"
import { model } from "./model.ts"
import { commandOf, type Scenario } from "./scenario.ts"
import { simulate } from "./simulation.ts"
import { ways } from "./ways.ts"

const { constants: file, only, scenario } = commandOf(process.argv.slice(2))
const names = only ?? Object.keys(ways)
const unknown = names.filter((name) => ways[name] === undefined)
if (unknown.length > 0) {
  console.error(`There is no way ${unknown.join(", ")}. The ways are: ${Object.keys(ways).join(", ")}`)
  process.exit(1)
}

const percent = (share: number): string => `${(share * 100).toPrecision(3)} %`
const seconds = (millis: number): string => (Number.isFinite(millis) ? `${number(millis / 1000)} s` : "never")

const constants: Constants =
  file === undefined
    ? await Effect.runPromise((await import("./measure/all.ts")).measureAll)
    : JSON.parse(readFileSync(file, "utf8").trimEnd().split("\n").at(-1)!).constants
console.log(`Costs measured with ${constants.machine}`)
const { whole } = constants
const byModel = model(ways.states!(constants, { ...scenario, ...whole }), forever)
console.log(
  `A report of ${whole.processes} processes with ${whole.series} series each takes ${seconds(whole.reportMillis)}; by the model ${seconds(byModel.reportMillis)}`
)

/** 10, 100 and so on, and the number itself. */
const sizes = (most: number): ReadonlyArray<number> => {
  const powers = Array.from({ length: 7 }, (_, i) => 10 ** (i + 1)).filter((size) => size < most)
  return [...powers, most]
}

/** Long enough for several reports. */
const simulated = (load: Load, { jitter, lives, seed }: Scenario): Outcome => {
  const longest = Math.max(load.write.every, load.report.every, 1000)
  return simulate(load, lives, { seed, jitter, warmUp: 3 * longest, counted: 10 * longest })
}

const results: Array<object> = []
for (const name of names) {
  const loadOf = (processes: number): Load => ways[name]!(constants, { ...scenario, processes })
  const limit = limitOf(loadOf, scenario.lives)
  const rows: Array<ReadonlyArray<string>> = []
  for (const processes of sizes(scenario.processes)) {
    const load = loadOf(processes)
    const [run, computed] = [simulated(load, scenario), model(load, scenario.lives, scenario.jitter)]
    results.push({ way: name, processes, simulated: run, model: computed })
    const cells = ({ oldest, ...of }: Outcome): ReadonlyArray<string> => [
      number(of.writtenPerSecond / 1e6),
      number(of.readPerSecond / 1e6),
      number(of.storeMemory / 1e6),
      percent(of.storeBusy),
      seconds(of.reportMillis),
      seconds(of.reportEvery),
      percent(of.readerBusy),
      seconds(oldest.p50),
      seconds(oldest.p99)
    ]
    rows.push([String(processes), ...cells(run)], ["  by the model", ...cells(computed)])
  }
  title(
    `${name}: ${limit === undefined ? "nothing in the model ends it" : `ends at ${limit.processes} processes, by its ${limit.by}`}`
  )
  results.push({ way: name, limit })
  table(
    ["processes", "MB/s to", "MB/s from", "MB in it", "busy", "report", "each", "reader", "oldest p50", "p99"],
    rows
  )
}
console.log(JSON.stringify({ scenario, constants, results }))
