// A value that does not match a layout uses a row without fixed width, in order; an invalid event is refused. Either
// way no value ever arrives as another one, and nothing is thrown at the emitter.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { ExpositionNames } from "../../src/internal/formats/prometheus/nameRegistry.ts"
import { Registrations } from "../../src/internal/recorder/registrations.ts"
import type { TagLayout } from "../../src/internal/stream/rows/layout.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import type { Family, MetricEvent } from "../../src/MetricEvent.ts"
import { anyEvents } from "../support/anyEvents.ts"
import { StreamPair, type StreamPairOptions } from "../support/streamPair.ts"

const kinds = [
  { codec: "generated code", generate: true },
  { codec: "no generated code", generate: false }
]

/** A stream with the writer of one recorder, whose events have these layouts; tags that are not here are foreign. */
const streamOf = (layoutOf: (tag: string) => TagLayout, options?: StreamPairOptions) => {
  const pair = new StreamPair(options)
  return { pair, events: pair.recorder(layoutOf) }
}

/** A metric whose reducers may read all of an event. */
const wholeReader = (name: string, events: Family): Metric.Any => {
  const reduce = Object.fromEntries(Object.keys(events.cases).map((tag) => [tag, (state: number) => state + 1]))
  return Metric.make(name, { events, initial: 0, reduce: reduce as never })
}

/** The layouts of a recorder that has such a metric over each of the families. */
const layoutsOf = (...families: ReadonlyArray<Family>) => {
  const registrations = new Registrations("r", undefined, new ExpositionNames())
  registrations.add(families.map((events, i) => wholeReader(`metric-${i}`, events)))
  return (tag: string): TagLayout => registrations.layoutOf(tag)
}

const familyOf = (fields: { readonly [name: string]: Schema.Top }) => Schema.TaggedUnion({ t: fields })

const event = (fields: object): MetricEvent => Object.assign({ _tag: "t" }, fields)

const Inner = Schema.Struct({ known: Schema.Number })

class LaterDate extends Date {}

/** Values that a field cannot hold, by its schema. Plain data all of them. */
const outside: ReadonlyArray<readonly [field: string, schema: Schema.Top, values: ReadonlyArray<unknown>]> = [
  ["a number", Schema.Number, ["1", null, undefined, 1n, true, {}, [1], new Date(0)]],
  ["a string", Schema.String, [1, null, undefined, ["a"], {}, "x".repeat(1025), "x".repeat(60_000)]],
  ["a boolean", Schema.Boolean, [0, 1, "true", null, undefined]],
  ["literals", Schema.Literals(["a", 0, 1n]), ["b", -0, 1, "0", 0n, null, undefined, ["a"]]],
  ["many literals", Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), [-0, "0", 10, 0n, null, undefined]],
  ["an enum", Schema.Enum({ A: "a" }), ["A", "", null, undefined]],
  ["a bigint", Schema.BigInt, [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 200n, 1, "1", null, undefined]],
  ["a date", Schema.Date, [0, "1970-01-01", { getTime: 0 }, [], null, undefined]],
  ["a struct", Inner, [[], [1], {}, { known: "1" }, { known: null }, "x", 1, null, undefined]],
  ["an optional key", Schema.optionalKey(Schema.Number), [undefined, null, "1"]],
  ["an optional field", Schema.optional(Schema.Number), [null, "1"]],
  ["a nullable field", Schema.NullOr(Schema.Number), [undefined, "1"]],
  ["an optional struct", Schema.optional(Inner), [null, [], {}, { known: undefined }]]
]

