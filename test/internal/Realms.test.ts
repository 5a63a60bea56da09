// Values of another realm, as in jest and in Vitest's vm pools: they are recognised whichever `Object`, `Error` or
// `Map` they come from.
import { inspect } from "node:util"
import { createContext, runInContext } from "node:vm"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Metric, MetricsError, MetricsLayer, MetricsRuntime, Snapshot } from "mvx-metrics"
import { assertSnapshots, assertSnapshotsMatch } from "mvx-metrics/testing"
import { fingerprint } from "../../src/internal/metric/definition/fingerprint.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { SaveEvent, Saves } from "./fixtures/realms.metrics.ts"

const realm = createContext({ URL })
/** The value of an expression in the other realm. */
const there = (expression: string): never => runInContext(`(${expression})`, realm) as never

const dimensions = `{
  total: 3,
  latency: { p50: 1.5, none: null },
  buckets: [0, 2, 1],
  series: [{ labels: { tenant: "b" }, value: 1 }, { labels: { tenant: "a" }, value: 2 }]
}`
const here = {
  total: 3,
  latency: { p50: 1.5, none: null },
  buckets: [0, 2, 1],
  series: [
    { labels: { tenant: "a" }, value: 2 },
    { labels: { tenant: "b" }, value: 1 }
  ]
}
const snapshots = (received: unknown): Snapshot.Snapshots => ({ m: { name: "m", dimensions: received } })

describe("assertions on snapshots", () => {
  it.each([
    ["received", snapshots(there(dimensions)), { m: here }],
    ["expected", snapshots(here), { m: there(dimensions) }],
    ["all", there(`{ m: { name: "m", dimensions: ${dimensions} } }`), { m: here }]
  ] as const)("pass for equal values if %s is of another realm", (_, received, expected) => {
    assertSnapshots(received, expected)
    assertSnapshotsMatch(received, expected)
    assertSnapshotsMatch(received, { m: { series: [{ labels: { tenant: "a" }, value: 2 }] } })
  })

  it("still report differences between values of two realms, by labels and by path", () => {
    const other = there(dimensions.replace("value: 2", "value: 5").replace("1.5", "2"))
    expect(() => assertSnapshots(snapshots(other), { m: here })).toThrow(
      /m\.latency\.p50: expected 1\.5, received 2\n {2}m\.series\{tenant='a'\}\.value: expected 2, received 5$/
    )
  })

  it.each(["new Date(5)", 'new Map([["a", { n: 1 }]])', "new Set([1])", "new Uint8Array([1, 2])", "[[1], [{}]]", "1n"])(
    "pass for %s of both realms, and not for others of its kind",
    (expression) => {
      const own = runInContext(`(${expression})`, createContext()) as unknown
      assertSnapshots(snapshots(there(expression)), { m: own })
      const changed = expression.replace(/\b\d/, "7")
      expect(() => assertSnapshots(snapshots(there(changed)), { m: own })).toThrow("m")
    }
  )

  it("distinguish class instances from plain objects", () => {
    const instance = there("new (class Point { x = 1 })()")
    expect(() => assertSnapshots(snapshots(instance), { m: { x: 1 } })).toThrow("Point { x: 1 }")
    expect(() => assertSnapshots(snapshots(there("new Date(5)")), { m: {} })).toThrow("expected {}")
    expect(() => assertSnapshots(snapshots(there("[]")), { m: {} })).toThrow("expected {}")
  })
})

const probe = new URL("../support/probe.metrics.ts", import.meta.url)
const make = (initial: unknown, reduce: (state: never) => unknown = (state) => state): Metric.Any =>
  Metric.make("m", { events: SaveEvent, initial, reduce: { saved: reduce as never } })

describe("a definition", () => {
  it("deeply freezes an initial state of another realm", () => {
    const { initial }: { readonly initial: { readonly list: ReadonlyArray<object>; readonly map: object } } = make(
      there("{ list: [{ n: 1 }], map: new Map() }")
    )
    expect([initial, initial.list, initial.list[0]].every(Object.isFrozen)).toBe(true)
    expect(Object.isFrozen(initial.map)).toBe(false)
  })

  it("has the same fingerprint with an initial state of another realm", () => {
    const initial = '{ seen: new Set(["a"]), by: new Map([["b", 1]]), list: [1] }'
    const same = { seen: new Set(["a"]), by: new Map([["b", 1]]), list: [1] }
    expect(fingerprint(make(there(initial)))).toEqual(fingerprint(make(same)))
    expect(fingerprint(make(there(initial.replace('"a"', '"z"'))))).not.toEqual(fingerprint(make(same)))
  })
})

describe("an error of another realm", () => {
  it("is described like an error of this realm", () => {
    const cause = there('new TypeError("no disk")')
    const { message } = new MetricsError.RuntimeFailed({ namespace: "n", cause })
    expect(message).toContain("no disk")
    expect(message).not.toContain(inspect(cause))
  })

  it.effect("quarantines a metric by its name and message", () =>
    Effect.gen(function* () {
      const failure = there('new RangeError("out of range")') as Error
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("realms")
      yield* recorder.register(
        make(0, () => {
          throw failure
        })
      )
      yield* recorder.emit(there('{ _tag: "saved", at: new Date(5), by: {} }'))
      const { m } = yield* recorder.snapshots
      expect(Snapshot.isQuarantined(m!) && m.quarantine.error).toBe("RangeError: out of range")
    }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "test.realms", logging: "silent" })))
  )
})

onBothLayers(
  "an event of another realm",
  (it) => {
    it.effect("counts like any other", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Ticks)
        yield* recorder.emit(there(JSON.stringify(tick(2))))
        yield* recorder.emit(tick(3))
        assertSnapshots(yield* recorder.snapshots, there('{ "probe.ticks": { count: 2, sum: 5 } }'))
      })
    )

    it.effect("keeps its nested values, including dates", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Saves)
        yield* recorder.emit(there('{ _tag: "saved", at: new Date(5), by: { id: "ann" } }'))
        yield* recorder.emit({ _tag: "saved", at: new Date(7), by: {} })
        assertSnapshots(yield* recorder.snapshots, { saves: { at: 12, by: "ann - " } })
      })
    )
  },
  [probe, new URL("./fixtures/realms.metrics.ts", import.meta.url)]
)

describe("metrics: URL", () => {
  it.effect("accepts a URL of another realm", () =>
    Effect.gen(function* () {
      // As jsdom has it: a class of its own.
      const { hostname, href, pathname, protocol } = probe
      const url = there(`{ ...${JSON.stringify({ hostname, href, pathname, protocol })}, [Symbol.toStringTag]: "URL" }`)
      const runtime = yield* MetricsRuntime.makeWorker({ namespace: "test.realms", metrics: url, logging: "silent" })
      yield* runtime.start
      const recorder = yield* runtime.createRecorder("realms")
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick(2))
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 2 })
    })
  )
})
