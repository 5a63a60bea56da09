// What durable state keeps and omits, and how a program learns of it.
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Schema } from "effect"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import { type DurableOptions, Metric, MetricsRuntime, type RecorderService, type RuntimeService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { collectData } from "../../src/internal/exporters/collect.ts"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { textOf } from "../support/exposition.ts"
import { type LogLine, recordLogs } from "../support/logs.ts"
import { Count, Last, Level, Millis, WorkEvent, work } from "./fixtures/durable.metrics.ts"
import { durableWorkers, inRuntime, namespace, openStore, recorderOf } from "./support.ts"

const shownOf = (recorder: RecorderService, metric: Metric.Any) =>
  Effect.map(recorder.snapshots, (snapshots) => snapshots[metric.name]!.dimensions)

const warningsIn = (lines: ReadonlyArray<LogLine>): ReadonlyArray<string> =>
  lines.flatMap(({ level, text }) => (level === "Warn" && text.includes("durable state") ? [text] : []))

describe("durable state", () => {
  it.effect("is not written if nothing has changed", () =>
    Effect.gen(function* () {
      const { store, writes } = openStore()
      yield* inRuntime({ store }, (runtime) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime)
          yield* recorder.emit(work(1))
          yield* runtime.flush()
          expect(writes()).toBe(1)
          yield* recorder.snapshots
          yield* recorder.emit({ _tag: "nobody.reads" })
          yield* runtime.flush()
          expect(writes()).toBe(1)
          expect((yield* runtime.stats).durable).toMatchObject({ unsaved: 0 })
        })
      )
    })
  )

  it.effect("may be large: it is collected and assembled part by part", () =>
    Effect.gen(function* () {
      const { store, values } = openStore()
      const Large = Metric.histogram("durable.large", {
        events: WorkEvent,
        when: "durable.work",
        value: "millis",
        labels: ["kind"],
        maxSeries: 20_000,
        boundaries: Array.from({ length: 20 }, (_, i) => i)
      })
      const run = (count: number) =>
        inRuntime({ store }, (runtime) =>
          Effect.gen(function* () {
            const recorder = yield* runtime.createRecorder("a", { capacity: 50_000 })
            yield* recorder.register(Large)
            for (let n = 0; n < count; n++) {
              yield* recorder.emit({ _tag: "durable.work", kind: `${n % 9000}`, millis: n % 25 })
            }
            yield* runtime.flush()
            yield* recorder.emit(work(1))
            yield* runtime.flush()
            return (yield* recorder.snapshots)[Large.name]
          })
        )
      const before = yield* run(12_000)
      expect(values.get(`mvx-metrics.${namespace}`)!.byteLength).toBeGreaterThan(1024 * 1024)
      const after = yield* run(0)
      expect(after).toMatchObject({ dimensions: { count: 12_002 } })
      expect(before).toMatchObject({ dimensions: { count: 12_001 } })
    })
  )

  it.effect("includes levels if configured", () =>
    Effect.gen(function* () {
      const durable = { store: openStore().store, levels: true }
      yield* inRuntime(durable, (runtime) =>
        Effect.flatMap(recorderOf(runtime), (recorder) => recorder.emit({ _tag: "durable.level", level: 7 }))
      )
      const level = yield* inRuntime(durable, (runtime) =>
        Effect.flatMap(recorderOf(runtime), (recorder) => shownOf(recorder, Level))
      )
      expect(level).toMatchObject({ value: 7 })
    })
  )

  it.effect("of a removed recorder passes to the next recorder with its id, in this process or another", () =>
    Effect.gen(function* () {
      const durable = { store: openStore().store }
      const sums = (runtime: RuntimeService) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime)
          yield* recorder.emit(work(1))
          const sum = yield* shownOf(recorder, Last)
          yield* runtime.stopAndRemoveRecorder("a")
          return sum
        })
      const first = yield* inRuntime(durable, (runtime) => Effect.all([sums(runtime), sums(runtime)]))
      // Nothing is registered here, and what there is stays.
      yield* inRuntime(durable, () => Effect.void)
      const second = yield* inRuntime(durable, sums)
      expect([...first, second]).toEqual([
        { sum: 37, last: ["kind 1"] },
        { sum: 74, last: ["kind 1", "kind 1"] },
        { sum: 111, last: ["kind 1", "kind 1"] }
      ])
    })
  )

  it.effect("of a recorder removed during a write passes to the next recorder with its id", () =>
    Effect.gen(function* () {
      let remove: Effect.Effect<void> = Effect.void
      const { store } = openStore({ onWrite: Effect.suspend(() => remove) })
      const sum = yield* inRuntime({ store }, (runtime) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime)
          yield* recorder.emit(work(1))
          const other = yield* recorderOf(runtime, "b")
          // When another one is read, the fold has come to the end of the one that is removed.
          remove = Effect.orDie(Effect.andThen(runtime.stopAndRemoveRecorder("a"), other.snapshots))
          yield* runtime.flush()
          remove = Effect.void
          return yield* shownOf(yield* recorderOf(runtime), Last)
        })
      )
      expect(sum).toMatchObject({ sum: 37 })
    })
  )

  it.effect("of a recorder that does not return is dropped after keepRemoved", () =>
    Effect.gen(function* () {
      const { store } = openStore()
      const sumOf = (runtime: RuntimeService) =>
        Effect.flatMap(recorderOf(runtime), (recorder) => shownOf(recorder, Last))
      yield* inRuntime({ store }, (runtime) =>
        Effect.flatMap(recorderOf(runtime), (recorder) => recorder.emit(work(1)))
      )
      const others = Effect.forEach(["1 day", "0 millis"] as const, (keepRemoved) =>
        inRuntime({ store, keepRemoved }, (runtime) => recorderOf(runtime, "b"))
      )
      expect(yield* inRuntime({ store }, sumOf)).toMatchObject({ sum: 37 })
      yield* others
      expect(yield* inRuntime({ store }, sumOf)).toMatchObject({ sum: 0 })
    })
  )

  it.effect("keeps the time when a metric began to count, and the time of its reset", () =>
    Effect.gen(function* () {
      const { store } = openStore()
      const createdAt = (runtime: RuntimeService) =>
        Effect.map(internalsOf(runtime).sources()[0]!.shown, (shown) => shown.map(({ createdAt }) => createdAt))
      const since = (at: number, reset = false) =>
        inRuntime({ store }, (runtime) =>
          Effect.gen(function* () {
            yield* TestClock.setTime(at)
            const recorder = yield* recorderOf(runtime)
            if (reset) yield* recorder.reset(Count)
            return yield* createdAt(runtime)
          })
        )
      expect(yield* since(1000)).toEqual([1000, 1000, 1000, 1000])
      expect(yield* since(2000, true)).toEqual([2000, 1000, 2000, 1000])
      expect(yield* since(3000)).toEqual([2000, 1000, 3000, 1000])
    })
  )

  it.effect("continues if events were added to the family, and starts over if a definition changed", () =>
    Effect.gen(function* () {
      const { store } = openStore()
      const Wider = Schema.TaggedUnion({
        "durable.work": { kind: Schema.String, millis: Schema.Number },
        "durable.other": { at: Schema.Number }
      })
      const wider = { events: Wider, when: "durable.work" } as const
      const SameCount = Metric.counter(Count.name, { ...wider, labels: ["kind"] })
      const OtherMillis = Metric.histogram(Millis.name, { ...wider, value: "millis", boundaries: [100, 500] })
      yield* inRuntime({ store }, (runtime) =>
        Effect.flatMap(recorderOf(runtime), (recorder) => recorder.emit(work(1)))
      )
      const { lines, layer } = recordLogs()
      yield* inRuntime({ store, logging: "normal" }, (runtime) =>
        Effect.gen(function* () {
          const recorder = yield* runtime.createRecorder("a")
          yield* recorder.register(SameCount)
          yield* recorder.register(OtherMillis)
          expect(yield* shownOf(recorder, SameCount)).toMatchObject({ value: 1 })
          expect(yield* shownOf(recorder, OtherMillis)).toMatchObject({ count: 0 })
          expect((yield* runtime.stats).durable).toMatchObject({ discarded: 1 })
        })
      ).pipe(Effect.provide(layer))
      expect(warningsIn(lines)).toEqual([
        expect.stringMatching(/"durable.millis" of the recorder "a".*its definition has changed in boundaries/)
      ])
    })
  )

  it.effect("omits a state that is not plain data, which is logged once, and includes the others", () =>
    Effect.gen(function* () {
      const { store } = openStore()
      class Sum {
        readonly sum: number
        constructor(sum: number) {
          this.sum = sum
        }
      }
      const Sums = Metric.make("durable.sums", {
        events: WorkEvent,
        initial: new Sum(0),
        reduce: { "durable.work": ({ sum }, { millis }) => new Sum(sum + millis) },
        view: ({ sum }) => ({ sum })
      })
      const { lines, layer } = recordLogs()
      const again = inRuntime({ store, logging: "normal" }, (runtime) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime)
          yield* recorder.register(Sums)
          for (let n = 1; n <= 2; n++) {
            yield* recorder.emit(work(1))
            yield* runtime.flush()
          }
          return [yield* shownOf(recorder, Sums), yield* shownOf(recorder, Last)]
        })
      ).pipe(Effect.provide(layer))
      expect(yield* again).toMatchObject([{ sum: 74 }, { sum: 74 }])
      expect(yield* again).toMatchObject([{ sum: 74 }, { sum: 148 }])
      expect(warningsIn(lines)).toEqual([
        expect.stringContaining("it cannot be written: TypeError: an instance of Sum is not plain data"),
        expect.stringContaining("it cannot be written: TypeError: an instance of Sum is not plain data")
      ])
    })
  )

  it.effect("of a quarantined metric continues with its last valid state, and counts its missed events", () =>
    Effect.gen(function* () {
      const { store } = openStore()
      const fragile = (breaksAt: number) =>
        Metric.make("durable.fragile", {
          events: WorkEvent,
          initial: 0,
          reduce: {
            "durable.work": (sum, { millis }) => {
              if (millis === breaksAt) throw new Error("broken")
              return sum + 1
            }
          }
        })
      const run = (metric: Metric.Any, count: number) =>
        inRuntime({ store, logging: "normal" }, (runtime) =>
          Effect.gen(function* () {
            const recorder = yield* runtime.createRecorder("a")
            yield* recorder.register(metric)
            for (let n = 0; n < count; n++) yield* recorder.emit(work(n))
            return (yield* recorder.snapshots)[metric.name]
          })
        )
      const { lines, layer } = recordLogs()
      expect(yield* Effect.provide(run(fragile(74), 4), layer)).toMatchObject({
        dimensions: { value: 2 },
        quarantine: { missed: 2 }
      })
      expect(yield* Effect.provide(run(fragile(-1), 1), layer)).toEqual({
        name: "durable.fragile",
        dimensions: { value: 3 }
      })
      expect(warningsIn(lines).at(-1)).toContain("continues, without the 2 events that it missed: Error: broken")
    })
  )
})

