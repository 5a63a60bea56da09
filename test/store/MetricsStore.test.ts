/** Processes that write their counts to a store, and readers that merge them. */
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { RuntimeService } from "mvx-metrics"
import { Lowest, ShopMetrics, Stock, sale } from "../cluster/fixtures/shop.metrics.ts"
import { dimensions, kinds, type MakeWriter, namespace, openStore, readerOf, soldIn } from "./support.ts"

const register = Effect.fnUntraced(function* (runtime: RuntimeService, id: string) {
  const recorder = yield* runtime.createRecorder(id)
  yield* recorder.register(ShopMetrics)
  return recorder
})

const stocked = (pieces: number) => ({ _tag: "shop.stocked", pieces }) as const

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mvx-store-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A runtime in a scope of its own, which a test closes. */
const closeable = Effect.fnUntraced(function* (make: ReturnType<MakeWriter>) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const runtime = yield* Scope.provide(make, scope)
  return { runtime, close: Scope.close(scope, Exit.void) }
})

/** The time of whoever reads, so many milliseconds after that of whoever writes. */
const later = (millis: number) => TestClock.setTime(Date.now() + millis)

for (const [kind, make] of Object.entries(kinds)) {
  describe(`a store of states, written ${kind},`, () => {
    it.effect("has the recorders of all processes merged by id", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const [one, other] = [yield* make(store), yield* make(store)]
        const a = yield* register(one, "together")
        const b = yield* register(other, "together")
        const c = yield* register(other, "alone")
        yield* a.emit(sale(1))
        yield* a.emit(sale(2, "coffee"))
        yield* b.emit(sale(10))
        yield* c.emit(sale(100))
        yield* a.emit(stocked(3))
        yield* b.emit(stocked(4))
        yield* one.flush()
        yield* other.flush()
        const report = yield* reader.report
        expect(Object.keys(report.recorders).sort()).toEqual(["alone", "together"])
        expect(soldIn(report, "together")).toBe(13)
        expect(soldIn(report, "alone")).toBe(100)
        expect(dimensions(report, Stock, "together")).toMatchObject({ value: 7 })
        expect(dimensions(report, Lowest, "together")).toEqual({ least: 3 })
        expect(report.recorders.together!.processes).toBe(2)
        expect(report.sources.map(({ state }) => state)).toEqual(["running", "running"])
        expect(report).toMatchObject({ ended: 0 })
        expect(report.leftOut).toBeUndefined()
      })
    )

    it.effect("trims namespaces, as runtimes do", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store, { namespace: " spaced\n" })
        const runtime = yield* make(store, { namespace: "\tspaced " })
        yield* (yield* register(runtime, "a")).emit(sale(1))
        yield* runtime.flush()
        expect(soldIn(yield* reader.report, "a")).toBe(1)
        expect(reader.runtime.namespace).toBe("spaced")
      })
    )

    it.effect("accepts recorders with any ids, with keys that every server accepts", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const runtime = yield* make(store)
        const ids = ["x".repeat(10_000), "a\0b", "half \ud800", "half \ud801", "+a", "*a", "=a", "~", "#", "__proto__"]
        for (const [i, id] of ids.entries()) yield* (yield* register(runtime, id)).emit(sale(i + 1))
        yield* runtime.flush()
        const expectAll = Effect.gen(function* () {
          const report = yield* reader.report
          expect(Object.keys(report.recorders).sort()).toEqual(ids.toSorted())
          expect(ids.map((id) => soldIn(report, id))).toEqual(ids.map((_, i) => i + 1))
        })
        yield* expectAll
        for (const id of ids) yield* runtime.stopAndRemoveRecorder(id)
        yield* runtime.flush()
        yield* expectAll
        const keys = store.writes.flatMap(({ entries, removed }) => [...entries.keys(), ...removed])
        expect(keys.filter((key) => key.length > 256 || /[\0\p{Cs}]/u.test(key))).toEqual([])
      })
    )

    it.effect("keeps the counts of an ended process, and drops its levels", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const { close, runtime } = yield* closeable(make(store))
        const recorder = yield* register(runtime, "shop")
        yield* recorder.emit(stocked(3))
        yield* recorder.emit(sale(1))
        yield* runtime.flush()
        yield* recorder.emit(sale(2))
        yield* close
        const report = yield* reader.report
        expect(soldIn(report, "shop")).toBe(3)
        expect(dimensions(report, Stock, "shop")).toBeUndefined()
        expect(dimensions(report, Lowest, "shop")).toBeUndefined()
        expect(report.sources).toMatchObject([{ state: "ended", isLasting: false }])
        expect(report).toMatchObject({ ended: 1, age: 0 })
        expect(report.recorders.shop!.processes).toBe(0)
      })
    )

    it.effect("has the accounting of all recorders, including removed ones", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const [one, other] = [yield* make(store), yield* closeable(make(store))]
        const a = yield* register(one, "shop")
        yield* a.emit(sale(1))
        yield* Effect.exit(a.emit("no event" as never))
        const b = yield* register(one, "gone")
        yield* b.emit(sale(2))
        yield* one.stopAndRemoveRecorder("gone")
        const c = yield* register(other.runtime, "shop")
        yield* c.emit(sale(3))
        yield* c.emit(sale(4))
        yield* other.close
        yield* one.flush()
        const { recorders } = yield* reader.report
        expect(recorders.shop!.stats).toMatchObject({
          state: "Running",
          accepted: 3,
          applied: 3,
          pending: 0,
          refused: 1,
          refusedBy: { invalid: 1 }
        })
        expect(recorders.gone!.stats).toMatchObject({ state: "Stopped", accepted: 1, applied: 1 })
      })
    )

    it.effect("keeps the counts of a silent process, and drops its levels until it writes again", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const runtime = yield* make(store, {}, { every: "10 seconds" })
        const recorder = yield* register(runtime, "shop")
        yield* recorder.emit(stocked(3))
        yield* recorder.emit(sale(1))
        yield* runtime.flush()
        yield* later(60_000)
        const silent = yield* reader.report
        expect(soldIn(silent, "shop")).toBe(1)
        expect(dimensions(silent, Stock, "shop")).toBeUndefined()
        expect(silent.sources).toMatchObject([{ state: "silent" }])
        yield* recorder.emit(sale(1))
        yield* runtime.flush()
        const again = yield* reader.report
        expect(dimensions(again, Stock, "shop")).toMatchObject({ value: 3 })
        expect(again.sources).toMatchObject([{ state: "running" }])
      })
    )

    it.effect("treats a process as running until it has missed several writes, however short the time to live is", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store, { timeToLive: "1 milli" })
        const runtime = yield* make(store, {}, { every: "10 seconds" })
        yield* Effect.flatMap(register(runtime, "shop"), (recorder) => recorder.emit(stocked(3)))
        yield* runtime.flush()
        yield* later(29_000)
        expect((yield* reader.report).sources).toMatchObject([{ state: "running" }])
        yield* later(31_000)
        expect((yield* reader.report).sources).toMatchObject([{ state: "silent" }])
      })
    )

    it.effect("leaves out unreadable states, and names them", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        for (const text of ["no JSON", "null", '{ "others": "many" }']) {
          const runtime = yield* make(store)
          yield* Effect.flatMap(register(runtime, "shop"), (recorder) => recorder.emit(sale(1)))
          yield* runtime.flush()
          const { epoch, sequence, source } = store.writes.at(-1)!
          const outcome = yield* store.service.write({
            namespace,
            source,
            epoch,
            sequence: sequence + 1,
            base: sequence,
            entries: new Map([["#", Buffer.from(text)]]),
            removed: [],
            hasEnded: false,
            isLasting: false
          })
          expect(outcome).toBe("written")
        }
        const { recorders, unreadable } = yield* reader.report
        expect(recorders.shop!.processes).toBe(3)
        expect(unreadable).toHaveLength(3)
        for (const part of unreadable!) expect(part.what).toBe("the accounting of the source")
      })
    )

    it.effect("merges recorders that had the same id one after the other", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const runtime = yield* make(store)
        for (const pieces of [1, 10, 100]) {
          const recorder = yield* register(runtime, "shop")
          yield* recorder.emit(sale(pieces))
          if (pieces === 10) yield* runtime.flush()
          yield* runtime.stopAndRemoveRecorder("shop")
        }
        yield* runtime.flush()
        const report = yield* reader.report
        expect(Object.keys(report.recorders)).toEqual(["shop"])
        expect(soldIn(report, "shop")).toBe(111)
      })
    )

    it.effect("receives only changes, and nothing if nothing changed", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const runtime = yield* make(store)
        const [a] = [yield* register(runtime, "a"), yield* register(runtime, "b")]
        yield* runtime.flush()
        const before = store.writes.length
        yield* a.emit(sale(1))
        yield* runtime.flush()
        yield* runtime.flush()
        const after = store.writes.slice(before)
        expect(after.map(({ entries }) => [...entries.keys()])).toEqual([["+a"]])
        expect(after[0]!.base).toBe(store.writes[before - 1]!.sequence)
      })
    )

    it.effect("counts a write once if its answer was lost", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const runtime = yield* make(store)
        const recorder = yield* register(runtime, "shop")
        yield* runtime.flush()
        store.control.afterWrite = "the connection was lost"
        yield* recorder.emit(sale(1))
        const { exports } = yield* Effect.flip(
          runtime.flush() as Effect.Effect<void, import("mvx-metrics").MetricsError.FlushFailed>
        )
        expect(exports).toMatchObject([{ reason: expect.stringContaining("the connection was lost") }])
        expect(soldIn(yield* reader.report, "shop")).toBe(1)
        yield* recorder.emit(sale(2))
        yield* runtime.flush()
        expect(soldIn(yield* reader.report, "shop")).toBe(3)
      })
    )

    it.effect("is rewritten after it has lost everything", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const runtime = yield* make(store)
        const [a, b] = [yield* register(runtime, "a"), yield* register(runtime, "b")]
        yield* a.emit(sale(1))
        yield* b.emit(sale(2))
        yield* runtime.flush()
        store.lose()
        expect((yield* reader.report).recorders).toEqual({})
        yield* a.emit(sale(4))
        yield* runtime.flush()
        const report = yield* reader.report
        expect([soldIn(report, "a"), soldIn(report, "b")]).toEqual([5, 2])
      })
    )

    it.effect("has everything once it is reachable again", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        store.control.failure = "connect ECONNREFUSED"
        const runtime = yield* make(store)
        const recorder = yield* register(runtime, "shop")
        for (let i = 0; i < 3; i++) {
          yield* recorder.emit(sale(1))
          expect((yield* Effect.exit(runtime.flush()))._tag).toBe("Failure")
        }
        expect((yield* runtime.stats).store).toMatchObject({ unsaved: 3, failure: expect.stringContaining("ECONN") })
        expect((yield* Effect.flip(reader.report)).message).toContain("ECONNREFUSED")
        store.control.failure = undefined
        yield* runtime.flush()
        expect((yield* runtime.stats).store).toMatchObject({ unsaved: 0, failure: undefined })
        expect(soldIn(yield* reader.report, "shop")).toBe(3)
      })
    )

    it.effect("is read by a runtime that creates no recorders, which identifies itself as one of a store", () =>
      Effect.gen(function* () {
        const { runtime } = yield* readerOf(yield* openStore)
        const { message } = yield* Effect.flip(runtime.createRecorder("shop"))
        expect(message).toMatch(/^store "test.store" is the merged metrics of other processes: cannot make a recorder/)
      })
    )

    it.effect("keeps the accounting of a process with durable state when it ends", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const durable = { directory: yield* folder, interval: 3_600_000 }
        const { close, runtime } = yield* closeable(make(store, { durable }))
        const recorder = yield* register(runtime, "shop")
        for (let i = 0; i < 3; i++) yield* recorder.emit(sale(1))
        yield* runtime.flush()
        const running = (yield* reader.report).recorders.shop!.stats
        yield* close
        const ended = (yield* reader.report).recorders.shop!.stats
        for (const { accepted, applied, offered } of [running, ended]) {
          expect({ accepted, applied, offered }).toEqual({ accepted: 3, applied: 3, offered: 3 })
        }
      })
    )

    it.effect("counts one of two processes with copies of a durable state, always the same one", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const [directory, copy] = [yield* folder, yield* folder]
        const starts = (directory: string) => closeable(make(store, { durable: { directory, interval: 3_600_000 } }))
        const first = yield* starts(directory)
        yield* (yield* register(first.runtime, "shop")).emit(sale(1))
        yield* first.close
        cpSync(directory, copy, { recursive: true })
        const { runtime } = yield* starts(directory)
        const recorder = yield* register(runtime, "shop")
        yield* recorder.emit(sale(10))
        yield* runtime.flush()
        const other = yield* starts(copy)
        yield* (yield* register(other.runtime, "shop")).emit(sale(100))
        for (let i = 0; i < 4; i++) {
          expect((yield* Effect.exit(other.runtime.flush()))._tag).toBe("Failure")
          expect(soldIn(yield* reader.report, "shop")).toBe(11)
        }
        yield* recorder.emit(sale(10))
        yield* runtime.flush()
        expect(soldIn(yield* reader.report, "shop")).toBe(21)
      })
    )

    it.effect("counts a process with durable state once, over all its restarts", () =>
      Effect.gen(function* () {
        const store = yield* openStore
        const reader = yield* readerOf(store)
        const directory = yield* folder
        let total = 0
        for (const pieces of [1, 10, 100]) {
          const { close, runtime } = yield* closeable(make(store, { durable: { directory, interval: 3_600_000 } }))
          // What the recorder has counted before is there, before it is made again.
          yield* runtime.flush()
          expect(soldIn(yield* reader.report, "shop")).toBe(total)
          const recorder = yield* register(runtime, "shop")
          yield* recorder.emit(sale(pieces))
          yield* recorder.emit(stocked(3))
          yield* runtime.flush()
          total += pieces
          const report = yield* reader.report
          expect(soldIn(report, "shop")).toBe(total)
          expect(report.sources).toMatchObject([{ state: "running", isLasting: true }])
          yield* close
          const ended = yield* reader.report
          expect(soldIn(ended, "shop")).toBe(total)
          expect(dimensions(ended, Stock, "shop")).toBeUndefined()
          expect(ended.sources).toMatchObject([{ state: "ended", isLasting: true }])
        }
      })
    )
  })
}