describe.each(kinds)("a value that does not match the layout, with $codec", ({ generate }) => {
  it.each(outside)("of %s does not go into a row; its event arrives unchanged, in order", (_, schema, values) => {
    // The field before it has a string: what the encoder has written by then must not be seen.
    const family = familyOf({ before: Schema.String, x: schema, after: Schema.Number })
    const { events, pair } = streamOf(layoutsOf(family), { generate })
    const bad = values.map((x, i) => event({ before: `before ${i}`, x, after: i }))
    const good = event({ ...firstGood(schema), before: "good", after: 0 })
    for (const each of bad) {
      expect(events.emit(each)).toBe("written")
      expect(events.emit(good)).toBe("written")
    }
    pair.flush()
    const arrived = (each: MetricEvent, by: "row" | "generic") => ({ lane: 1, at: 0, event: each, by })
    deepStrictEqual(
      pair.came,
      bad.flatMap((each) => [arrived(each, "generic"), arrived(good, generate ? "row" : "generic")])
    )
  })

  it("that is missing makes the event use a row without fixed width", () => {
    const { events, pair } = streamOf(layoutsOf(familyOf({ x: Schema.Number, y: Schema.UndefinedOr(Schema.String) })), {
      generate
    })
    const incomplete = [event({}), event({ x: 1 }), event({ y: "y" })]
    for (const each of incomplete) expect(events.emit(each)).toBe("written")
    pair.flush()
    deepStrictEqual(
      pair.came,
      incomplete.map((each) => ({ lane: 1, at: 0, event: each, by: "generic" }))
    )
  })

  it("that is an instance of a user's own date class arrives as a date", () => {
    const { events, pair } = streamOf(layoutsOf(familyOf({ x: Schema.Date })), { generate })
    expect(events.emit(event({ x: new LaterDate(5) }))).toBe("written")
    pair.flush()
    deepStrictEqual(pair.events, [event({ x: new Date(5) })])
  })

  it("that is another kind of object in place of a struct arrives unchanged", () => {
    const family = familyOf({ x: Schema.Struct({ size: Schema.optional(Schema.Number) }) })
    const { events, pair } = streamOf(layoutsOf(family), { generate })
    const objects = [new Date(5), new Map([[1, 1]]), /x/g, new Uint8Array(1)].map((x) => event({ x }))
    for (const each of objects) expect(events.emit(each)).toBe("written")
    pair.flush()
    deepStrictEqual(pair.events, objects)
  })

  it("anywhere in any event changes nothing: all arrive unchanged, in order", () => {
    const anyJunk = fc.constantFrom<unknown>(undefined, null, NaN, -0, 0, "", "x", 1n, 2n ** 64n, true, [], [0])
    const anyPlace = fc.record({ event: fc.nat(), property: fc.nat(), junk: anyJunk })
    fc.assert(
      fc.property(anyEvents(6), fc.array(anyPlace, { maxLength: 6 }), ({ events: given, schema, tag }, places) => {
        const { events, pair } = streamOf(() => layoutOf(tag, schema.ast) ?? "generic", { generate })
        const written = given.map((each) => structuredClone(each))
        // Its own junk for each place: one list put into itself would be no event.
        for (const place of places)
          spoil(written[place.event % written.length]!, { ...place, junk: structuredClone(place.junk) })
        for (const each of written) expect(events.emit(each)).toBe("written")
        pair.flush()
        deepStrictEqual(pair.events, written)
      }),
      { numRuns: 200 }
    )
  })
})

/** A value that fits a schema, as the field `x`. */
const firstGood = (schema: Schema.Top): { readonly x: unknown } => {
  const candidates = [1, "a", true, 1n, new Date(0), { known: 1 }]
  return { x: candidates.find(Schema.is(schema as Schema.Schema<unknown>)) }
}

/** Puts junk in the place of a property, or of one of a struct within. */
const spoil = (target: object, { junk, property }: { readonly junk: unknown; readonly property: number }): void => {
  const names = Object.keys(target).filter((name) => name !== "_tag")
  const name = names[property % names.length]
  if (name === undefined) return
  const value = Object.getOwnPropertyDescriptor(target, name)?.value as unknown
  const isStruct = typeof value === "object" && value !== null && !(value instanceof Date)
  if (isStruct && property % 3 > 0) return spoil(value, { junk, property: property >> 1 })
  Object.defineProperty(target, name, { value: junk, enumerable: true, configurable: true, writable: true })
}

