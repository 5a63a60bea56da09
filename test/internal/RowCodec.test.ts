// An event that is written to a row is read back as an equal event, for any schema and values. Code for one memory
// writes the same bytes as code for any.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { LastingLength, LastingStrings, RowStringLength } from "../../src/internal/stream/rows/format.ts"
import { type Layout, layoutOf, type NamedField } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { anyEvents, type EventsCase } from "../support/anyEvents.ts"
import { runs } from "../support/long.ts"
import { StreamPair, type StreamPairOptions } from "../support/streamPair.ts"

const kinds = [
  { by: "generated code", codec: { generate: true } },
  { by: "generated code for one memory", codec: { generate: true, fixedMemory: true, bytes: 16 * PageBytes } }
]

/** The layout of events with these fields. */
const layoutWith = (fields: { readonly [name: string]: Schema.Top }): Layout => {
  const layout = layoutOf("t", Schema.Struct({ _tag: Schema.tag("t"), ...fields }).ast)
  if (layout === undefined) throw new Error("it has no layout")
  return layout
}

const event = (fields: object): MetricEvent => Object.assign({ _tag: "t" }, fields)

/** Writes events, each to a row; what is read of them. */
const roundTrip = (
  layout: Layout,
  events: ReadonlyArray<MetricEvent>,
  codec: StreamPairOptions
): ReadonlyArray<MetricEvent> => {
  const pair = new StreamPair(codec)
  const write = pair.encoder(layout)
  for (const each of events) {
    if (!write(0, each, 0)) throw new Error("an event was refused")
  }
  pair.flush()
  return pair.events
}

/** Whether a string in it is too long for a row. */
const isTooLong = (value: unknown): boolean =>
  typeof value === "string"
    ? value.length > RowStringLength
    : typeof value === "object" && value !== null && Object.values(value).some(isTooLong)

/** Arbitrary events with their layout. Schemas that have none are not the matter here. */
const anyRows = anyEvents().map((events) => ({ ...events, layout: layoutOf(events.tag, events.schema.ast) }))

const withLayout = ({ layout }: { readonly layout: Layout | undefined }): Layout => {
  fc.pre(layout !== undefined)
  return layout
}