describe("the exported metrics about durable state", () => {
  it.effect("include its last write, the loss on a kill, and its errors", () =>
    Effect.gen(function* () {
      const { failures, store } = openStore()
      const shown = (runtime: RuntimeService) =>
        Effect.gen(function* () {
          const scraped = yield* Effect.provideService(Prometheus.render("text"), MetricsRuntime, runtime)
          const found = [scraped, textOf(yield* collectData(runtime))].map((text) =>
            Array.from(
              text.matchAll(/^mvx_metrics_state_(.+)\{namespace="test.durable"\} (.+)$/gm),
              ([, name, value]) => [name, Number(value)]
            )
          )
          expect(found[1]).toEqual(found[0])
          return Object.fromEntries(found[0]!)
        })
      yield* inRuntime({ store }, (runtime) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime)
          failures.push("the disk is full")
          yield* recorder.emit(work(1))
          yield* Effect.exit(runtime.flush())
          expect(yield* shown(runtime)).toEqual({ unsaved: 1, failures_total: 1, discarded_total: 0 })
          yield* runtime.flush()
          yield* recorder.emit(work(1))
          const { savedAt } = (yield* runtime.stats).durable!
          expect(yield* shown(runtime)).toEqual({
            saved_seconds: savedAt! / 1000,
            unsaved: 1,
            failures_total: 1,
            discarded_total: 0
          })
        })
      )
      const none = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent" })
      yield* none.start
      expect(yield* shown(none)).toEqual({})
    })
  )
})

