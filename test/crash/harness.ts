/** Runs the system in a separate process, and compares its reports with the model. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { type FaultCounts, noFaults } from "./faults.ts"
import { Model } from "./model.ts"
import { Plan } from "./plan.ts"
import type { Problems } from "./problems.ts"
import type { FromSystem, Problem, Step, StepDone, ToSystem } from "./steps.ts"

export interface RunOptions {
  readonly seed: number
  /** Goes on until so many workers were killed, */
  readonly kills: number
  /** so many events were accepted, */
  readonly events: number
  /** and so much time has passed. */
  readonly seconds: number
  /** Whether metrics are scraped meanwhile. Default: true. */
  readonly scrapes?: boolean
  readonly problems: Problems
  readonly onProgress: (text: string) => void
}

export interface RunResult {
  readonly seed: number
  readonly kills: number
  readonly faults: FaultCounts
  readonly events: number
  /** From a death until a read is answered again. */
  readonly longestRecoveryMillis: number
  readonly recoveryMillis: StepDone["recoveryMillis"]
  readonly scrapes: StepDone["scrapes"]
  /** Of memory that events lie in. */
  readonly pages: number
  /** The memory of the process in the last third of the run, as a share of that in the second third, beyond 1. */
  readonly rssGrowth: number
}

/** Memory is compared where there are enough events for a process to have grown to its size before. */
const ManyEvents = 10_000_000

export const isGood = ({ events, longestRecoveryMillis, rssGrowth }: RunResult): boolean =>
  longestRecoveryMillis <= 2000 && (events < ManyEvents || rssGrowth <= 0.1)

/** After this a step counts as hanging. */
const HangsAfter = 60_000

const EventsInStep = 5000
const root = new URL("../../", import.meta.url)

const startSystem = (pages: number): ChildProcess =>
  fork(fileURLToPath(new URL("./system.ts", import.meta.url)), [`${pages}`], {
    serialization: "advanced",
    // Node keeps the code that it has compiled for the next worker.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/node-compile", root)), ...process.env },
    execArgv: [
      "--trace-warnings",
      "--conditions=mvx-metrics-source",
      "--import",
      new URL("test/support/threads/load.ts", root).href
    ],
    stdio: ["ignore", "inherit", "inherit", "ipc"]
  })

class System {
  readonly #child: ChildProcess
  #ended: string | undefined

  constructor(pages: number) {
    this.#child = startSystem(pages)
    this.#child.on("exit", (code, signal) => {
      this.#ended = `the process under test ended: ${signal ?? code}`
    })
  }

  /** Its next message, or why there is none. */
  async hear(): Promise<FromSystem | string> {
    if (this.#ended !== undefined) return this.#ended
    const child = this.#child
    const over = new AbortController()
    const { signal } = over
    try {
      const timer = AbortSignal.timeout(HangsAfter)
      return await Promise.race([
        once(child, "message", { signal }).then(([message]) => message as FromSystem),
        once(child, "exit", { signal }).then(() => this.#ended!),
        once(timer, "abort", { signal }).then(() => `no answer for ${HangsAfter} ms`)
      ])
    } finally {
      over.abort()
    }
  }

  say(message: ToSystem): void {
    if (this.#child.connected) this.#child.send(message)
  }

  async end(): Promise<void> {
    if (this.#ended !== undefined) return
    const exit = once(this.#child, "exit")
    this.say("end")
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), HangsAfter)
    await exit
    clearTimeout(timer)
  }

  kill(): void {
    this.#child.kill("SIGKILL")
  }
}

const mean = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, n) => sum + n, 0) / numbers.length

const growth = (rss: ReadonlyArray<number>): number => {
  const third = Math.floor(rss.length / 3)
  return third === 0 ? 0 : mean(rss.slice(-third)) / mean(rss.slice(third, 2 * third)) - 1
}

export const runFaults = async (options: RunOptions): Promise<RunResult> => {
  const { onProgress, problems, seed } = options
  const count = (found: ReadonlyArray<Problem>): void => {
    for (const problem of found) problems.add(problem)
  }
  const start = performance.now()
  const model = await Model.make()
  // With many events for each kill there are fewer steps for as many events.
  const plan = new Plan(
    seed,
    Math.max(EventsInStep, Math.floor(options.events / Math.max(1, options.kills) / 8)),
    options.scrapes
  )
  const system = new System(plan.pages)
  const rss: Array<number> = []
  let last: StepDone | undefined
  const isDone = (): boolean =>
    (last?.kills ?? 0) >= options.kills &&
    model.events >= options.events &&
    performance.now() - start >= options.seconds * 1000
  /** How many kills are wanted by now: with so many events to come, they are spread over all of them. */
  const due = (): number => {
    const kills = last?.kills ?? 0
    if (options.events === 0) return Math.max(1, options.kills - kills)
    return Math.ceil((options.kills * Math.min(model.events, options.events)) / options.events) - kills
  }
  let checking: Promise<void> = Promise.resolve()
  const check = async (step: Step, done: StepDone): Promise<void> => {
    count(await model.check(step, done))
    onProgress(
      `${((performance.now() - start) / 1000).toFixed(1)} s, kills ${done.kills}, events ${model.events}, rss ${Math.round(done.rss / 2 ** 20)} MiB`
    )
  }
  let heard = await system.hear()
  if (heard !== "ready") throw new Error(`the system did not start: ${JSON.stringify(heard)}`)
  while (!isDone()) {
    const step = plan.next(due())
    system.say(step)
    heard = await system.hear()
    if (typeof heard === "string") {
      count([{ kind: "hang", count: 1, text: `${heard}, in ${JSON.stringify(step)}` }])
      system.kill()
      break
    }
    last = heard
    rss.push(last.rss)
    count(last.problems)
    // While the model folds a step, the system does the next one.
    await checking
    checking = check(step, last)
  }
  await checking
  await system.end()
  return {
    seed,
    kills: last?.kills ?? 0,
    faults: last?.faults ?? noFaults(),
    events: model.events,
    longestRecoveryMillis: Math.max(0, ...Object.values(last?.recoveryMillis ?? {})),
    recoveryMillis: last?.recoveryMillis ?? {},
    scrapes: last?.scrapes ?? { answered: 0, refused: 0, longestMillis: 0 },
    pages: plan.pages,
    rssGrowth: Math.round(growth(rss) * 1000) / 1000
  }
}
