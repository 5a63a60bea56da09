/** A report across real processes: the counts of each process are included, and stay included after it is gone. */
import cluster from "node:cluster"
import { gunzipSync } from "node:zlib"
import { describe, expect, it, layer } from "@effect/vitest"
import { Effect, Metric as EffectMetric, Fiber, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import { Metric, MetricsLayer, MetricsRuntime, type Snapshot } from "mvx-metrics"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import { type ClusterOptions, type ClusterReport, MetricsCluster } from "mvx-metrics/MetricsCluster"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import * as Otlp from "mvx-metrics/Otlp"
import * as PromClient from "mvx-metrics/PromClient"
import * as Prometheus from "mvx-metrics/Prometheus"
import { Registry } from "prom-client"
import { answer } from "../../src/internal/exporters/scrape.ts"
import { liveData } from "../../src/internal/live/server/readRuntime.ts"
import { badInputOf } from "../support/badInput.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { decodeFamilies } from "../support/familyDecoder.ts"
import { recordLogs } from "../support/logs.ts"
import { makeSink, pointsOf, type SunkPoint } from "../support/sink.ts"
import type * as shopMetrics from "./fixtures/shop.metrics.ts"
import { Huge, Lowest, ShopEvent, ShopMetrics, Sold, Stock, sale, Unsold } from "./fixtures/shop.metrics.ts"
import { type Shop, Shops, startShop } from "./shops.ts"

/** Copies of the metrics: a module that is loaded twice. */
// @ts-expect-error: a query makes another module of the same file.
const copy: typeof shopMetrics = await import("./fixtures/shop.metrics.ts?2")

const metrics = [ShopMetrics, copy.Sold, Huge, Unsold]
const options: ClusterOptions = { metrics, levels: [copy.Lowest], timeout: "20 seconds" }

const dimensions = <M extends Metric.Any>(report: ClusterReport, metric: M, recorder: string) => {
  const snapshot = report.recorders[recorder]?.snapshots[metric.name]
  return (snapshot as Snapshot.Snapshot<Metric.Dimensions<M>> | undefined)?.dimensions
}

const soldIn = (report: ClusterReport, recorder: string): number => dimensions(report, Sold, recorder)?.value ?? 0

const sold = (recorder: string) => Effect.map(MetricsCluster.report, (report) => soldIn(report, recorder))

/** When this is done, a report has come that was begun after it was called. */
const hasReported = (shop: Shop) => {
  let reports = 0
  return shop.hears((message) => {
    const { _tag } = message as { readonly _tag?: string }
    return _tag === "mvx-metrics/cluster/States" && ++reports === 2 ? true : undefined
  })
}

layer(Shops.layer.pipe(Layer.provideMerge(MetricsCluster.layer(options))))("across processes,", (it) => {
  describe("a report", () => {
    it.effect("has the recorders of all processes merged by id", () =>
      Effect.gen(function* () {
        const { one, other } = yield* Shops
        for (const shop of [one, other]) yield* shop.open("together")
        yield* one.open("alone")
        yield* one.emits("together", sale(1), sale(2, "coffee"))
        yield* other.emits("together", sale(10))
        yield* one.emits("alone", sale(100))
        const report = yield* MetricsCluster.report
        expect(report.recorders.together).toEqual({
          processes: 2,
          stats: expect.objectContaining({ accepted: 3, applied: 3, pending: 0, state: "Running" }),
          snapshots: {
            [Sold.name]: {
              name: Sold.name,
              dimensions: {
                value: 13,
                series: [
                  { labels: { product: "tea" }, value: 11 },
                  { labels: { product: "coffee" }, value: 2 }
                ]
              }
            },
            [Stock.name]: { name: Stock.name, dimensions: { value: null, at: null } },
            [Lowest.name]: { name: Lowest.name, dimensions: { least: Number.MAX_VALUE } }
          }
        })
        expect(report.recorders.alone?.processes).toBe(1)
        expect(soldIn(report, "alone")).toBe(100)
      })
    )

    it.effect("lists the processes and the age of its oldest states", () =>
      Effect.gen(function* () {
        const { one, other } = yield* Shops
        yield* one.open("timed")
        yield* MetricsCluster.report
        yield* TestClock.adjust("5 seconds")
        const report = yield* MetricsCluster.report
        const answered = ({ worker }: Shop) => ({ id: worker.id, pid: worker.process.pid, answered: true, age: 0 })
        expect(report.processes).toEqual([answered(one), answered(other)])
        expect(report).toMatchObject({ at: yield* Effect.clockWith((clock) => clock.currentTimeMillis), age: 0 })
      })
    )

    it.effect("counts a process that does not respond with its last states, and marks it", () =>
      Effect.gen(function* () {
        const { one, other } = yield* Shops
        const impatient = yield* MetricsCluster.make({ ...options, timeout: "200 millis" })
        for (const shop of [one, other]) yield* shop.open("late")
        yield* one.emits("late", sale(3))
        expect(yield* sold("late")).toBe(3)
        yield* TestClock.adjust("5 seconds")
        yield* one.emits("late", sale(4))
        yield* other.emits("late", sale(10))
        one.worker.process.kill("SIGSTOP")
        const report = yield* impatient.report
        one.worker.process.kill("SIGCONT")
        const silent = report.processes.find(({ id }) => id === one.worker.id)
        expect(silent).toEqual({ id: one.worker.id, pid: one.worker.process.pid, answered: false, age: 5000 })
        expect(report.age).toBe(5000)
        // The other one may be slow, but is asked.
        expect([3, 13]).toContain(soldIn(report, "late"))
        expect(yield* sold("late")).toBe(17)
      })
    )
  })

  describe("a process that ends", () => {
    it.effect("keeps its last sent counts when it is killed, but none of its levels", () =>
      Effect.gen(function* () {
        const { other } = yield* Shops
        const shop = yield* startShop()
        for (const each of [shop, other]) yield* each.open("killed")
        yield* shop.emits("killed", { _tag: "shop.stocked", pieces: 5 }, sale(5), sale(6))
        yield* other.emits("killed", { _tag: "shop.stocked", pieces: 30 }, sale(100))
        const shown = (now: ClusterReport) => ({
          processes: now.recorders.killed?.processes,
          sold: dimensions(now, Sold, "killed")?.value,
          stock: dimensions(now, Stock, "killed")?.value,
          lowest: dimensions(now, Lowest, "killed")?.least
        })
        const before = yield* MetricsCluster.report
        expect(shown(before)).toEqual({ processes: 2, sold: 111, stock: 35, lowest: 5 })
        yield* shop.dies
        const report = yield* MetricsCluster.report
        expect(shown(report)).toEqual({ processes: 1, sold: 111, stock: 30, lowest: 30 })
        expect(report.ended).toBe(before.ended + 1)
        expect(report.processes.map(({ id }) => id)).not.toContain(shop.worker.id)
      })
    )

    it.effect("has sent its states at intervals, without being asked", () =>
      Effect.gen(function* () {
        const shop = yield* startShop({ every: 5 })
        yield* shop.open("unasked")
        yield* shop.emits("unasked", sale(7))
        yield* hasReported(shop)
        yield* shop.dies
        expect(yield* sold("unasked")).toBe(7)
      })
    )

    it.effect("has sent its states when its runtime is flushed", () =>
      Effect.gen(function* () {
        const { one } = yield* Shops
        yield* one.open("flushed")
        yield* one.emits("flushed", sale(7))
        const told = yield* Effect.forkChild(
          one.hears((message) => (JSON.stringify(message).includes('"flushed"') ? message : undefined)),
          { startImmediately: true }
        )
        yield* one.flushes
        expect(told.pollUnsafe()).toMatchObject({
          value: { _tag: "mvx-metrics/cluster/States", requests: [], missing: 0 }
        })
      })
    )

    it.effect("sends everything when it ends in an orderly way, wherever its metrics are folded", () =>
      Effect.gen(function* () {
        const shops = yield* Effect.all([startShop(), startShop({ thread: true })], { concurrency: "unbounded" })
        for (const shop of shops) {
          yield* shop.open("orderly")
          yield* shop.emits("orderly", ...Array.from({ length: 1000 }, () => sale(1)))
        }
        for (const shop of shops) yield* shop.ends
        expect(yield* sold("orderly")).toBe(2000)
      })
    )

    it.effect("is counted exactly after it restarts, and no read ever goes backwards", () =>
      Effect.gen(function* () {
        const { one } = yield* Shops
        yield* one.open("restarted")
        const reads: Array<number> = []
        const reading = yield* Effect.forkChild(
          Effect.forever(Effect.map(sold("restarted"), (total) => void reads.push(total)))
        )
        for (const [pieces, end] of [
          [1, "dies"],
          [20, "ends"]
        ] as const) {
          const shop = yield* startShop()
          yield* shop.open("restarted")
          yield* shop.emits("restarted", sale(pieces), sale(300))
          yield* one.emits("restarted", sale(4000))
          const before = yield* sold("restarted")
          yield* shop[end]
          expect(yield* sold("restarted")).toBe(before)
        }
        yield* Fiber.interrupt(reading)
        expect(yield* sold("restarted")).toBe(1 + 20 + 2 * 300 + 2 * 4000)
        expect(reads.length).toBeGreaterThan(4)
        expect(reads).toEqual(reads.toSorted((left, right) => left - right))
      })
    )
  })

  describe("a recorder that is removed", () => {
    it.effect("keeps its counts, also when another one is created under its id", () =>
      Effect.gen(function* () {
        const { one, other } = yield* Shops
        for (const pieces of [1, 10, 100]) {
          for (const shop of [one, other]) {
            yield* shop.open("taken away")
            yield* shop.emits("taken away", sale(pieces))
            yield* shop.closes("taken away")
          }
        }
        expect(yield* sold("taken away")).toBe(222)
        yield* one.open("taken away")
        yield* one.emits("taken away", sale(1000))
        expect(yield* sold("taken away")).toBe(1222)
      })
    )

    it.effect("is merged into others when more ids have gone than are kept", () =>
      Effect.gen(function* () {
        const { one } = yield* Shops
        const forgetful = yield* MetricsCluster.make({ ...options, maxEnded: 2 })
        for (const id of ["a", "b", "c", "d"]) {
          yield* one.open(id)
          yield* one.emits(id, sale(1))
          yield* one.closes(id)
        }
        // Whoever was not there when the process began hears of it with its next report.
        yield* MetricsCluster.report
        const { others, recorders } = yield* forgetful.report
        expect(["a", "b", "c", "d"].filter((id) => Object.hasOwn(recorders, id))).toEqual(["c", "d"])
        expect(others).toMatchObject({
          recorders: 2,
          snapshots: { [Sold.name]: { dimensions: { value: 2 } } },
          stats: { accepted: 2, applied: 2 }
        })
        const text = yield* Prometheus.render().pipe(Effect.provideService(MetricsRuntime, forgetful.runtime))
        expect(text).toContain('shop_sold_total{recorder="others",namespace="cluster",product="tea"} 2\n')
      })
    )
  })

  describe("the channel", () => {
    it.effect(
      "may carry other messages: foreign ones are left alone, malformed ones of the library are ignored and logged",
      () => {
        const logs = recordLogs()
        return Effect.gen(function* () {
          const { one } = yield* Shops
          const listening = yield* MetricsCluster.make(options)
          yield* one.open("talkative")
          yield* one.emits("talkative", sale(1))
          yield* one.says(
            null,
            "States",
            { _tag: "States", parts: [] },
            { _tag: "mvx-metrics/cluster/States", parts: [] },
            { _tag: "mvx-metrics/cluster/Other" }
          )
          yield* sold("talkative")
          expect(soldIn(yield* listening.report, "talkative")).toBe(1)
          const warning = `a malformed report of the process ${one.worker.process.pid} is ignored`
          expect(logs.lines.filter(({ level }) => level === "Warn").map(({ text }) => text)).toEqual([warning, warning])
        }).pipe(Effect.provide(logs.layer))
      }
    )

    it.effect("may bring metrics that the primary lacks, which are left out and logged once", () => {
      const logs = recordLogs()
      return Effect.gen(function* () {
        const { one } = yield* Shops
        const listening = yield* MetricsCluster.make({ metrics: [Sold] })
        yield* one.open("unknown")
        yield* one.emits("unknown", sale(2))
        for (let read = 0; read < 2; read++) {
          yield* MetricsCluster.report
          const { recorders } = yield* listening.report
          expect(Object.keys(recorders.unknown?.snapshots ?? {})).toEqual([Sold.name])
        }
        const unknown = logs.lines.filter(({ text }) => text.includes(`the metric "${Stock.name}"`))
        expect(unknown.map(({ level }) => level)).toEqual(["Warn"])
      }).pipe(Effect.provide(logs.layer))
    })

    it.effect(
      "may bring states of another version of a metric, which are excluded from every total, named, and logged once",
      () => {
        const logs = recordLogs()
        return Effect.gen(function* () {
          const { one } = yield* Shops
          const Older = Metric.counter(Sold.name, { events: ShopEvent, when: "shop.sale", value: "pieces" })
          const listening = yield* MetricsCluster.make({ metrics: [Older, Stock] })
          yield* one.open("older")
          yield* one.emits("older", sale(2), { _tag: "shop.stocked", pieces: 5 })
          for (let read = 0; read < 2; read++) {
            yield* MetricsCluster.report
            const { leftOut, recorders } = yield* listening.report
            expect(Object.keys(recorders.older?.snapshots ?? {})).toEqual([Stock.name])
            const processes = expect.arrayContaining([one.worker.id])
            const differences = ['labels ["product"] instead of []']
            expect(leftOut).toMatchObject([{ metric: Sold.name, differences, processes }])
          }
          const named = logs.lines.filter(({ text }) => text.includes(`defines the metric "${Sold.name}" differently`))
          expect(named.map(({ level }) => level)).toEqual(["Warn"])
        }).pipe(Effect.provide(logs.layer))
      }
    )

    it.effect("carries the states that can be sent if another one cannot", () =>
      Effect.gen(function* () {
        const { one } = yield* Shops
        yield* one.open("huge", true)
        yield* one.emits("huge", sale(2))
        const report = yield* MetricsCluster.report
        expect([soldIn(report, "huge"), dimensions(report, Huge, "huge")]).toEqual([2, undefined])
        yield* one.closes("huge")
        expect(yield* sold("huge")).toBe(2)
      })
    )
  })

  describe("the runtime of the primary", () => {
    const withRuntime = Effect.provide(MetricsCluster.layerRuntime)
    const open = (recorder: string) =>
      Effect.gen(function* () {
        const { one, other } = yield* Shops
        for (const shop of [one, other]) {
          yield* shop.open(recorder)
          yield* shop.emits(recorder, sale(1))
        }
      })
    const labelsOf = (recorder: string) => `{recorder="${recorder}",namespace="cluster"`

    it.effect("is scraped in each format, with the accounting of all processes", () =>
      Effect.gen(function* () {
        yield* open("scraped")
        const labels = labelsOf("scraped")
        const text = yield* Prometheus.render()
        expect(text).toContain(`shop_sold_total${labels},product="tea"} 2\n`)
        expect(text).toContain(`mvx_metrics_events_accepted_total${labels}} 2\n`)
        expect(text).not.toContain("mvx_metrics_memory")
        expect(text).toContain('mvx_metrics_cluster_processes{namespace="cluster"} 2\n')
        expect(text).toContain('mvx_metrics_cluster_processes_silent{namespace="cluster"} 0\n')
        expect(text).toMatch(/mvx_metrics_cluster_processes_ended_total\{namespace="cluster"\} \d+\n/)
        expect(text).toContain('mvx_metrics_cluster_age_seconds{namespace="cluster"} 0\n')
        const families = parseExposition(yield* Prometheus.render("openmetrics"), "openmetrics")
        expect(families.get("shop_sold")?.type).toBe("counter")
        const { body } = yield* answer(
          yield* MetricsRuntime,
          { method: "GET", url: "/metrics", accept: "application/openmetrics-text", acceptEncoding: "gzip" },
          {}
        )
        expect(parseExposition(gunzipSync(Buffer.concat(body)).toString(), "openmetrics").has("shop_sold")).toBe(true)
        const decoded = decodeFamilies(yield* Prometheus.render("protobuf"))
        expect([...decoded.keys()]).toContain("shop_sold_total")
        for (const shop of Object.values(yield* Shops)) yield* shop.closes("scraped")
        // What removed recorders have counted stays.
        expect(yield* Prometheus.render()).toContain(`mvx_metrics_events_accepted_total${labels}} 2\n`)
      }).pipe(withRuntime)
    )

    it.effect("is exported by OTLP and by a producer, as totals since the primary began", () =>
      Effect.gen(function* () {
        const recorder = "exported"
        yield* open(recorder)
        const sink = yield* makeSink()
        const runtime = yield* MetricsRuntime
        const exporter = Otlp.layer({ url: sink.url, exportInterval: "1 hour" }).pipe(
          Layer.provide(FetchHttpClient.layer)
        )
        const sunk = yield* Effect.gen(function* () {
          yield* runtime.flush()
          return yield* sink.next
        }).pipe(Effect.provide(exporter))
        const value = (points: ReadonlyArray<SunkPoint>) =>
          points
            .filter(({ attributes }) => JSON.stringify(attributes).includes(recorder))
            .map(({ asDouble }) => asDouble)
        expect(value(pointsOf(sunk, Sold.name))).toEqual([2])

        const { resourceMetrics } = yield* Effect.promise(() => OpenTelemetry.producer(runtime).collect())
        const sold = resourceMetrics.scopeMetrics[0]!.metrics.find(({ descriptor }) => descriptor.name === Sold.name)!
        expect(sold.dataPoints.find(({ attributes }) => attributes.recorder === recorder)).toMatchObject({
          startTime: [0, 0],
          value: 2
        })
      }).pipe(withRuntime)
    )

    it.effect("is on the live page, in a prom-client registry and in Effect's registry", () =>
      Effect.gen(function* () {
        const recorder = "shown"
        yield* open(recorder)
        const runtime = yield* MetricsRuntime
        const { recorders } = yield* liveData(runtime, { maxRecorders: 1000, maxSeries: 1 })
        expect(recorders.find(({ recorderId }) => recorderId === recorder)).toMatchObject({
          stats: { accepted: 2, state: "Running" },
          metrics: [{ name: Sold.name, seriesCount: 1 }, { name: Stock.name }, { name: Lowest.name }]
        })
        const registry = new Registry()
        PromClient.registerInto(registry, runtime)
        expect(yield* Effect.promise(() => registry.metrics())).toContain(
          `shop_sold_total${labelsOf(recorder)},product="tea"} 2\n`
        )
        const shown = yield* Effect.andThen(EffectMetrics.refresh, EffectMetric.snapshot).pipe(
          Effect.provide(EffectMetrics.layer()),
          Effect.provideService(EffectMetric.MetricRegistry, new Map())
        )
        const ours = shown.filter(({ attributes, id }) => id === Sold.name && attributes?.recorder === recorder)
        expect(ours.map(({ state }) => state)).toEqual([{ count: 2, incremental: true }])
      }).pipe(withRuntime)
    )

    it.effect("keeps the events that a killed process had accepted", () =>
      Effect.gen(function* () {
        const shop = yield* startShop()
        yield* shop.open("mourned")
        yield* shop.emits("mourned", sale(5), sale(6))
        const accepted = Effect.map(Prometheus.render(), (text) =>
          text.split("\n").find((line) => line.startsWith('mvx_metrics_events_accepted_total{recorder="mourned"'))
        )
        const before = yield* accepted
        expect(before).toMatch(/ 2$/)
        yield* shop.dies
        expect(yield* accepted).toBe(before)
      }).pipe(withRuntime)
    )

    it.effect("has no recorders of its own", () =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        expect(yield* runtime.state).toBe("Running")
        expect(yield* runtime.recorderIds).toEqual([])
        expect(yield* Effect.flip(runtime.createRecorder("mine"))).toMatchObject({
          message:
            'cluster "cluster" is the merged metrics of other processes: cannot make a recorder. Make recorders in a runtime of MetricsLayer'
        })
        expect(yield* Effect.flip(runtime.getRecorder("exported"))).toMatchObject({
          _tag: "mvx-metrics/RecorderNotFound"
        })
      }).pipe(withRuntime)
    )
  })

  it.effect("a worker process cannot be the primary, and the error names the API for workers", () =>
    Effect.gen(function* () {
      const { one } = yield* Shops
      expect(yield* one.triesToBeThePrimary).toMatchObject({
        _tag: "mvx-metrics/InvalidState",
        subject: "cluster",
        hint: expect.stringContaining("MetricsCluster.layerWorker")
      })
    })
  )
})