describe("a failed write of durable state", () => {
  it.effect("stops nothing, is logged once per reason, and is made up for by the next write", () =>
    Effect.gen(function* () {
      const { failures, store, values } = openStore()
      const { lines, layer } = recordLogs()
      yield* inRuntime({ store, logging: "normal" }, (runtime) =>
        Effect.gen(function* () {
          const recorder = yield* recorderOf(runtime)
          failures.push("the disk is full", "the disk is full", "no permission")
          for (let n = 1; n <= 3; n++) {
            yield* recorder.emit(work(1))
            const failed = yield* Effect.flip(runtime.flush())
            expect(failed).toMatchObject({ _tag: "mvx-metrics/FlushFailed", failures: [] })
            expect((yield* runtime.stats).durable).toMatchObject({ failures: n, unsaved: n })
          }
          expect(values.size).toBe(0)
          yield* runtime.flush()
          expect((yield* runtime.stats).durable).toMatchObject({ failures: 3, failure: undefined, unsaved: 0 })
          expect(yield* shownOf(recorder, Last)).toMatchObject({ sum: 111 })
        })
      ).pipe(Effect.provide(layer))
      expect(warningsIn(lines)).toEqual([
        expect.stringContaining("could not be written to mvx-metrics.test.durable: the disk is full."),
        expect.stringContaining("could not be written to mvx-metrics.test.durable: no permission.")
      ])
      const after = yield* inRuntime({ store }, (runtime) =>
        Effect.flatMap(recorderOf(runtime), (recorder) => shownOf(recorder, Last))
      )
      expect(after).toMatchObject({ sum: 111 })
    })
  )

  it.effect("is logged if it happens at shutdown, and the shutdown completes", () =>
    Effect.gen(function* () {
      const { failures, store } = openStore()
      const { lines, layer } = recordLogs()
      yield* inRuntime({ store, logging: "normal" }, (runtime) =>
        Effect.gen(function* () {
          yield* Effect.flatMap(recorderOf(runtime), (recorder) => recorder.emit(work(1)))
          failures.push("the disk is full")
          yield* runtime.shutdown
        })
      ).pipe(Effect.provide(layer))
      expect(lines.map(({ text }) => text)).toContain("the durable state was not written at shutdown: the disk is full")
    })
  )
})

