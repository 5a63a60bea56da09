// Spans in rows are read back as written, with and without generated code, and their ids leave nothing behind.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema, Tracer } from "effect"
import { putSpan, spanOf } from "../../src/internal/model/eventSpan.ts"
import { FirstCode, FirstLasting, PassingStrings, RowStringLength } from "../../src/internal/stream/rows/format.ts"
import { type Layout, layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import { StringCodes } from "../../src/internal/stream/rows/stringCodes.ts"
import { StreamPair } from "../support/streamPair.ts"

const kinds = [
  { by: "generated code", codec: { generate: true } },
  { by: "generated code for one memory", codec: { generate: true, fixedMemory: true, bytes: 16 * PageBytes } },
  { by: "no generated code", codec: { generate: false } }
]

const layoutWith = (fields: Schema.Struct.Fields): Layout =>
  layoutOf("t", Schema.Struct({ _tag: Schema.tag("t"), ...fields }).ast, undefined, true)!

const within = <A>(traceId: string, spanId: string, run: () => A): A =>
  Effect.runSync(Effect.withParentSpan(Effect.sync(run), Tracer.externalSpan({ traceId, spanId })))

describe.each(kinds)("rows with spans by $by", ({ codec }) => {
  it.each<readonly [string, Schema.Struct.Fields, object]>([
    ["no field", {}, {}],
    ["an odd number of halves", { text: Schema.String }, { text: "x" }],
    ["numbers and structs", { n: Schema.Number, s: Schema.Struct({ b: Schema.Boolean }) }, { n: 1.5, s: { b: true } }]
  ])("hold the current span, or the span of a copy, next to %s", (_, fields, values) => {
    const pair = new StreamPair(codec)
    const write = pair.encoder(layoutWith(fields))
    const event = () => ({ _tag: "t", ...values })
    const emit = (each = event()) => expect(write(0, each, 0)).toBe(true)
    within("a", "b", emit)
    within("a", "c", emit)
    emit()
    within("x", "y", () => emit(putSpan(event(), { traceId: "d", spanId: "e" }) as never))
    within("x", "y", () => emit(putSpan(event(), null) as never))
    pair.flush()
    expect(pair.events.map(spanOf)).toEqual([
      { traceId: "a", spanId: "b" },
      { traceId: "a", spanId: "c" },
      null,
      { traceId: "d", spanId: "e" },
      null
    ])
    for (const each of pair.events) {
      expect(Object.keys(each)).toEqual(["_tag", ...Object.keys(values)])
      expect(structuredClone(each)).toStrictEqual(event())
    }
  })

  it("hold the right ids among thousands of other strings", () => {
    const pair = new StreamPair(codec)
    const texts = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`t${i}`, Schema.String]))
    const write = pair.encoder(layoutWith(texts))
    const long = "x".repeat(300)
    const expected: Array<unknown> = []
    for (let i = 0; i < 500; i++) {
      const ids = { traceId: `trace${i >> 2}`, spanId: `span${i >> 1}` }
      const values = Object.fromEntries(
        Object.keys(texts).map((name, j) => [name, `${long}${i}/${j % (1 + (i % 30))}`])
      )
      within(ids.traceId, ids.spanId, () => expect(write(0, { _tag: "t", ...values }, 0)).toBe(true))
      if (i % 50 === 0) pair.flush()
      expected.push([{ _tag: "t", ...values }, ids])
    }
    pair.flush()
    expect(pair.events.map((event) => [structuredClone(event), spanOf(event)])).toEqual(expected)
  })

  it("reject an id that is too long for a row of fixed width", () => {
    const pair = new StreamPair(codec)
    const write = pair.encoder(layoutWith({}))
    const id = "x".repeat(RowStringLength + 1)
    within(id, "b", () => expect(write(0, { _tag: "t" }, 0)).toBe(codec.generate !== true))
  })
})

it("an event of any shape crosses with its span, unless an id of it is too long", () => {
  const pair = new StreamPair()
  const span = { traceId: "a", spanId: "b".repeat(RowStringLength) }
  for (const each of [span, null, { ...span, traceId: "a".repeat(RowStringLength + 1) }, span]) {
    expect(pair.writer.writeEvent(pair.source(0), putSpan({ _tag: "t" }, each), "t", true)).toBe(true)
  }
  pair.flush()
  expect(pair.events.map(spanOf)).toEqual([span, null, null, span])
})

describe("the ids of spans", () => {
  it("reuse a few codes, however many there are, and leave the dictionary to other strings", () => {
    const written = new Map<number, string>()
    const codes = new StringCodes((code, value) => {
      written.set(code, value)
      return true
    })
    for (let i = 0; i < 200_000; i++) {
      const code = codes.briefly(i.toString(16).padStart(16, "0"))
      expect(code >= FirstCode && code < FirstCode + PassingStrings).toBe(true)
    }
    expect(written.size).toBe(PassingStrings)
    expect(codes.of("label")).toBe(FirstLasting)
  })

  it("are written once for consecutive events of a span", () => {
    let written = 0
    const codes = new StringCodes(() => {
      written++
      return true
    })
    for (let i = 0; i < 1000; i++) {
      codes.briefly("trace")
      codes.briefly(`span ${Math.floor(i / 100)}`)
    }
    expect(written).toBeLessThan(20)
  })

  it("keep their code only while it is theirs", () => {
    const standing = new Map<number, string>()
    const codes = new StringCodes((code, value) => {
      standing.set(code, value)
      return true
    })
    let seed = 1
    const next = (most: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % most
    }
    for (let i = 0; i < 20_000; i++) {
      // As many strings as a row may have, of which the ids come last.
      const strings = Array.from({ length: next(31) }, () => "x".repeat(300 + next(40)))
      const ids = [`trace ${next(20)}`, `span ${next(60)}`]
      const given = [...strings.map((text) => codes.of(text)), ...ids.map((id) => codes.briefly(id))]
      expect(given.map((code) => standing.get(code))).toEqual([...strings, ...ids])
    }
  })

  it("that find no room get no code, and are written again", () => {
    let room = false
    const codes = new StringCodes(() => room)
    expect(codes.briefly("a")).toBe(-1)
    room = true
    expect(codes.briefly("a")).toBeGreaterThanOrEqual(FirstCode)
  })
})
