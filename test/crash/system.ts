/** The process under test: runs the steps that the harness sends, and reports the results. */
import { type FaultCounts, noFaults, type Strike } from "./faults.ts"
import { Loaded, pause } from "./loaded.ts"
import { effectRuntime, type LoadRuntime, Now, promiseRuntime } from "./loadRuntimes.ts"
import { Scraper } from "./scraper.ts"
import {
  type Answer,
  type FromSystem,
  type Op,
  type Problem,
  type Script,
  type Side,
  type Step,
  type StepDone,
  sides,
  type ToSystem
} from "./steps.ts"
import { Victims } from "./victims.ts"

const pages = Number(process.argv[2])
const now = new Now()
const victims: { readonly [S in Side]: Victims } = { effect: new Victims(), promise: new Victims() }
const runtimes: { readonly [S in Side]: LoadRuntime } = {
  effect: await effectRuntime(now, pages, victims.effect.spawn),
  promise: await promiseRuntime(now, pages, victims.promise.spawn)
}
for (const side of sides) {
  const pulse = await runtimes[side].create("pulse", { capacity: 10, overflow: "drop-newest" })
  victims[side].pulse = pulse.report
}

const loaded = new Map<string, Loaded>()
const faults: FaultCounts = noFaults()
let problems: Array<Problem> = []

const problem = (found: Problem): void => {
  problems.push(found)
}

const scrapers: { readonly [S in Side]: Scraper } = {
  effect: new Scraper(runtimes.effect, problem),
  promise: new Scraper(runtimes.promise, problem)
}

const wrong = (what: string, error: unknown): void => {
  const isHang = (error as { readonly _tag?: unknown } | null)?._tag === "mvx-metrics/WaitTimeout"
  problem({
    kind: isHang ? "hang" : "wrong",
    count: 1,
    text: `${what}: ${error instanceof Error ? error.stack : error}`
  })
}

const countFault = ({ role }: Script, op: Op): void => {
  switch (op._tag) {
    case "Create":
      return void faults["new recorder"]++
    case "Remove":
      return void faults["removed recorder"]++
    case "Register":
      return void faults.registration++
    case "Reset":
      return void faults.reset++
    case "Stall":
      return void faults["stalled listener"]++
    case "Abandon":
      return void faults["abandoned read"]++
    case "Poison":
      return void faults[`event: ${op.how}`]++
    case "Burst":
      if (role === "newest") faults["overflow drop-newest"]++
      if (role === "oldest") faults["overflow drop-oldest"]++
      if (role === "waiting") faults["overflow backpressure"]++
      if (role === "failing") faults["overflow fail"]++
  }
}

const run = async (script: Script): Promise<ReadonlyArray<Answer>> => {
  const { id, ops, role, side } = script
  const key = `${side} ${id}`
  const answers: Array<Answer> = []
  for (const op of ops) {
    countFault(script, op)
    try {
      if (op._tag === "Create") loaded.set(key, await Loaded.create(runtimes[side], id, role, problem))
      else if (op._tag === "Remove") {
        await runtimes[side].remove(id)
        loaded.delete(key)
      } else {
        answers.push(await loaded.get(key)!.do(op))
        continue
      }
      answers.push({})
    } catch (error) {
      wrong(`${key} (${role}), ${op._tag}`, error)
      answers.push({})
    }
  }
  return answers
}

const strike = async (side: Side, kind: Strike, afterMillis: number): Promise<void> => {
  await pause(afterMillis)
  faults[kind]++
  await victims[side].strike(kind)
}

const runStep = async (step: Step): Promise<void> => {
  problems = []
  if (step.now < now.millis) faults["clock set back"]++
  if (step.now > now.millis) faults["clock set forward"]++
  now.millis = step.now
  const struck = step.strikes.map(({ afterMillis, kind, side }) => strike(side, kind, afterMillis))
  let isOver = false
  const scraped = step.scrapes ? sides.map((side) => scrapers[side].until(() => isOver)) : []
  const answers = await Promise.all(step.scripts.map(run))
  await Promise.all(struck)
  for (const side of sides) await victims[side].recovered()
  isOver = true
  await Promise.all(scraped)
  const totals = step.scrapes
    ? { effect: await scrapers.effect.totals(), promise: await scrapers.promise.totals() }
    : undefined
  say({
    answers,
    totals,
    problems,
    kills: victims.effect.kills + victims.promise.kills,
    faults,
    recoveryMillis: longestRecoveries(),
    scrapes: {
      answered: scrapers.effect.answered + scrapers.promise.answered,
      refused: scrapers.effect.refused + scrapers.promise.refused,
      longestMillis: Math.ceil(Math.max(scrapers.effect.longestMillis, scrapers.promise.longestMillis))
    },
    rss: process.memoryUsage.rss()
  })
}

const longestRecoveries = (): StepDone["recoveryMillis"] => {
  const longest: { [struck: string]: number } = {}
  for (const side of sides) {
    for (const [by, millis] of victims[side].longest) longest[by] = Math.ceil(Math.max(longest[by] ?? 0, millis))
  }
  return longest
}

const end = async (): Promise<void> => {
  for (const side of sides) {
    victims[side].end()
    await runtimes[side].shutdown()
  }
  process.disconnect()
}

const say = (message: FromSystem): void => void process.send!(message)

process.on("message", (message: ToSystem) => void (message === "end" ? end() : runStep(message)))
say("ready")