describe.each(kinds)("an event writer, with $codec", ({ generate }) => {
  const fields = { n: Schema.Number, inner: Schema.Struct({ text: Schema.String }) }

  it("accepts events by value, in rows with a layout and without fixed width", () => {
    const { events, pair } = streamOf(layoutsOf(familyOf({ n: Schema.Number, inner: Schema.Unknown })), { generate })
    const rows = streamOf(layoutsOf(familyOf(fields)), { generate })
    const mine = { _tag: "t", n: 1, inner: { text: "before" } }
    events.emit(mine)
    rows.events.emit(mine)
    mine.n = 2
    mine.inner.text = "after"
    for (const each of [pair, rows.pair]) each.flush()
    deepStrictEqual(pair.events, [event({ n: 1, inner: { text: "before" } })])
    deepStrictEqual(rows.pair.events, pair.events)
  })

  it.each<readonly [string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a text", "t"],
    ["a number", 1],
    ["an array", []],
    ["an object without a tag", { n: 1 }],
    ["an object with an invalid tag", { _tag: 1, n: 1 }],
    ["an object with a blank tag", { _tag: " ", n: 1 }],
    ["an object that throws when it is read", Object.defineProperty({}, "_tag", { get: () => fail() })],
    ["an event whose field throws", Object.defineProperty(event({}), "n", { get: () => fail(), enumerable: true })],
    ["an event with a function", event({ n: () => 1 })],
    ["an event with a symbol", event({ n: Symbol("n") })],
    ["an event with a function deep in it", event({ n: 1, inner: { text: () => "" } })],
    ["a revoked proxy", revoked()]
  ])("rejects %s as invalid, and writes nothing", (_, bad) => {
    for (const layouts of [layoutsOf(familyOf(fields)), layoutsOf(familyOf({ n: Schema.Unknown }))]) {
      const { events, pair } = streamOf(layouts, { generate })
      expect(events.emit(bad)).toBe("invalid")
      pair.flush()
      expect(pair.came).toEqual([])
    }
  })

  it("writes only a count for an event that no metric can handle", () => {
    const { events, pair } = streamOf(layoutsOf(familyOf(fields)), { generate })
    const good = event({ n: 1, inner: { text: "" } })
    for (const each of [good, { _tag: "foreign", n: 1 }, { _tag: "constructor" }, good]) events.emit(each)
    pair.flush()
    const row = { lane: 1, at: 0, event: good, by: generate ? "row" : "generic" }
    deepStrictEqual(pair.came, [row, { lane: 1, foreign: true }, { lane: 1, foreign: true }, row])
  })

  it("refreshes the layouts when the metrics have changed", () => {
    let layouts = layoutsOf()
    const { events, pair } = streamOf((tag) => layouts(tag), { generate })
    const good = event({ n: 1, inner: { text: "" } })
    for (const families of [[], [familyOf(fields)], [familyOf(fields), familyOf({ n: Schema.Number })]]) {
      layouts = layoutsOf(...families)
      events.metricsChanged()
      expect(events.emit(good)).toBe("written")
    }
    pair.flush()
    const arrived = (by: string) => ({ lane: 1, at: 0, event: good, by })
    deepStrictEqual(pair.came, [{ lane: 1, foreign: true }, arrived(generate ? "row" : "generic"), arrived("generic")])
  })

  it("reports when there is no room, and what it could not write never arrives", () => {
    const { events, pair } = streamOf(layoutsOf(familyOf({ n: Schema.String })), { bytes: 2 * PageBytes, generate })
    const written: Array<MetricEvent> = []
    for (let i = 0; ; i++) {
      const next = event({ n: `${i}`.padStart(250, "x") })
      if (events.emit(next) === "full") break
      written.push(next)
    }
    expect(written.length).toBeGreaterThan(100)
    for (let i = 0; i < 10; i++) expect(events.emit(event({ n: `more ${i}`.repeat(3000) }))).toBe("full")
    pair.flush()
    deepStrictEqual(pair.events, written)
    expect(events.emit(event({ n: "after" }))).toBe("written")
    pair.flush()
    deepStrictEqual(pair.events.at(-1), event({ n: "after" }))
  })

  it("keeps events separate when a property emits another one while it is read", () => {
    const family = familyOf({ a: Schema.Number, text: Schema.String, b: Schema.Number, c: Schema.Boolean })
    const { events, pair } = streamOf(layoutsOf(family), { generate })
    const inner = event({ a: -1, text: "inner", b: -2, c: false })
    const outer = Object.defineProperty(event({ a: 1, text: "outer", c: true }), "b", {
      enumerable: true,
      get: () => (events.emit(inner) === "written" ? 2 : 0)
    })
    expect(events.emit(outer)).toBe("written")
    pair.flush()
    deepStrictEqual(pair.events, [inner, event({ a: 1, text: "outer", b: 2, c: true })])
  })
})

const fail = (): never => {
  throw new Error("do not touch")
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe("one tag in two families", () => {
  const written = (families: ReadonlyArray<Family>, each: MetricEvent) => {
    const { events, pair } = streamOf(layoutsOf(...families))
    expect(events.emit(each)).toBe("written")
    pair.flush()
    return pair.came
  }

  it("uses rows of a layout if both have the same fields, and rows without fixed width otherwise", () => {
    const one = event({ n: 1 })
    const same = [familyOf({ n: Schema.Number }), familyOf({ n: Schema.Finite })]
    deepStrictEqual(written(same, one), [{ lane: 1, at: 0, event: one, by: "row" }])
    const other = [familyOf({ n: Schema.Number }), familyOf({ m: Schema.Number, n: Schema.Number })]
    const two = event({ n: 1, m: 2 })
    deepStrictEqual(written(other, two), [{ lane: 1, at: 0, event: two, by: "generic" }])
  })

  it.each([
    [1n, 2n],
    [1n, 1],
    ["1", 1],
    [0, -0]
  ])("is written as a whole if one has the literal %s and the other %s", (a, b) => {
    const families = [familyOf({ n: Schema.Literal(a) }), familyOf({ n: Schema.Literal(b) })]
    for (const n of [a, b]) {
      const [came] = written(families, event({ n }))
      deepStrictEqual(came, { ...came, event: event({ n }) })
    }
  })
})