describe.each(kinds)("rows by $by", ({ codec }) => {
  it("hold the events of any schema: the read event equals the written one, and only strings that are too long are rejected", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const pair = new StreamPair(codec)
        const write = pair.encoder(withLayout(rows))
        const written = rows.events.filter((each) => write(3, each, 1000))
        deepStrictEqual(
          written,
          rows.events.filter((each) => !isTooLong(each))
        )
        pair.flush()
        deepStrictEqual(
          pair.came,
          written.map((each) => ({ lane: 3, at: 1000, event: each, by: "row" }))
        )
      }),
      { numRuns: runs(300) }
    )
  })

  it("hold numbers of every kind", () => {
    const numbers = [0, -0, 1, -1.5, NaN, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53, 5e-324]
    const events = numbers.flatMap((n) => [event({ n }), event({ n, or: n }), event({ n, or: null })])
    const layout = layoutWith({ n: Schema.Number, or: Schema.optional(Schema.NullOr(Schema.Number)) })
    deepStrictEqual(roundTrip(layout, events, codec), events)
  })

  it("hold 64-bit bigints, and dates including invalid ones", () => {
    const events = [
      event({ big: 2n ** 63n - 1n, date: new Date(8.64e15) }),
      event({ big: -(2n ** 63n), date: new Date(Number.NaN) }),
      event({ big: 0n, date: new Date(0) })
    ]
    deepStrictEqual(roundTrip(layoutWith({ big: Schema.BigInt, date: Schema.Date }), events, codec), events)
  })

  it("distinguish missing, undefined and null", () => {
    const { optional, NullOr } = Schema
    const layout = layoutWith({
      number: optional(NullOr(Schema.Number)),
      string: optional(NullOr(Schema.String)),
      literal: optional(NullOr(Schema.Literals(["a", "b"]))),
      date: optional(NullOr(Schema.Date)),
      struct: optional(NullOr(Schema.Struct({ inner: optional(NullOr(Schema.Boolean)) })))
    })
    const present = { number: 0, string: "", literal: "a", date: new Date(0), struct: {} }
    const names = Object.keys(present)
    const all = (value: unknown) => event(Object.fromEntries(names.map((name) => [name, value])))
    const inner = [true, null, undefined].map((value) => event({ ...present, struct: { inner: value } }))
    const events = [event({}), all(undefined), all(null), event(present), ...inner]
    deepStrictEqual(roundTrip(layout, events, codec), events)
  })

  it.each([1, 8, 9, 200])("distinguish %d literals of all types, 0 from -0 and 1 from '1' and 1n", (count) => {
    const values = [0, 1, "1", 1n, true, "true", "", -1, ...Array.from({ length: 192 }, (_, i) => `literal ${i}`)]
    const events = values.slice(0, count).map((which) => event({ which }))
    const write = new StreamPair(codec).encoder(layoutWith({ which: Schema.Literals(values.slice(0, count)) }))
    deepStrictEqual(roundTrip(layoutWith({ which: Schema.Literals(values.slice(0, count)) }), events, codec), events)
    for (const which of [-0, 0n, false, "literal 192", null, undefined]) {
      expect(write(0, event({ which }), 0), String(which)).toBe(false)
    }
  })

  it("distinguish -0 from 0 if -0 is the literal", () => {
    const enums = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`E${i}`, i === 0 ? -0 : i]))
    for (const schema of [Schema.Literal(-0), Schema.Enum(enums)]) {
      const write = new StreamPair(codec).encoder(layoutWith({ which: schema }))
      expect(write(0, event({ which: 0 }), 0)).toBe(false)
      deepStrictEqual(roundTrip(layoutWith({ which: schema }), [event({ which: -0 })], codec), [event({ which: -0 })])
    }
  })

  it("do not depend on property order", () => {
    const { encoder, flush, writer } = streamOf(codec)
    const layout = layoutWith({ a: Schema.Number, b: Schema.String, c: Schema.Boolean })
    const write = encoder(layout)
    const rowOf = (event: unknown): BigInt64Array => {
      expect(write(0, event as MetricEvent, 0)).toBe(true)
      return writer.i64.slice(writer.pos - layout.words, writer.pos)
    }
    const row = rowOf({ _tag: "t", a: 1, b: "b", c: true })
    expect(rowOf({ c: true, b: "b", a: 1, _tag: "t" })).toEqual(row)
    deepStrictEqual(flush(), [event({ a: 1, b: "b", c: true }), event({ a: 1, b: "b", c: true })])
  })

  it("omit properties that are not in the schema, as the schema does, also in nested structs", () => {
    const fields = { known: Schema.Number, inner: Schema.Struct({ known: Schema.String }) }
    const more = event({ known: 1, more: [1], inner: { known: "k", more: () => 1 }, [Symbol("s")]: 1 })
    const less = event({ known: 1, inner: { known: "k" } })
    deepStrictEqual(roundTrip(layoutWith(fields), [more], codec), [less])
    deepStrictEqual(Schema.decodeUnknownSync(Schema.Struct({ _tag: Schema.tag("t"), ...fields }))(more), less)
  })

  it("are read as plain objects, whatever the names of properties", () => {
    const names = ["__proto__", "constructor", "hasOwnProperty", "toString", "", "0", '"', "\u2028", "\ud800", "`", "$"]
    const fields = Object.fromEntries(names.map((name) => [name, Schema.Number]))
    const layout = layoutWith({
      ...fields,
      inner: Schema.Struct(fields),
      maybe: Schema.optional(Schema.Struct(fields))
    })
    const values = Object.fromEntries(names.map((name, i) => [name, i]))
    const whole = Object.defineProperties(
      event({ inner: values, maybe: values }),
      Object.getOwnPropertyDescriptors(values)
    )
    const [read] = roundTrip(layout, [whole], codec)
    deepStrictEqual(read, whole)
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  it.each(["__proto__", "constructor", "hasOwnProperty", "toString", "valueOf"])(
    "do not mistake the %s that every object inherits for a property of the event",
    (name) => {
      const schemas = [Schema.Struct({}), Schema.String, Schema.Number, Schema.Boolean, Schema.Date, Schema.Null]
      for (const schema of schemas) {
        const layout = layoutWith(Object.fromEntries([[name, Schema.optional(schema)]]))
        deepStrictEqual(roundTrip(layout, [event({})], codec), [event({})])
      }
    }
  )
})

