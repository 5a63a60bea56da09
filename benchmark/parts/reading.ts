/** What reads of very many series cost those who go on: pauses of the fold and of the event loop, and events refused. */
import { setImmediate as nextTurn } from "node:timers/promises"
import * as Effect from "effect/Effect"
import { MetricsRuntime, type RecorderService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { TenantDurations, TenantSaves } from "../document.metrics.ts"
import { documentSaveOf } from "../documentSave.ts"
import type { HoldUsage } from "../holds.ts"
import { startMetrics } from "../metricsUnderTest.ts"
import { refusedBy } from "../outstanding.ts"
import type { Run } from "../part.ts"
import { spreadTable, title } from "../report.ts"

/** Of the counter and of the histogram each, in each of the recorders. */
const tenants = 10_000
const recorders = 5
const capacity = 10_000
const eventsPerMilli = 10

/** Of the longest, in milliseconds. */
interface Watched {
  /** That the event loop stood still. */
  readonly loop: number
  /** Between two pages of events that the fold took while there were some. */
  readonly fold: number
  /** The same without collections of garbage. */
  readonly foldAlone: number
  /** That V8 collected garbage in the worker. */
  readonly collection: number
  readonly refused: number
}

/** Emits at a steady rate, and watches the fold and the loop, until the work is done. */
const watched = async (
  recorder: RecorderService,
  holds: () => Promise<HoldUsage>,
  work: () => Promise<unknown>
): Promise<Watched> => {
  await holds()
  let isDone = false
  const refused = refusedBy(recorder)
  const working = work().finally(() => {
    isDone = true
  })
  let [loop, emitted] = [0, 0]
  const begun = performance.now()
  let last = begun
  while (!isDone) {
    const now = performance.now()
    loop = Math.max(loop, now - last)
    last = now
    for (; emitted < (now - begun) * eventsPerMilli; emitted++) {
      recorder.emitUnsafe(documentSaveOf(emitted, `tenant-${emitted % tenants}`))
    }
    await nextTurn()
  }
  await working
  const { collectionMillis, holdMillis, ownHoldMillis } = await holds()
  return {
    loop,
    fold: holdMillis,
    foldAlone: ownHoldMillis,
    collection: collectionMillis,
    refused: refusedBy(recorder) - refused
  }
}

export const run: Run = async ({ quick }) => {
  const rounds = quick ? 2 : 8
  await using metrics = await startMetrics(undefined, new URL("../holds.worker.ts", import.meta.url))
  const holds = async (): Promise<HoldUsage> => (await metrics.workerUsage()) as HoldUsage
  const all: Array<RecorderService> = []
  for (let r = 0; r < recorders; r++) {
    const recorder = await metrics.recorder(`documents-${r}`, [TenantSaves, TenantDurations], capacity)
    for (let t = 0; t < tenants; t++) {
      recorder.emitUnsafe(documentSaveOf(t, `tenant-${t}`))
      if (t % 5000 === 4999) await Effect.runPromise(recorder.snapshot(TenantSaves, { labels: { tenant: "" } }))
    }
    all.push(recorder)
  }
  const [busy] = all as [RecorderService]
  const handle = await Effect.runPromise(Effect.provideService(Prometheus.handler(), MetricsRuntime, metrics.runtime))
  const scrape = async (signal?: AbortSignal): Promise<number> => {
    const response = await handle(new Request("http://localhost/metrics", signal === undefined ? {} : { signal }))
    for await (const _ of response.body ?? []);
    return response.status
  }
  const reads: { readonly [name: string]: () => Promise<unknown> } = {
    "nothing else": () => new Promise((resolve) => setTimeout(resolve, 300)),
    scrape: () => scrape(),
    "16 scrapes at once": async () => {
      const statuses = await Promise.all(Array.from({ length: 16 }, () => scrape()))
      if (statuses.some((status) => status !== 200)) throw new Error(`a scrape was answered ${statuses}`)
    },
    snapshots: () => Effect.runPromise(busy.snapshots)
  }
  const results = new Map(Object.keys(reads).map((name) => [name, [] as Array<Watched>]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, read] of Object.entries(reads)) {
      const result = await watched(busy, holds, read)
      // The first one makes what the others find.
      if (round > 0) results.get(name)!.push(result)
    }
  }
  const whole = await cpuOf(metrics.workerUsage, () => scrape())
  const abandoned = await cpuOf(metrics.workerUsage, async () => {
    const gone = new AbortController()
    const scrapes = Array.from({ length: 40 }, () => scrape(gone.signal))
    await nextTurn()
    gone.abort()
    await Promise.all(scrapes)
    await Effect.runPromise(busy.flush())
  })

  title(`Reads of ${2 * tenants * recorders} series beside ${eventsPerMilli * 1000} events a second, milliseconds`)
  const of = (field: keyof Watched) =>
    Object.fromEntries(
      Array.from(results, ([name, each]) => [`${name}: ${field}`, each.map((result) => result[field])])
    )
  spreadTable({ ...of("fold"), ...of("foldAlone"), ...of("collection"), ...of("loop"), ...of("refused") })
  const underRead = Array.from(results, ([name, each]) => (name === "nothing else" ? [] : each)).flat()
  return {
    foldPauseMillisMax: Math.max(...underRead.map(({ foldAlone }) => foldAlone)),
    collectionMillisMax: Math.max(...underRead.map(({ collection }) => collection)),
    loopPauseMillisMax: Math.max(...underRead.map(({ loop }) => loop)),
    scrapeRefused: Math.max(...underRead.map(({ refused }) => refused)),
    abandonedVsScrape: abandoned / whole
  }
}

/** Processor time of the worker, in nanoseconds. */
const cpuOf = async (usage: () => Promise<{ readonly cpuNanos: number }>, work: () => Promise<unknown>) => {
  const { cpuNanos } = await usage()
  await work()
  return (await usage()).cpuNanos - cpuNanos
}