describe("the durable option", () => {
  const refused = (options: unknown, make = MetricsRuntime.makeInProcess) =>
    Effect.map(Effect.exit(Effect.scoped(make({ namespace, durable: options as DurableOptions }))), (exit) =>
      Exit.isFailure(exit) ? (Cause.squash(exit.cause) as Error).message : undefined
    )

  it.effect("is rejected by name if it makes no sense", () =>
    Effect.gen(function* () {
      const { store } = openStore()
      expect(yield* refused({})).toBe("durable: needs a directory for the state, or a store")
      expect(yield* refused("x")).toMatch(/^durable: must be an object/)
      expect(yield* refused({ directory: "x", store })).toMatch(/^durable: has a directory and a store/)
      expect(yield* refused({ directory: " " })).toMatch(/^durable: its directory: must be a string that is not blank/)
      expect(yield* refused({ store: 1 })).toMatch(/^durable: its store: must be a layer of Effect's KeyValueStore/)
      expect(yield* refused({ store, intervall: 1 })).toMatch(/^durable: its intervall: is not an option. Did you mean/)
      expect(yield* refused({ store }, MetricsRuntime.makeWorker)).toMatch(/^durable: its store: cannot cross to the/)
    })
  )

  it.effect("names a store that cannot be opened", () =>
    Effect.gen(function* () {
      const store = Layer.effect(KeyValueStore.KeyValueStore, Effect.fail(new Error("no database")))
      expect(yield* Effect.flip(inRuntime({ store }, () => Effect.void))).toMatchObject({
        _tag: "mvx-metrics/DurableStateError",
        problem: "unreadable",
        reason: "its store could not be opened: no database"
      })
    })
  )

  it.effect("accepts the store of a worker's entry, and is rejected if there is none", () =>
    Effect.gen(function* () {
      const inWorker = (entry: string) =>
        Effect.gen(function* () {
          const { spawn } = durableWorkers(entry)
          const runtime = yield* MetricsRuntime.makeWorker({ namespace, logging: "silent", durable: {}, spawn })
          yield* runtime.start
          yield* Effect.flatMap(recorderOf(runtime), (recorder) => recorder.emit(work(1)))
          yield* runtime.flush()
          return (yield* runtime.stats).durable
        }).pipe(Effect.scoped)
      expect(yield* inWorker("stored.worker.ts")).toMatchObject({ unsaved: 0, savedAt: expect.any(Number) })
      const exit = yield* Effect.exit(inWorker("durable.worker.ts"))
      expect(Exit.isFailure(exit) && String(Cause.squash(exit.cause))).toContain("the worker has no store")
    })
  )
})