describe.each(kinds)("numbers in rows, by $by", ({ codec }) => {
  const { optional, NullOr, Struct } = Schema
  const layout = layoutWith({
    a: Schema.Number,
    b: optional(NullOr(Schema.Number)),
    inner: optional(Struct({ c: Schema.Number, d: Schema.String }))
  })
  /** How the rows had each of the numbers, layout by layout. */
  const kindsOf = (layouts: ReadonlyArray<Layout>): ReadonlyArray<ReadonlyArray<string>> =>
    layouts.map(({ fields }) => {
      const kindOf = ([, field]: NamedField): ReadonlyArray<string> =>
        field.kind === "struct" ? field.fields.slice(0, 1).flatMap(kindOf) : [field.kind]
      return fields.flatMap(kindOf)
    })

  it("take four bytes while all are 32-bit integers, and eight from the first that is not", () => {
    const pair = new StreamPair(codec)
    const write = pair.encoder(layout)
    const all = [
      event({ a: 2 ** 31 - 1, b: 0, inner: { c: -(2 ** 31), d: "" } }),
      event({ a: 1, b: 2 ** 31 }),
      event({ a: 1, b: 1 }),
      event({ a: -0, b: null, inner: { c: NaN, d: "" } }),
      event({ a: 1, inner: { c: 1, d: "d" } }),
      event({ a: 0.5, b: 0.5, inner: { c: 0.5, d: "d" } })
    ]
    for (const each of all) expect(write(1, each, 0)).toBe(true)
    pair.flush()
    deepStrictEqual(pair.events, all)
    deepStrictEqual(kindsOf(pair.layouts), [
      ["integer", "integer", "integer"],
      ["integer", "number", "integer"],
      ["number", "number", "number"]
    ])
    expect(pair.layouts.map(({ words }) => words)).toEqual([3, 4, 5])
  })

  it("do not change for a refused event", () => {
    const pair = new StreamPair(codec)
    const write = pair.encoder(layout)
    expect(write(1, event({ a: 0.5, b: "no number" }), 0)).toBe(false)
    pair.flush()
    expect(pair.layouts).toHaveLength(1)
  })

  it("are read back unchanged, whenever and in whichever recorder a field turns out to need more", () => {
    const number = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -5, max: 5 }) },
      { weight: 1, arbitrary: fc.constantFrom(-0, NaN, 0.5, 2 ** 31, -(2 ** 31) - 1, 1e300, Infinity) }
    )
    const anyEvent = fc
      .record(
        { a: number, b: number, inner: fc.record({ c: number, d: fc.string() }, { noNullPrototype: true }) },
        { requiredKeys: ["a"] }
      )
      .map(event)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), anyEvent, fc.boolean()), { maxLength: 60 }), (steps) => {
        const pair = new StreamPair(codec)
        const writes = [0, 1, 2].map(() => pair.encoder(layout))
        for (const [recorder, each, flush] of steps) {
          expect(writes[recorder]!(recorder, each, 0)).toBe(true)
          if (flush) pair.flush()
        }
        pair.flush()
        deepStrictEqual(
          pair.came,
          steps.map(([lane, each]) => ({ lane, at: 0, event: each, by: "row" }))
        )
        // A field at most once.
        expect(pair.layouts.length).toBeLessThanOrEqual(4)
      }),
      { numRuns: runs(200) }
    )
  })

  it("widen once if a property emits, while it is read, an event that causes the same widening", () => {
    const pair = new StreamPair(codec)
    const write = pair.encoder(layoutWith({ a: Schema.Number, b: Schema.Number }))
    let emitted = false
    const outer = Object.defineProperty(event({ a: 0.5 }), "b", {
      enumerable: true,
      get: () => {
        if (!emitted) {
          emitted = true
          write(1, event({ a: 1.5, b: 1 }), 0)
        }
        return 2
      }
    })
    expect(write(1, outer, 0)).toBe(true)
    pair.flush()
    deepStrictEqual(pair.events, [event({ a: 1.5, b: 1 }), event({ a: 0.5, b: 2 })])
    expect(pair.layouts).toHaveLength(2)
  })
})

/** A stream, with the functions that a test needs of it. */
const streamOf = (codec: StreamPairOptions) => {
  const pair = new StreamPair(codec)
  const flush = (): ReadonlyArray<MetricEvent> => {
    pair.flush()
    return pair.events
  }
  return { writer: pair.writer, encoder: (layout: Layout) => pair.encoder(layout), flush }
}

