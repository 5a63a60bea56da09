/** A process with durable state that is killed: it reports the restored state, and then counts until it is killed. */
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import * as Clock from "effect/Clock"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schedule from "effect/Schedule"
import type { MetricsError } from "mvx-metrics"
import { type MetricsRecorder, MetricsRuntime } from "mvx-metrics/promise"
import type { Snapshots } from "mvx-metrics/Snapshot"
import { clockOf } from "../../src/internal/util/fixedTime.ts"
import { type DiskOptions, failingDisk } from "./disk.ts"
import { all, loadEvent, Sequence } from "./load.metrics.ts"
import { pause } from "./loaded.ts"
import { Random } from "./random.ts"

export const ids = ["a", "b"] as const
export type Id = (typeof ids)[number]
export type Counts = { readonly [I in Id]: number }

/** Those that go on: a gauge begins anew. */
export const lasting = all.filter(({ name }) => name !== "load.latest")

export interface LifeOptions {
  readonly namespace: string
  readonly inProcess: boolean
  readonly now: number
  readonly disk: DiskOptions
}

export type FromLife =
  | { readonly _tag: "Refused"; readonly problem: string; readonly message: string }
  | { readonly _tag: "Found"; readonly snapshots: { readonly [I in Id]: Snapshots } }
  /** Before it emits: a recorder will have accepted so many at most. */
  | { readonly _tag: "Emits"; readonly id: Id; readonly to: number }
  | { readonly _tag: "Flushed"; readonly counts: Counts }
  /** The worker, before it does. */
  | { readonly _tag: "Terminates" }
  | { readonly _tag: "Wrong"; readonly text: string }

/** Done when it is on its way, whatever becomes of this process. */
const say = (message: FromLife): Promise<void> => new Promise((resolve) => process.send!(message, () => resolve()))

const live = async ({ disk, inProcess, namespace, now }: LifeOptions): Promise<void> => {
  const random = new Random(disk.seed)
  const workers: Array<Worker> = []
  const spawn = (): Worker => {
    const worker = new Worker(new URL("./life.worker.ts", import.meta.url), {
      workerData: { ...disk, seed: disk.seed + workers.length }
    })
    workers.push(worker)
    return worker
  }
  if (inProcess) failingDisk(disk)
  const own = {
    namespace,
    logging: "silent",
    durable: { directory: disk.directory, interval: "3 millis" },
    runtime: ManagedRuntime.make(
      Layer.succeed(
        Clock.Clock,
        clockOf(() => now)
      )
    )
  } as const
  const onWorker = { spawn, restart: Schedule.spaced("1 millis") } as const
  const runtime = await MetricsRuntime.start(inProcess ? { ...own, inProcess } : { ...own, ...onWorker })
  const create = async (id: Id): Promise<MetricsRecorder> => {
    const recorder = await runtime.createRecorder(id)
    for (const metric of lasting) await recorder.registerMetric(metric)
    return recorder
  }
  const recorders = { a: await create("a"), b: await create("b") }
  const snapshots = { a: await recorders.a.getMetricSnapshots(), b: await recorders.b.getMetricSnapshots() }
  const counts = { a: countIn(snapshots.a), b: countIn(snapshots.b) }
  await say({ _tag: "Found", snapshots })
  for (;;) {
    for (const id of ids) {
      const to = counts[id] + random.upTo(2000)
      await say({ _tag: "Emits", id, to })
      while (counts[id] < to) {
        if (recorders[id].registerEvent(loadEvent(counts[id] + 1))) counts[id]++
        else await pause(1)
      }
    }
    if (random.isOneIn(3)) {
      const flushed = { ...counts }
      const error = await runtime.flush().then(
        () => undefined,
        (failure: unknown) => failure
      )
      if (error === undefined) await say({ _tag: "Flushed", counts: flushed })
      else if (!disk.runsFull) await say({ _tag: "Wrong", text: `a flush failed: ${error}` })
    }
    if (random.isOneIn(5)) {
      await runtime.stopAndRemoveRecorder("b")
      if (random.isOneIn(2)) await pause(random.upTo(10))
      recorders.b = await create("b")
    }
    if (!inProcess && random.isOneIn(8)) {
      await say({ _tag: "Terminates" })
      void workers.at(-1)!.terminate()
    }
    await pause(random.upTo(3))
  }
}

export const countIn = (snapshots: Snapshots): number =>
  (snapshots[Sequence.name]!.dimensions as { readonly count: number }).count

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  live(JSON.parse(process.argv[2]!)).catch(async (error: MetricsError.DurableStateError | Error) => {
    const { message } = error
    await say(
      "problem" in error ? { _tag: "Refused", problem: error.problem, message } : { _tag: "Wrong", text: message }
    )
    process.exit(1)
  })
}
