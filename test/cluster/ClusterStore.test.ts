// The primary of a cluster writes to a store what its processes have counted, as any runtime does.
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import { MetricsCluster } from "mvx-metrics/MetricsCluster"
import { MetricsStoreError } from "mvx-metrics/MetricsError"
import { MetricsStore, StateStore, type StateStoreService, type StoreReport } from "mvx-metrics/MetricsStore"
import { makeMemory } from "../../src/internal/store/memory.ts"
import { Lowest, ShopMetrics, Sold, Stock, sale } from "./fixtures/shop.metrics.ts"
import { startShop } from "./shops.ts"

const namespace = "test.cluster.store"
const options = { metrics: [ShopMetrics], levels: [Lowest], timeout: "20 seconds", namespace } as const

/** A store that a test has fail, and whose writes it looks into. */
const openStore = () => {
  let memory = makeMemory()
  const writes: Array<Parameters<StateStoreService["write"]>[0]> = []
  const control = { failure: undefined as string | undefined }
  const service: StateStoreService = {
    place: "test",
    write: (write) =>
      Effect.suspend(() => {
        const { failure } = control
        if (failure !== undefined) {
          return Effect.fail(new MetricsStoreError({ store: "test", operation: "write", reason: failure }))
        }
        writes.push(write)
        return memory.write(write)
      }),
    read: (read) => memory.read(read),
    retire: (retired) => memory.retire(retired),
    forget: (namespace, olderThan) => memory.forget(namespace, olderThan)
  }
  const lose = (): void => {
    memory = makeMemory()
  }
  return { control, lose, writes, store: Layer.succeed(StateStore, service) }
}

/** What runs in the primary, until its scope is closed. */
const primary = Effect.fnUntraced(function* (store: Layer.Layer<StateStore>) {
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer((exit) => Scope.close(scope, exit))
  const cluster = yield* Scope.provide(MetricsCluster.make(options), scope)
  const runtime = Layer.succeed(MetricsRuntime, cluster.runtime)
  const write = Layer.build(MetricsStore.layer({ store, every: "1 hour" }).pipe(Layer.provide(runtime)))
  yield* Scope.provide(write, scope)
  return { ...cluster, write: Scope.provide(write, scope), close: Scope.close(scope, Exit.void) }
})

const readerOf = (store: Layer.Layer<StateStore>) =>
  MetricsStore.makeReader({ store, namespace, metrics: [ShopMetrics], levels: [Lowest] })

const shown = ({ recorders }: Pick<StoreReport, "recorders">) =>
  Object.fromEntries(
    Object.entries(recorders).map(([id, { snapshots, stats }]) => [
      id,
      [Sold, Stock, Lowest].map(({ name }) => snapshots[name]?.dimensions).concat({ accepted: stats.accepted } as never)
    ])
  )

it.effect(
  "the primary of a cluster writes one source with what all of its processes have counted, and what was kept of ended ones",
  () =>
    Effect.gen(function* () {
      const { store, writes } = openStore()
      const host = yield* primary(store)
      const reader = yield* readerOf(store)
      const shops = [yield* startShop(), yield* startShop()]
      for (const shop of shops) yield* shop.open("tea")
      yield* shops[0]!.open("coffee")
      yield* shops[0]!.emits("tea", sale(1), sale(2, "green"))
      yield* shops[1]!.emits("tea", sale(10))
      yield* shops[0]!.emits("coffee", sale(100))
      yield* host.runtime.flush()
      const both = yield* reader.report
      expect(shown(both)).toEqual(shown(yield* host.report))
      expect(both.recorders.tea).toMatchObject({ stats: { accepted: 3, applied: 3 } })
      expect(both.sources).toHaveLength(1)
      expect(yield* host.runtime.stats).toMatchObject({ store: { unsaved: 0, failures: 0, failure: undefined } })
      // One is gone: its counts stay, its levels do not.
      yield* shops[0]!.closes("coffee")
      yield* shops[0]!.ends
      yield* host.runtime.flush()
      const one = yield* reader.report
      expect(shown(one)).toEqual(shown(yield* host.report))
      expect(one.recorders.tea!.snapshots[Sold.name]!.dimensions).toMatchObject({ value: 13 })
      // Another host, or a process without a cluster.
      const other = MetricsStore.layer({ store, every: "1 hour" }).pipe(
        Layer.provideMerge(Recorder.layer("tea")),
        Layer.provideMerge(MetricsLayer.layerInProcess({ namespace }))
      )
      yield* Effect.gen(function* () {
        const { emit } = yield* Recorder.register(ShopMetrics)
        yield* emit(sale(1000))
      }).pipe(Effect.provide(other))
      const sold = (report: StoreReport) => report.recorders.tea!.snapshots[Sold.name]!.dimensions
      expect(sold(yield* reader.report)).toMatchObject({ value: 1013 })
      yield* shops[1]!.emits("tea", sale(5))
      // With it ends the source.
      yield* host.close
      expect(writes.at(-1)).toMatchObject({ hasEnded: true })
      const last = yield* reader.report
      expect(sold(last)).toMatchObject({ value: 1018 })
      expect(last.recorders.coffee!.snapshots[Sold.name]!.dimensions).toMatchObject({ value: 100 })
      expect(last.sources.filter(({ state }) => state === "running")).toEqual([])
    })
)

it.effect("the primary of a cluster writes what has changed, and everything where the store has lost it", () =>
  Effect.gen(function* () {
    const { control, lose, store, writes } = openStore()
    const host = yield* primary(store)
    const reader = yield* readerOf(store)
    const shop = yield* startShop()
    yield* shop.open("one")
    yield* shop.open("two")
    yield* shop.emits("one", sale(1))
    yield* host.runtime.flush()
    yield* shop.emits("two", sale(2))
    yield* host.runtime.flush()
    expect([...writes.at(-1)!.entries.keys()]).toEqual(["+two"])
    const before = writes.length
    yield* host.runtime.flush()
    expect(writes).toHaveLength(before)
    control.failure = "no server"
    yield* shop.emits("one", sale(4))
    const failed = yield* Effect.flip(host.runtime.flush())
    expect(failed.message).toContain("no server")
    expect(yield* host.runtime.stats).toMatchObject({ store: { unsaved: 1, failures: 1 } })
    control.failure = undefined
    lose()
    yield* host.runtime.flush()
    expect(shown(yield* reader.report)).toEqual(shown(yield* host.report))
    expect(yield* host.runtime.stats).toMatchObject({ store: { unsaved: 0, failures: 1, failure: undefined } })
  })
)

it.effect("the primary of a cluster writes to one store", () =>
  Effect.gen(function* () {
    const { store } = openStore()
    const host = yield* primary(store)
    yield* host.write
    const module = MetricsStore.module(new URL("../store/fixtures/odd/layers.ts", import.meta.url), "another")
    const again = MetricsStore.layer({ store: module }).pipe(Layer.provide(Layer.succeed(MetricsRuntime, host.runtime)))
    const error = yield* Effect.flip(Effect.scoped(Layer.build(again)))
    expect(error.message).toContain("the runtime writes to the store of the application, and to one only")
  })
)