describe("generated code for one memory and for any", () => {
  /** Where and when each event is emitted: lanes and times come in runs, as they do in life. */
  const anyPlaces = fc.infiniteStream(fc.record({ lane: fc.nat(2), at: fc.constantFrom(0, 0, 0, 5.5, NaN) }))

  it("writes the same bytes, rejects the same events, and reads the same", () => {
    fc.assert(
      fc.property(anyRows, anyRows, anyPlaces, (one, other, places) => {
        const layouts = [withLayout(one), withLayout(other)]
        const [generated, ...others] = kinds.map(({ codec }) => new StreamPair(codec))
        const events = interleaved(one, other)
        for (const { lane, at, event, from } of events.map((each) => ({ ...each, ...places.next().value }))) {
          const wrote = generated!.encoder(layouts[from]!)(lane, event, at)
          for (const each of others) expect(each.encoder(layouts[from]!)(lane, event, at)).toBe(wrote)
        }
        generated!.flush()
        for (const each of others) {
          each.flush()
          expect(each.published.equals(generated!.published)).toBe(true)
          deepStrictEqual(each.came, generated!.came)
        }
      }),
      { numRuns: runs(200) }
    )
  })

  const interleaved = (one: EventsCase, other: EventsCase) =>
    [one, other].flatMap(({ events }, from) => events.map((event, i) => ({ event, from, i }))).sort((a, b) => a.i - b.i)
})

describe.each(kinds)("strings in rows, by $by", ({ codec }) => {
  const layout = layoutWith({ text: Schema.String, other: Schema.optional(Schema.String) })

  it.each([
    0,
    1,
    2,
    3,
    4,
    5,
    LastingLength - 1,
    LastingLength,
    LastingLength + 1,
    RowStringLength - 1,
    RowStringLength
  ])("a string of %d code units fits a row, repeatedly", (length) => {
    const text = Array.from({ length }, (_, i) => String.fromCharCode((i * 31) & 0xffff)).join("")
    const events = [event({ text }), event({ text, other: `${text}!`.slice(0, RowStringLength) }), event({ text })]
    deepStrictEqual(roundTrip(layout, events, codec), events)
  })

  it.each([RowStringLength + 1, 1_000_000])("a string of %d code units does not fit a row", (length) => {
    const pair = new StreamPair(codec)
    const write = pair.encoder(layout)
    expect(write(0, event({ text: "x".repeat(length) }), 0)).toBe(false)
    expect(write(0, event({ text: "before", other: "x".repeat(length) }), 0)).toBe(false)
    expect(write(0, event({ text: "after" }), 0)).toBe(true)
    pair.flush()
    deepStrictEqual(pair.events, [event({ text: "after" })])
  })

  it("every code unit survives, including lone surrogates", () => {
    const units = Array.from({ length: 0x10000 / 128 }, (_, i) => Array.from({ length: 128 }, (_, j) => i * 128 + j))
    const events = units.map((each) => event({ text: String.fromCharCode(...each) }))
    deepStrictEqual(roundTrip(layout, events, codec), events)
  })

  it("a row may have as many strings as a layout allows, all of them new and too long to keep a code", () => {
    const names = Array.from({ length: 32 }, (_, i) => `field ${i}`)
    const wide = layoutWith(Object.fromEntries(names.map((name) => [name, Schema.String])))
    const long = (n: number, name: string) => `${name} of ${n}`.padEnd(LastingLength + 1, ".")
    const events = Array.from({ length: 10 }, (_, n) =>
      event(Object.fromEntries(names.map((name) => [name, long(n, name)])))
    )
    deepStrictEqual(roundTrip(wide, events, codec), events)
  })
})

it("strings beyond the size of the dictionary survive, with or without an entry", () => {
  const pair = new StreamPair()
  const write = pair.encoder(layoutWith({ text: Schema.String, other: Schema.optional(Schema.String) }))
  const count = LastingStrings + 200
  const last = (i: number) => `string ${count - 1 - i}`
  const events = [
    ...Array.from({ length: count }, (_, i) => event({ text: `string ${i}` })),
    // The first ones have their place, the last ones take turns: some come twice, in one row or in two.
    ...Array.from({ length: 200 }, (_, i) => event({ text: `string ${i}`, other: last(i) })),
    ...Array.from({ length: 200 }, (_, i) => event({ text: last(i), other: last(i >> 1) }))
  ]
  for (const [i, each] of events.entries()) {
    expect(write(0, each, 0)).toBe(true)
    if (i % 1000 === 0) pair.flush()
  }
  pair.flush()
  deepStrictEqual(pair.events, events)
})