describe("MetricsCluster.make", () => {
  const Apart = Metric.make("shop.apart", { events: ShopEvent, initial: 0, reduce: { "shop.sale": (n) => n + 1 } })
  const OtherSold = Metric.counter(Sold.name, { events: ShopEvent })

  it.effect.each<readonly [string, unknown, string, string]>([
    ["no options", undefined, "options", "must be an object"],
    ["no metrics", {}, "metrics", "at least one"],
    ["an empty list", { metrics: [] }, "metrics", "at least one"],
    ["an invalid metric", { metrics: [Sold, {}] }, "metrics", "must be an array of metrics"],
    ["two metrics with one name", { metrics: [Sold, OtherSold] }, "metrics", Sold.name],
    ["a metric without merge", { metrics: [Apart] }, "metrics", "shop.apart"],
    ["an invalid timeout", { metrics, timeout: "soon" }, "timeout", "duration"],
    ["an unknown option", { metrics, every: 1 }, "every", "is not an option"]
  ])("rejects %s", ([_what, options, argument, reason]) =>
    Effect.gen(function* () {
      const error = yield* badInputOf(Effect.scoped(MetricsCluster.make(options as ClusterOptions)))
      expect(error).toMatchObject({ argument, reason: expect.stringContaining(reason) })
    })
  )

  it.effect("returns an empty report if there is no process", () =>
    Effect.gen(function* () {
      const { report } = yield* MetricsCluster.make(options)
      expect(yield* report).toEqual({ at: 0, recorders: {}, processes: [], ended: 0, age: 0 })
    })
  )
})

