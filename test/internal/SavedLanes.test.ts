// A fold can end at any time and be replaced: with the last save and the log from there, each event is folded once,
// each change is reported once, and everything continues as if nothing had happened.
import { deepStrictEqual } from "node:assert/strict"
import { serialize } from "node:v8"
import { describe, expect, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { segmentOf } from "../../src/internal/fold/segment.ts"
import { putSpan } from "../../src/internal/model/eventSpan.ts"
import { ChunkBytes } from "../../src/internal/stream/foldedCounters.ts"
import type { FoldMessage } from "../../src/internal/stream/foldMessages.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { runs } from "../support/long.ts"
import { foldOf, lane, Replaying } from "../support/replaying.ts"

const Family = Schema.TaggedUnion({ a: { n: Schema.Number, who: Schema.String }, b: { n: Schema.Number } })
const a = (n: number, who = "x"): MetricEvent => Object.assign({ _tag: "a" }, { n, who })
const b = (n: number): MetricEvent => Object.assign({ _tag: "b" }, { n })

const Count = Metric.counter("count", { events: Family, when: "a", labels: ["who"], expireAfter: 50 })
const Sum = Metric.make("sum", {
  events: Family,
  initial: { sum: 0, last: [] as ReadonlyArray<number> },
  reduce: {
    a: ({ last, sum }, { n }) => ({ sum: sum + n, last: [...last, n].slice(-3) }),
    b: (state, { n }) => (n === 7 ? state : { ...state, sum: state.sum - n })
  },
  view: (state, now) => {
    if (state.sum === 13) throw new Error("unlucky")
    return { ...state, now }
  }
})
const Throws = Metric.make("throws", {
  events: Family,
  initial: 0,
  reduce: {
    b: (count, { n }) => {
      if (n === 9) throw new Error("nine")
      return count + 1
    }
  }
})
const Share = Metric.derive("share", { from: { count: Count, sum: Sum }, view: ({ count }) => ({ count }) })
const metrics = [Count, Sum, Throws, Share]

const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("a"), n: fc.nat(9), who: fc.constantFrom("x", "y", "z") }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("b"), n: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("foreign", "evict"), n: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("every", "none") }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("deliver") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("save", "replace", "replace carefully") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("read", "reset") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("register"), n: fc.nat(3) }) }
)
type Step = { readonly do: string; readonly n?: number; readonly who?: string }

/** Whether folds end in it, or not. */
const run = (steps: ReadonlyArray<Step>, ends: boolean): Replaying => {
  const replaying = new Replaying(metrics)
  for (const { name } of metrics) replaying.register(name)
  let folded = 0
  for (const [at, { do: what, n = 0, who }] of steps.entries()) {
    if (what === "a") replaying.event(a(n, who), at * 10)
    else if (what === "b") replaying.event(b(n), at * 10)
    else if (what === "foreign") replaying.foreign(n)
    else if (what === "evict") replaying.evict(n)
    else if (what === "every" || what === "none") replaying.watch(what)
    else if (what === "deliver") replaying.deliver()
    else if (what === "read") replaying.command({ _tag: "Read", lane, request: 0, what: "shown", now: at * 10 - 30 })
    else if (what === "reset") replaying.command({ _tag: "Reset", lane, at })
    else if (what === "register") replaying.register(metrics[n]!.name)
    else if (ends && what === "save") replaying.save()
    else if (ends) replaying.replace([], what === "replace carefully")
    const { applied, ignored } = replaying.counters
    expect(applied + ignored).toBeGreaterThanOrEqual(folded)
    folded = applied + ignored
  }
  return replaying
}

/** All that anybody can know of it in the end. */
const outcome = (replaying: Replaying) => ({
  reads: (["shown", "snapshots", "states"] as const).map((what) => replaying.read(what, 400)),
  changes: replaying.changes,
  counters: [replaying.counters.applied, replaying.counters.ignored],
  sequence: replaying.save().sequence
})

