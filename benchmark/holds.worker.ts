/**
 * The worker of the part `reading`: says for how long the fold stood still at most while there were events to fold, and how
 * much of that V8 took to collect garbage. Naps are none of it.
 */
import { openSync, readSync } from "node:fs"
import { PerformanceObserver } from "node:perf_hooks"
import { workerData } from "node:worker_threads"
import { MetricsWorker } from "mvx-metrics"
import { Checkpoints } from "../src/internal/fold/checkpoints.ts"
import { FoldStreams } from "../src/internal/fold/foldStreams.ts"
import { WakeUp } from "../src/internal/stream/parking.ts"
import { all } from "./document.metrics.ts"
import type { HoldUsage } from "./holds.ts"
import { cpuNanos } from "./measure.ts"

interface Span {
  readonly from: number
  readonly to: number
}

interface Hold extends Span {
  /** Milliseconds without a processor, which other threads had. */
  readonly waited: number
}

/** Shorter ones are not kept. */
const Least = 0.5

let holds: Array<Hold> = []
let collections: Array<Span> = []

const statistics = process.platform === "linux" ? openSync("/proc/thread-self/schedstat", "r") : undefined
const text = Buffer.alloc(64)

/** Milliseconds for which this thread could have run and had no processor, where the kernel says so. */
const waitedSoFar = (): number =>
  statistics === undefined
    ? 0
    : Number(text.toString("latin1", 0, readSync(statistics, text, 0, text.length, 0)).split(" ")[1]) / 1e6

/** When it came to the last page, or from a nap. */
let since = performance.now()
let waited = waitedSoFar()

const goOn = (isHeld: boolean): void => {
  const now = performance.now()
  const waitedByNow = waitedSoFar()
  if (isHeld && now - since > Least) holds.push({ from: since, to: now, waited: waitedByNow - waited })
  since = now
  waited = waitedByNow
}

const { read } = FoldStreams.prototype
FoldStreams.prototype.read = function (this: FoldStreams, mostPages: number) {
  goOn(this.isReady)
  const progress = read.call(this, mostPages)
  goOn(true)
  return progress
}

const { onPageRead } = Checkpoints.prototype
Checkpoints.prototype.onPageRead = function (this: Checkpoints, page, stream) {
  goOn(true)
  return onPageRead.call(this, page, stream)
}

for (const rest of ["nap", "awake"] as const) {
  const original = WakeUp.prototype[rest] as (...args: ReadonlyArray<unknown>) => void
  WakeUp.prototype[rest] = function (this: WakeUp, ...args: Array<unknown>) {
    original.apply(this, args)
    goOn(false)
  }
}

const collected = (entries: ReadonlyArray<PerformanceEntry>): void => {
  for (const { duration, startTime } of entries) collections.push({ from: startTime, to: startTime + duration })
}
const observer = new PerformanceObserver((list) => collected(list.getEntries()))
observer.observe({ entryTypes: ["gc"] })

const lengthOf = ({ from, to }: Span): number => Math.max(0, to - from)
const longest = (lengths: ReadonlyArray<number>): number => Math.max(0, ...lengths)

const collecting = (hold: Span): number =>
  collections.reduce(
    (sum, { from, to }) => sum + lengthOf({ from: Math.max(from, hold.from), to: Math.min(to, hold.to) }),
    0
  )

workerData.on("message", () => {
  // The last collections are told in a turn of the event loop.
  setTimeout(() => {
    collected(observer.takeRecords())
    const usage: Partial<HoldUsage> = {
      cpuNanos: cpuNanos(),
      holdMillis: longest(holds.map(lengthOf)),
      ownHoldMillis: longest(holds.map((hold) => lengthOf(hold) - hold.waited - collecting(hold))),
      collectionMillis: longest(collections.map(lengthOf))
    }
    holds = []
    collections = []
    workerData.postMessage(usage)
  }, 1)
})
workerData.unref()
MetricsWorker.run(all)
