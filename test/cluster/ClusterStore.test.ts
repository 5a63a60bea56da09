// The primary of a cluster writes the counts of its processes to a store, as any runtime does.
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { MetricsLayer, MetricsRuntime, Recorder } from "mvx-metrics"
import { MetricsCluster } from "mvx-metrics/MetricsCluster"
import { MetricsStoreError } from "mvx-metrics/MetricsError"
import { MetricsStore, StateStore, type StateStoreService, type StoreReport } from "mvx-metrics/MetricsStore"
import { makeMemory } from "../../src/internal/store/memory.ts"
import { simulatingOutside } from "../streams/support/processes.ts"
import { recordLogs } from "../support/logs.ts"
import { Lowest, ShopMetrics, Sold, Stock, sale } from "./fixtures/shop.metrics.ts"
import { startShop } from "./shops.ts"

const namespace = "test.cluster.store"
const options = { metrics: [ShopMetrics], levels: [Lowest], timeout: "20 seconds", namespace } as const

/** A store that a test has fail, and whose writes it looks into. */
const openStore = () => {
  let memory = makeMemory()
  const writes: Array<Parameters<StateStoreService["write"]>[0]> = []
  const control = {
    failure: undefined as string | undefined,
    answer: undefined as ReturnType<StateStoreService["write"]> | undefined
  }
  const service: StateStoreService = {
    place: "test",
    write: (write) =>
      Effect.suspend(() => {
        const { answer, failure } = control
        if (failure !== undefined) {
          return Effect.fail(new MetricsStoreError({ store: "test", operation: "write", reason: failure }))
        }
        writes.push(write)
        if (answer !== undefined) return answer
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

/** Whatever can go on has done so, except for a wait. */
const settled = Effect.repeat(Effect.yieldNow, { times: 50 })

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
  "the primary of a cluster writes one source with the counts of all its processes, including retained ones of ended processes",
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

it.effect("the primary of a cluster writes changes, and everything if the store has lost it", () =>
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

it.effect("the primary of a cluster writes to a single store", () =>
  Effect.gen(function* () {
    const { store } = openStore()
    const host = yield* primary(store)
    yield* host.write
    const module = MetricsStore.module(new URL("../store/fixtures/odd/layers.ts", import.meta.url), "another")
    const again = MetricsStore.layer({ store: module }).pipe(Layer.provide(Layer.succeed(MetricsRuntime, host.runtime)))
    const error = yield* Effect.flip(Effect.scoped(Layer.build(again)))
    expect(error.message).toContain(
      "the runtime already writes to the store of the application, and can write to only one"
    )
  })
)

it.effect.each<readonly [string, ReturnType<StateStoreService["write"]>, string]>([
  ["reports that it lacks a part of a complete write", Effect.succeed("incomplete"), "a write of everything"],
  ["is interrupted", Effect.interrupt, "it was interrupted"]
])("the primary of a cluster counts the failure of a store that %s, and retries later", ([_, answer, reason]) => {
  const { layer, lines } = recordLogs()
  const problems = () => lines.filter(({ level }) => level === "Warn" || level === "Error").map(({ text }) => text)
  return Effect.gen(function* () {
    const { control, store, writes } = openStore()
    control.answer = answer
    const host = yield* primary(store)
    yield* settled
    expect(writes).toHaveLength(1)
    const { store: stats } = yield* host.runtime.stats
    expect(stats).toMatchObject({ failures: 1, failure: expect.stringContaining(reason) })
    expect(problems()).toEqual([expect.stringMatching(`could not be written to .*${reason}.* The next write retries`)])
    yield* TestClock.adjust("1 hour")
    yield* settled
    expect(writes).toHaveLength(2)
    control.answer = undefined
    yield* TestClock.adjust("1 hour")
    yield* settled
    expect(writes).toHaveLength(3)
    expect(yield* host.runtime.stats).toMatchObject({ store: { failures: 2, failure: undefined } })
    control.answer = Effect.interrupt
    yield* host.close
    expect(problems().slice(1)).toEqual([
      expect.stringMatching("^the counts were not written at shutdown: .*it was interrupted")
    ])
  }).pipe(simulatingOutside, Effect.provide(layer), Effect.scoped)
})

it.effect("the primary of a cluster logs at the end what it could not write", () => {
  const { layer, lines } = recordLogs()
  return Effect.gen(function* () {
    const { control, store, writes } = openStore()
    const host = yield* primary(store)
    yield* settled
    control.answer = Effect.never
    const closing = yield* Effect.forkChild(host.close)
    yield* settled
    expect(writes.at(-1)).toMatchObject({ hasEnded: true })
    yield* TestClock.adjust("10 seconds")
    yield* Fiber.join(closing)
    expect(lines.filter(({ level }) => level === "Error").map(({ text }) => text)).toEqual([
      "the counts were not written at shutdown: it did not end within 10s"
    ])
  }).pipe(simulatingOutside, Effect.provide(layer), Effect.scoped)
})

it.effect("the primary of a cluster writes at the end its last state of processes that do not respond", () =>
  Effect.gen(function* () {
    const { store, writes } = openStore()
    const host = yield* primary(store)
    yield* settled
    const shop = yield* startShop()
    // A source that has never answered.
    const mute = { _tag: "mvx-metrics/cluster/States", source: 9, requests: [], parts: [], missing: 0 }
    yield* shop.says(mute)
    yield* shop.open("tea")
    yield* shop.emits("tea", sale(3))
    yield* shop.flushes
    const closing = yield* Effect.forkChild(host.close)
    yield* settled
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.join(closing)
    expect(writes.at(-1)).toMatchObject({ hasEnded: true })
    expect([...writes.at(-1)!.entries.keys()]).toContain("+tea")
  }).pipe(simulatingOutside, Effect.scoped)
)