describe("MetricsCluster.layerWorker", () => {
  const runtime = MetricsLayer.layerInProcess({ namespace: "alone", logging: "silent" })

  it.effect("does nothing outside a cluster", () =>
    Effect.void.pipe(Effect.provide(MetricsCluster.layerWorker().pipe(Layer.provide(runtime))))
  )

  it.effect("rejects a runtime with durable state in a worker process", () =>
    Effect.gen(function* () {
      const durable = { store: KeyValueStore.layerMemory }
      const runtime = MetricsLayer.layerInProcess({ namespace: "lasting", logging: "silent", durable })
      const built = Layer.build(MetricsCluster.layerWorker().pipe(Layer.provide(runtime)))
      yield* Effect.scoped(built)
      const inWorker = Effect.acquireUseRelease(
        Effect.sync(() => void Object.assign(cluster, { isWorker: true })),
        () => Effect.flip(Effect.scoped(built)),
        () => Effect.sync(() => void Object.assign(cluster, { isWorker: false }))
      )
      const error = yield* inWorker
      expect(error).toMatchObject({ _tag: "mvx-metrics/InvalidState", subject: "runtime", id: "lasting" })
      expect((error as Error).message).toContain("Leave out durable in worker processes")
    })
  )

  it.effect("rejects an invalid duration", () =>
    Effect.gen(function* () {
      const layer = MetricsCluster.layerWorker({ every: "often" as never }).pipe(Layer.provide(runtime))
      expect(yield* badInputOf(Effect.scoped(Layer.build(layer)))).toMatchObject({ argument: "every" })
    })
  )
})