describe("a lane whose fold ends and is replaced", () => {
  it("folds each event once and reports each change once, wherever it was saved and wherever the fold ended", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 5, maxLength: 60, size: "max" }), (steps) => {
        deepStrictEqual(outcome(run(steps, true)), outcome(run(steps, false)))
      }),
      { numRuns: runs(600) }
    )
  })

  it("leaves the counters unchanged until it has caught up with them, and then notifies the waiters", () => {
    const replaying = new Replaying([Count])
    replaying.register("count")
    for (let i = 0; i < 3; i++) replaying.event(a(1))
    replaying.event(b(1))
    replaying.counters.want()
    // The fold before had counted one event more.
    replaying.counters.ignored = 2
    replaying.replace()
    expect([replaying.counters.applied, replaying.counters.ignored]).toEqual([3, 2])
    expect(replaying.said).not.toContainEqual({ _tag: "Folded", lane })
    replaying.event(b(1))
    expect([replaying.counters.applied, replaying.counters.ignored]).toEqual([3, 2])
    expect(replaying.said).toContainEqual({ _tag: "Folded", lane })
  })

  it("continues counting if the counters have wrapped around", () => {
    const replaying = new Replaying([Count])
    replaying.register("count")
    replaying.event(a(1))
    const saved = replaying.save()
    const fold = foldOf({ send: () => {}, catalog: new Map([["count", Count]]) })
    const buffer = new ArrayBuffer(ChunkBytes)

    const counters = new Int32Array(buffer)
    counters[lane * 4] = -(2 ** 31)
    const bytes = serialize({ ...saved, applied: 2 ** 31 - 2 })
    fold.restore({
      careful: 0,
      counters: [buffer],
      seen: [],
      gone: { lanes: [], to: 0 },
      poisoned: [],
      segments: new Map([[0, segmentOf([{ lane, at: 0, rowsAt: 0, parts: [bytes] }])]]),
      place: { page: 0, turn: 0, word: 0 }
    })
    fold.main.event(lane, a(1), 0)
    expect(counters[lane * 4], "it is behind").toBe(-(2 ** 31))
    fold.main.event(lane, a(1), 0)
    fold.main.event(lane, a(1), 0)
    expect(counters[lane * 4]).toBe(-(2 ** 31) + 1)
  })

  it("reports a quarantined metric once", () => {
    const replaying = new Replaying([Throws])
    replaying.register("throws")
    for (const n of [1, 9, 2]) replaying.event(b(n))
    replaying.replace()
    expect(replaying.quarantined()).toHaveLength(1)
    expect(replaying.read("snapshots")).toEqual([
      { name: "throws", dimensions: expect.anything(), quarantine: { error: "Error: nine", missed: 2 } }
    ])
  })

  it("never waits for a listener of the previous fold, and a late acknowledgement belongs to no other batch", () => {
    const replaying = new Replaying([Count])
    replaying.register("count")
    replaying.watch("every")
    replaying.event(a(1))
    replaying.event(a(2))
    expect(replaying.counters.applied).toBe(0)
    replaying.save()
    replaying.replace()
    expect(replaying.changes.map(({ sequence }) => sequence)).toEqual([1, 2])
    expect(replaying.counters.applied, "the second one waits").toBe(1)
    replaying.deliver()
    expect(replaying.counters.applied, "it was of the first").toBe(1)
    replaying.deliver()
    expect(replaying.counters.applied).toBe(2)
  })

  it("reports all changes of the next recorder with its number", () => {
    const replaying = new Replaying([Count])
    replaying.register("count")
    replaying.watch("every")
    replaying.event(a(1))
    replaying.deliver()
    replaying.replace()
    replaying.command({ _tag: "Close", lane })
    replaying.counters.clear()
    replaying.command({ _tag: "Open", lane, recorderId: "r" })
    replaying.register("count")
    replaying.watch("every")
    replaying.event(a(2))
    expect(replaying.changes.map(({ sequence }) => sequence)).toEqual([1, 1])
  })

  it("reports all changes of a recorder that reuses the number of one that was gone when the previous fold ended", () => {
    const said: Array<FoldMessage> = []
    const fold = foldOf({ send: (message) => void said.push(message), catalog: new Map([["count", Count]]) })
    fold.restore({
      careful: 0,
      counters: [new ArrayBuffer(ChunkBytes)],
      seen: [[lane, Number.POSITIVE_INFINITY]],
      gone: { lanes: [], to: 0 },
      poisoned: [],
      segments: new Map(),
      place: { page: 0, turn: 0, word: 0 }
    })
    fold.command({ _tag: "Open", lane, recorderId: "next" })
    fold.command({ _tag: "Register", lane, name: "count", at: 0 })
    fold.command({ _tag: "Watch", lane, watch: "every" })
    fold.main.event(lane, a(1), 0)
    expect(said).toMatchObject([{ _tag: "Changes", sequence: 1 }])
  })

  it("keeps the spans of waiting events", () => {
    const Spanned = Metric.counter("spanned", { events: Family, when: "a", exemplar: "span" })
    const replaying = new Replaying([Spanned])
    replaying.register("spanned")
    replaying.watch("every")
    for (const spanId of ["1", "2"]) replaying.event(putSpan(a(1), { traceId: "t", spanId }))
    expect(replaying.save().inbox).toHaveLength(1)
    replaying.replace()
    expect(JSON.stringify(replaying.read("shown"))).toContain('{"traceId":"t","spanId":"2","value":1,"at":0}')
  })
})

