/** The counts of many ended processes are merged, and no number changes by that. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Metric, type RuntimeService } from "mvx-metrics"
import type { StoreReport } from "mvx-metrics/MetricsStore"
import { Lowest, ShopEvent, ShopMetrics, Sold, sale } from "../cluster/fixtures/shop.metrics.ts"
import { recordLogs } from "../support/logs.ts"
import { dimensions, kinds, namespace, type OpenStore, openStore, readerOf, soldIn } from "./support.ts"

const make = kinds["in process"]!

const events = ShopEvent
const Sizes = Metric.histogram("shop.sizes", { events, when: "shop.sale", value: "pieces", boundaries: [1, 10] })
const Products = Metric.distinct("shop.products", { events, when: "shop.sale", value: "product" })
const OtherSold = Metric.counter("shop.sold", { events, when: "shop.sale", value: "pieces", labels: [] })

/** A process that has sold, and has ended. */
const ended = (store: OpenStore, id: string, pieces: number, metrics: ReadonlyArray<Metric.Any> = []) =>
  Effect.gen(function* () {
    const runtime: RuntimeService = yield* make(store)
    const recorder = yield* runtime.createRecorder(id)
    if (metrics.length === 0) yield* recorder.register(ShopMetrics)
    for (const metric of metrics) yield* recorder.register(metric)
    yield* recorder.emit(sale(pieces, `product ${pieces % 7}`))
  }).pipe(Effect.scoped)

const sourcesIn = (store: OpenStore) =>
  Effect.map(store.service.read({ namespace, known: new Map() }), (sources) => sources.map(({ source }) => source))

const withoutSources = ({ age, at, sources, ...rest }: StoreReport) => rest

describe("ended processes", () => {
  it.effect("are merged from a hundred on, with the same numbers before and after", () =>
    Effect.gen(function* () {
      const store = yield* openStore
      const metrics = [Sold, Sizes, Products]
      const options = { metrics, levels: [] }
      const [reader, other] = [yield* readerOf(store, options), yield* readerOf(store, options)]
      const idle = yield* readerOf(store, { ...options, retires: false })
      for (let i = 0; i <= 100; i++) yield* ended(store, i % 2 === 0 ? "even" : "odd", i, metrics)
      const before = yield* idle.report
      expect(before.sources).toHaveLength(101)
      // Both retire the same sources: one of them does.
      yield* Effect.all([reader.report, other.report], { concurrency: "unbounded" })
      expect(yield* sourcesIn(store)).toEqual([""])
      const after = yield* reader.report
      expect(withoutSources(after)).toEqual(withoutSources(before))
      expect(withoutSources(yield* (yield* readerOf(store, options)).report)).toEqual(withoutSources(before))
      expect(after).toMatchObject({ sources: [], ended: 101 })
      expect(soldIn(after, "even") + soldIn(after, "odd")).toBe(5050)
      yield* ended(store, "even", 1000, metrics)
      expect(soldIn(yield* reader.report, "even")).toBe(soldIn(before, "even") + 1000)
    })
  )

  it.effect("are kept by id for the newest ids, and merged for the others", () =>
    Effect.gen(function* () {
      const store = yield* openStore
      const reader = yield* readerOf(store, { maxEnded: 2 })
      for (let i = 0; i <= 100; i++) yield* ended(store, `shop ${i}`, 1)
      yield* reader.report
      const { others, recorders } = yield* reader.report
      expect(Object.keys(recorders)).toHaveLength(2)
      expect(others).toMatchObject({ recorders: 99, snapshots: { [Sold.name]: { dimensions: { value: 99 } } } })
    })
  )

  it.effect("are not merged by a reader that does not know all of their metrics", () =>
    Effect.gen(function* () {
      const store = yield* openStore
      const reader = yield* readerOf(store, { metrics: [Sold], levels: [] })
      for (let i = 0; i <= 100; i++) yield* ended(store, "shop", 1, [Sold, Sizes])
      yield* reader.report
      expect(yield* sourcesIn(store)).toHaveLength(101)
    })
  )

  it.effect("of another version are named, and what that version merged is kept", () =>
    Effect.gen(function* () {
      const logs = recordLogs()
      const store = yield* openStore
      const old = yield* readerOf(store, { metrics: [OtherSold], levels: [] })
      for (let i = 0; i <= 100; i++) yield* ended(store, "shop", 1, [OtherSold])
      yield* old.report
      const reader = yield* Effect.provide(readerOf(store, { metrics: [Sold], levels: [] }), logs.layer)
      for (let i = 0; i <= 100; i++) yield* ended(store, "shop", 10, [Sold])
      const before = yield* reader.report
      expect(soldIn(before, "shop")).toBe(1010)
      expect(before.leftOut).toEqual([
        { metric: Sold.name, differences: [expect.stringContaining("labels")], processes: [], ended: 1 }
      ])
      const after = yield* reader.report
      expect(after.sources).toEqual([])
      expect(soldIn(after, "shop")).toBe(1010)
      expect(dimensions(yield* old.report, OtherSold, "shop")).toEqual({ value: 101 })
    })
  )

  it.effect("that were silent for long are merged, and are reported when they write again", () =>
    Effect.gen(function* () {
      const logs = recordLogs()
      const store = yield* openStore
      const reader = yield* readerOf(store)
      const runtime = yield* Effect.provide(make(store, { logging: "normal" }), logs.layer)
      const recorder = yield* runtime.createRecorder("shop")
      yield* recorder.register(ShopMetrics)
      yield* recorder.emit(sale(5))
      yield* runtime.flush()
      for (let i = 0; i < 100; i++) yield* ended(store, "shop", 1)
      yield* TestClock.setTime(Date.now() + 20 * 3_600_000)
      expect(soldIn(yield* reader.report, "shop")).toBe(105)
      // It may be the clock of the store that was set.
      expect(yield* sourcesIn(store)).toHaveLength(101)
      yield* TestClock.adjust("4 hours")
      expect(soldIn(yield* reader.report, "shop")).toBe(105)
      expect(yield* sourcesIn(store)).toEqual([""])
      yield* recorder.emit(sale(5))
      expect((yield* Effect.exit(runtime.flush()))._tag).toBe("Failure")
      expect(soldIn(yield* reader.report, "shop")).toBe(105)
    })
  )
})

describe("a process with many removed recorders", () => {
  it.effect("keeps the counts of a thousand by id, and merges the others", () =>
    Effect.gen(function* () {
      const store = yield* openStore
      const reader = yield* readerOf(store, { metrics: [Lowest, Sold], levels: [] })
      const runtime = yield* make(store)
      for (let i = 0; i < 1010; i++) {
        const recorder = yield* runtime.createRecorder(`connection ${i}`)
        yield* recorder.register(Sold)
        yield* recorder.emit(sale(1))
        yield* runtime.stopAndRemoveRecorder(`connection ${i}`)
      }
      yield* runtime.flush()
      const { others, recorders } = yield* reader.report
      const kept = Object.keys(recorders)
      expect(kept).toHaveLength(999)
      expect(others).toMatchObject({ recorders: 11, snapshots: { [Sold.name]: { dimensions: { value: 11 } } } })
    })
  )
})
