/**
 * Producers and aggregators over a server, all of which are killed at random. Afterwards the numbers of each producer must be
 * what one fold over the first of its events comes to: over all of them if it has ended in an orderly way, and over as many
 * as its runtime has said are in the store if it was killed.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, statSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { isDeepStrictEqual } from "node:util"
import { Clock, Effect } from "effect"
import type { StoreModule } from "mvx-metrics/MetricsStore"
import { MetricsStream, type StreamReport } from "mvx-metrics/MetricsStream"
import { clockOf } from "../../../src/internal/util/fixedTime.ts"
import { Random } from "../../crash/random.ts"
import type { StoreServer } from "../../e2e/support/storeServers.ts"
import { dimensionsOf, foldedRequests } from "../support/requests.ts"
import { KillsMetrics } from "./kills.metrics.ts"
import { aggregatorOptions, timeAt } from "./settings.ts"

export interface KillsOptions {
  readonly seed: number
  readonly server: StoreServer
  readonly store: StoreModule
  /** The signal that ends the server at once. */
  readonly signal: NodeJS.Signals
  /** Whether the server may lose the end of its log, as one does that has not written it to the disk. */
  readonly loses: boolean
  /** How long everything is killed, in milliseconds. */
  readonly millis: number
}

export interface KillsResult {
  readonly seed: number
  readonly events: number
  readonly producersKilled: number
  /** Threads of producers that have ended in an orderly way. */
  readonly workersDied: number
  readonly aggregatorsKilled: number
  readonly serverKilled: number
  /** Times that the server has lost the end of its log. */
  readonly lost: number
  /** What was not as it should be. */
  readonly problems: ReadonlyArray<string>
}

interface Producer {
  readonly process: number
  readonly child: ChildProcess
  readonly closed: Promise<unknown>
  ready: boolean
  flushed: number
  flushedAt: number
  ended: number | undefined
  restarts: number
  /** When it was killed. */
  killedAt: number | undefined
}

const conditions = ["--conditions=mvx-metrics-source", "--disable-warning=ExperimentalWarning"]

const running = new Set<ChildProcess>()

