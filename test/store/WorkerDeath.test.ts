/** A dead worker is replaced by one that continues as the same source. */
import { Worker } from "node:worker_threads"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { RuntimeService } from "mvx-metrics"
import { ShopMetrics, sale } from "../cluster/fixtures/shop.metrics.ts"
import { kinds, openStore, readerOf, soldIn } from "./support.ts"

const make = kinds["on the worker"]!

const recorderOf = Effect.fnUntraced(function* (runtime: RuntimeService, id: string) {
  const recorder = yield* runtime.createRecorder(id)
  yield* recorder.register(ShopMetrics)
  return recorder
})

it.live("a store counts each event once, including those of removed recorders, however often its worker dies", () =>
  Effect.gen(function* () {
    const store = yield* openStore
    const reader = yield* readerOf(store)
    const workers: Array<Worker> = []
    const spawn = (): Worker => {
      const worker = new Worker(new URL("./fixtures/shop.worker.ts", import.meta.url))
      workers.push(worker)
      return worker
    }
    const runtime = yield* make(store, { metrics: undefined, spawn } as never)
    const shop = yield* recorderOf(runtime, "shop")
    let total = 0
    for (const pieces of [1, 10, 100]) {
      yield* shop.emit(sale(pieces))
      const gone = yield* recorderOf(runtime, "gone")
      yield* gone.emit(sale(pieces))
      yield* runtime.stopAndRemoveRecorder("gone")
      // So many commands make a checkpoint due, and those before it are not read again.
      yield* Effect.all(
        Array.from({ length: 1100 }, () => shop.snapshots),
        { concurrency: "unbounded" }
      )
      if (pieces !== 10) yield* runtime.flush()
      total += pieces
      yield* Effect.promise(() => workers.at(-1)!.terminate())
      yield* shop.emit(sale(1000))
      total += 1000
      yield* runtime.flush()
      const report = yield* reader.report
      expect([soldIn(report, "shop"), soldIn(report, "gone")]).toEqual([total, total - 1000 * Math.log10(pieces * 10)])
      expect(report.recorders.shop!.stats).toMatchObject({ accepted: 2 * workers.length - 2, pending: 0 })
      expect(report.sources).toHaveLength(1)
    }
    expect(workers).toHaveLength(4)
    expect(new Set(store.writes.map(({ epoch }) => epoch))).toEqual(new Set([1, 2, 3, 4]))
  })
)
