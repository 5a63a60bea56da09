/**
 * `npm run faults -- --kills 200 --seed 7`: kills the workers of a process under load, and counts what its numbers lost.
 * The last line is the result as JSON. Exits with 1 where something is not as it should be.
 */
import { parseArgs } from "node:util"
import bundle from "../support/threads/bundle.ts"
import { isGood, runFaults } from "./harness.ts"

const numberOf = (name: string, text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} must be a whole number, got "${text}"`)
  return number
}

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    seconds: { type: "string", default: "0" },
    events: { type: "string", default: "0" }
  }
})

const mostProblems = 20
let problems = 0
await bundle()
const result = await runFaults({
  kills: numberOf("kills", values.kills),
  seed: numberOf("seed", values.seed),
  seconds: numberOf("seconds", values.seconds),
  events: numberOf("events", values.events),
  onProblem: ({ count, kind, text }) => {
    if (problems++ < mostProblems) console.error(`${kind} ${count}: ${text.slice(0, 2000)}`)
  },
  onProgress: (text) => console.error(text)
})
for (const [fault, count] of Object.entries(result.faults)) console.log(`${fault.padEnd(28)}${count}`)
console.log(JSON.stringify(result))
process.exit(isGood(result) ? 0 : 1)