/** Ends with this process, however that ends. */
const start = (program: string, settings: object): ChildProcess => {
  const child = spawn(process.execPath, [...conditions, join(import.meta.dirname, program), JSON.stringify(settings)], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  running.add(child)
  child.once("close", () => running.delete(child))
  return child
}

process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

const startProducer = (self: number, store: StoreModule): Producer => {
  const child = start("producer.ts", { process: self, store })
  const closed = new Promise((resolve) => child.once("close", resolve))
  const producer: Producer = {
    process: self,
    child,
    closed,
    ready: false,
    flushed: 0,
    flushedAt: 0,
    ended: undefined,
    restarts: 0,
    killedAt: undefined
  }
  createInterface({ input: child.stdout! }).on("line", (line) => {
    // What is logged.
    if (!line.startsWith("{")) return
    const said = JSON.parse(line) as { ready?: true; flushed?: number; ended?: number; restarts?: number }
    if (said.ready) producer.ready = true
    if (said.flushed !== undefined) {
      producer.flushed = said.flushed
      producer.flushedAt = Date.now()
    }
    if (said.ended !== undefined) producer.ended = said.ended
    producer.restarts = said.restarts ?? 0
  })
  return producer
}

/** The end of what the server has written is gone, as if it had not come to the disk. */
const loseEnd = (folder: string, bytes: number): void => {
  const logs = join(folder, "appendonlydir")
  const log = readdirSync(logs).find((name) => name.endsWith(".incr.aof"))
  if (log === undefined) return
  const path = join(logs, log)
  truncateSync(path, Math.max(0, statSync(path).size - bytes))
}

export const runKills = async ({ loses, millis, seed, server, signal, store }: KillsOptions): Promise<KillsResult> => {
  const numbers = new Random(seed)
  const random = (): number => numbers.next()
  const pick = <A>(all: ReadonlyArray<A>): A | undefined => all[Math.floor(random() * all.length)]
  const producers: Array<Producer> = []
  const aggregators = new Set<ChildProcess>()
  const counts = { producersKilled: 0, aggregatorsKilled: 0, serverKilled: 0, lost: 0 }
  const problems: Array<string> = []
  let lostAt = 0
  const newProducer = (): void => void producers.push(startProducer(producers.length, store))
  const newAggregator = (): void => {
    const child = start("aggregator.ts", { store })
    aggregators.add(child)
    child.once("close", () => aggregators.delete(child))
  }
  await server.start()
  for (let i = 0; i < 3; i++) newProducer()
  for (let i = 0; i < 2; i++) newAggregator()
  while (!producers.some(({ flushed }) => flushed > 0)) await setTimeout(50)
  const end = Date.now() + millis
  while (Date.now() < end) {
    await setTimeout(100 + random() * 500)
    const chance = random()
    if (chance < 0.25) {
      const victim = pick(producers.filter((each) => each.ready && each.killedAt === undefined && each.flushed > 0))
      if (victim === undefined) continue
      victim.killedAt = Date.now()
      victim.child.kill("SIGKILL")
      counts.producersKilled++
      newProducer()
    } else if (chance < 0.75) {
      const victim = pick([...aggregators])
      if (victim === undefined) continue
      victim.kill("SIGKILL")
      counts.aggregatorsKilled++
      newAggregator()
    } else {
      await server.stop(signal)
      counts.serverKilled++
      if (loses && random() < 0.6) {
        loseEnd(server.folder, Math.floor(random() * 60_000))
        lostAt = Date.now()
        counts.lost++
      }
      await setTimeout(random() * 1000)
      await server.start()
    }
  }
  // What is lost from here on would be lost with a process that could have sent it again.
  for (const { child, killedAt } of producers) if (killedAt === undefined) child.stdin!.end()
  await Promise.race([Promise.all(producers.map(({ closed }) => closed)), setTimeout(90_000)])
  const report = await folded(store, problems)
  for (const child of aggregators) child.kill("SIGKILL")
  let events = 0
  let restarts = 0
  for (const producer of producers) {
    const total = report?.recorders[`http-${producer.process}`]
    const count = total === undefined ? 0 : total.events.applied + total.events.ignored
    events += count
    restarts += producer.restarts
    problems.push(...problemsOf(producer, count, lostAt, total))
    if (producer.killedAt === undefined && producer.ended === undefined) producer.child.kill("SIGKILL")
  }
  return { seed, events, workersDied: restarts, ...counts, problems }
}

const problemsOf = (
  { ended, flushed, flushedAt, killedAt, process: self }: Producer,
  count: number,
  lostAt: number,
  total: StreamReport["recorders"][string] | undefined
): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const of = `producer ${self}`
  if (killedAt === undefined) {
    if (ended === undefined) problems.push(`${of} has not ended`)
    else if (count !== ended) problems.push(`${of} has emitted ${ended} events, and ${count} were counted`)
  } else if (flushedAt > lostAt + 1 && count < flushed) {
    problems.push(`${of} had ${flushed} events in the store, and ${count} were counted`)
  }
  if (total === undefined) return count === 0 ? problems : [...problems, `${of} is not in the report`]
  if (total.events.missed > 0 || total.events.evicted > 0) problems.push(`${of}: ${JSON.stringify(total.events)}`)
  const wanted = foldedRequests(new Map([[self, count]]), timeAt, readAt, KillsMetrics.metrics)
  const shown = dimensionsOf(total.snapshots)
  for (const [name, dimensions] of Object.entries(wanted)) {
    if (count > 0 && !isDeepStrictEqual(shown[name], dimensions)) {
      const texts = [shown[name], dimensions].map((each) => JSON.stringify(each)?.slice(0, 400))
      problems.push(`${of}: ${name} of ${count} events is ${texts[0]}, and should be ${texts[1]}`)
    }
  }
  return problems
}

/** The time of the report: windows have what came in the minute before. */
const readAt = timeAt(20_000)

/** The report once everything in the store was folded. */
const folded = (store: StoreModule, problems: Array<string>): Promise<StreamReport | undefined> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const stream = yield* MetricsStream.make({ ...aggregatorOptions, metrics: [KillsMetrics], store })
      for (let i = 0; i < 600; i++) {
        const report = yield* Effect.option(stream.report)
        if (report._tag === "Some" && report.value.sources.length === 0) return report.value
        yield* Effect.sleep(100)
      }
      problems.push("there are events that nobody folds")
      return yield* stream.report
    }).pipe(
      Effect.scoped,
      Effect.provideService(
        Clock.Clock,
        clockOf(() => readAt)
      )
    )
  )