describe("a hand-written state that cannot be saved", () => {
  class Point {
    readonly x = 1
  }
  const stateOf = (name: string, next: unknown) =>
    Metric.make(name, { events: Family, initial: 0 as unknown, reduce: { a: () => next }, view: () => ({ shown: 1 }) })
  const bad: ReadonlyArray<readonly [string, unknown, string]> = [
    ["a function", { f: () => 1 }, "() => 1 could not be cloned"],
    ["an instance of a class", [new Point()], "an instance of Point is not plain data"],
    ["a buffer", { bytes: Buffer.from("x") }, "an instance of Buffer is not plain data"],
    ["an Option", new Map([[1, Option.some(1)]]), "an instance of a class is not plain data"]
  ]

  it.each(bad)("quarantines its metric on restore, and no other: %s", (_, state, reason) => {
    const replaying = new Replaying([stateOf("bad", state), Sum, Count])
    for (const name of ["bad", "sum", "count"]) replaying.register(name)
    replaying.event(a(5))
    replaying.save()
    replaying.replace()
    const error = expect.stringContaining("its state could not be saved for the next fold: ")
    expect(replaying.quarantined()).toEqual([{ _tag: "Quarantined", lane, name: "bad", error, sequence: 1 }])
    expect(replaying.quarantined()[0]!.error).toContain(reason)
    replaying.event(a(6))
    expect(replaying.read("snapshots")).toMatchObject([
      // The event whose state is lost, and the one behind it.
      { name: "bad", dimensions: { shown: 1 }, quarantine: { missed: 2 } },
      { name: "sum", dimensions: { sum: 11 } },
      { name: "count", dimensions: { value: 2 } }
    ])
  })

  it.each<readonly [string, unknown]>([
    ["a map of sets", new Map([["x", new Set([1n, -0])]])],
    ["a date, an error and a pattern", [new Date(5), new TypeError("x", { cause: 1 }), /x/g]],
    ["arrays of numbers", { a: new Float64Array([1, -0]), b: new Uint8Array([1]), c: new ArrayBuffer(2) }],
    ["an object without a prototype", Object.assign(Object.create(null), { x: undefined })],
    ["nothing", undefined]
  ])("does not include: %s", (_, state) => {
    const replaying = new Replaying([stateOf("good", state)])
    replaying.register("good")
    replaying.event(a(5))
    const [before] = replaying.read("states") as ReadonlyArray<{ readonly state: unknown }>
    replaying.save()
    replaying.replace()
    deepStrictEqual(replaying.read("states"), [before])
    expect(replaying.quarantined()).toEqual([])
  })
})

