/**
 * `npm run faults -- --kills 200 --seed 7`: kills the workers of a process under load, and counts what its numbers lost;
 * then it kills processes with durable state, a tenth as many, over a disk that fails. With `--events 50000000` the kills
 * are spread over so many events, and the memory of the process has to stay as it is. The last line is the result as JSON.
 * Exits with 1 where something is not as it should be.
 */
import { parseArgs } from "node:util"
import bundle from "../support/threads/bundle.ts"
import { isGood, runFaults } from "./harness.ts"
import { runLives } from "./lives.ts"
import { Problems } from "./problems.ts"

const numberOf = (name: string, text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} must be a whole number, got "${text}"`)
  return number
}

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    "process-kills": { type: "string" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    seconds: { type: "string", default: "0" },
    events: { type: "string", default: "0" }
  }
})

const mostProblems = 20
let told = 0
const problems = new Problems(({ count, kind, text }) => {
  if (told++ < mostProblems) console.error(`${kind} ${count}: ${text.slice(0, 2000)}`)
})
const onProgress = (text: string): void => console.error(text)
const kills = numberOf("kills", values.kills)
const seed = numberOf("seed", values.seed)
await bundle()
const result = await runFaults({
  kills,
  seed,
  seconds: numberOf("seconds", values.seconds),
  events: numberOf("events", values.events),
  problems,
  onProgress
})
const lives = numberOf("process-kills", values["process-kills"] ?? `${Math.ceil(kills / 10)}`)
const faults = { ...result.faults, ...(await runLives({ seed, lives, problems, onProgress })) }
for (const [fault, count] of Object.entries(faults)) console.log(`${fault.padEnd(28)}${count}`)
const { doubleCounted, hang: hangs, lost, wrong } = problems.counts
console.log(JSON.stringify({ ...result, faults, lost, doubleCounted, hangs, wrong }))
process.exit(isGood(result) && told === 0 ? 0 : 1)