describe("a metric that ended the fold", () => {
  const at9 = { lane, name: "throws", error: "Error: nine" } as const
  /** What is left of one that throws at the event itself. */
  const Tame = Metric.make("throws", {
    events: Family,
    initial: 0,
    reduce: { b: (count) => count + 1 }
  })
  const played = (metric: Metric.Any): Replaying => {
    const replaying = new Replaying([Sum, metric])
    for (const name of ["sum", "throws"]) replaying.register(name)
    for (const n of [1, 2]) replaying.event(b(n))
    replaying.save()
    replaying.event(a(3))
    return replaying
  }

  it("is quarantined just before the event, as if its reducer had thrown", () => {
    const thrown = played(Throws)
    const replaced = played(Tame)
    replaced.replace([{ ...at9, during: "fold", sequence: 4 }])
    for (const each of [thrown, replaced]) for (const n of [9, 1]) each.event(b(n))
    // Beside the error it says where that was.
    const saysWhere = (all: unknown): unknown =>
      JSON.parse(JSON.stringify(all).replaceAll("Error: nine", "Error: nine at event 4, b"))
    expect(replaced.read("snapshots")).toEqual(saysWhere(thrown.read("snapshots")))
    expect(replaced.read("states")).toEqual(saysWhere(thrown.read("states")))
    expect(replaced.quarantined()).toEqual(saysWhere(thrown.quarantined()))
  })

  it("is not quarantined again by an event from before the save, such as one of a metric that was reset since", () => {
    const replaying = played(Throws)
    replaying.event(b(9))
    replaying.command({ _tag: "Reset", lane, at: 0 })
    replaying.save()
    replaying.replace([{ ...at9, during: "fold", sequence: 4 }])
    replaying.event(b(1))
    expect(replaying.read("snapshots")).toMatchObject([{ name: "sum" }, { name: "throws", dimensions: { value: 1 } }])
  })

  it("while it was shown has a view that does not run again, also after the next save", () => {
    let views = 0
    const Shown = Metric.make("throws", {
      events: Family,
      initial: 0,
      reduce: { b: (count) => count + 1 },
      view: (count) => ({ count, views: ++views })
    })
    const replaying = played(Shown)
    replaying.read("snapshots")
    expect(replaying.place).toMatchObject({ lane, metric: 1, sequence: 3, during: "fold" })
    replaying.save()
    for (const poisoned of [[{ ...at9, during: "view", sequence: 3 } as const], []]) {
      replaying.replace(poisoned)
      replaying.event(b(1))
      const quarantine = expect.objectContaining({ error: "view: Error: nine" })
      expect(replaying.read("snapshots")).toMatchObject([
        { name: "sum" },
        { name: "throws", dimensions: { count: 2, views: 1 }, quarantine }
      ])
      replaying.save()
    }
    expect(views).toBe(1)
  })

  it("when it was restored is quarantined without its state", () => {
    const replaying = played(Tame)
    replaying.replace([{ ...at9, during: "restore", sequence: 0 }])
    replaying.event(b(1))
    expect(replaying.quarantined()).toMatchObject([{ name: "throws", error: "Error: nine" }])
    expect(replaying.read("snapshots")).toMatchObject([
      { name: "sum", dimensions: { sum: -1 } },
      // The two events that its state had before it was saved, and the one behind them.
      { name: "throws", quarantine: { error: "Error: nine", missed: 3 } }
    ])
    replaying.save()
    replaying.replace()
    expect(replaying.read("snapshots")[1]).toMatchObject({ quarantine: { error: "Error: nine", missed: 3 } })
  })
})

describe("the position of a fold", () => {
  it("names the reducer, the view or the state that it is processing", () => {
    const places: Array<unknown> = []
    const note = (): void => void places.push(replaying.place)
    const Noted = Metric.make("noted", {
      events: Family,
      initial: 0,
      reduce: {
        b: (count) => {
          note()
          return count + 1
        }
      },
      view: (count) => {
        note()
        return { count }
      }
    })
    const replaying: Replaying = new Replaying([Count, Noted])
    for (const name of ["count", "noted"]) replaying.register(name)
    for (const each of [a(1), b(1)]) replaying.event(each)
    replaying.read("snapshots")
    replaying.watch("every")
    replaying.event(b(1))
    const at = (sequence: number, during: string) => ({ lane, metric: 1, sequence, during, rows: 0, reader: 1, tag: 0 })
    expect(places).toEqual([at(2, "fold"), at(2, "view"), at(3, "fold"), at(3, "view")])
  })
})

describe("the touched lanes of a fold", () => {
  it("are those that received events or commands since the last call", () => {
    const fold = foldOf({ send: () => {} })
    fold.command({ _tag: "Counters", chunk: 0, buffer: new ArrayBuffer(ChunkBytes) })
    for (const each of [0, 1, 2]) fold.command({ _tag: "Open", lane: each, recorderId: "r" })
    expect(fold.lanes.touched.take("checkpoints")).toEqual([0, 1, 2])
    expect(fold.lanes.touched.take("checkpoints")).toEqual([])
    fold.main.event(1, a(1), 0)
    fold.main.event(1, a(1), 0)
    fold.command({ _tag: "Close", lane: 2 })
    fold.main.foreignEvents(0, 1)
    expect(fold.lanes.touched.take("checkpoints")).toEqual([1, 2, 0])
    expect(fold.lanes.find(2)).toBe(undefined)
    fold.main.skip(1, 5)
    expect(fold.lanes.touched.take("checkpoints")).toEqual([1])
    expect(fold.lanes.find(1)!.sequence).toBe(5)
  })
})
