// Which events have a layout, and its content: rows of fixed width hold fixed-width values, and strings by code.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { type Field, type Layout, layoutOf, type NamedField } from "../../src/internal/stream/rows/layout.ts"
import { anyEvents } from "../support/anyEvents.ts"

type Fields = { readonly [name: string]: Schema.Top }

/** The layout of an event with these fields. */
const layoutWith = (fields: Fields): Layout | undefined => layoutOf("t", Schema.TaggedUnion({ t: fields }).cases.t.ast)

/** How the layout has a field of this schema, without its place. `undefined`: there is no layout. */
const fieldOf = (schema: Schema.Top): object | undefined => {
  const [first] = layoutWith({ x: schema })?.fields ?? []
  return first && withoutPlaces(first[1])
}

const withoutPlaces = (field: Field): object => {
  const { half: _half, kind, ...rest } = field
  const absences = (["missing", "undefined", "null"] as const).filter((absence) => field[absence])
  const own =
    field.kind === "struct"
      ? { fields: Object.fromEntries(field.fields.map(([name, inner]) => [name, withoutPlaces(inner)])) }
      : "values" in rest
        ? { values: rest.values }
        : {}
  return { kind, ...own, ...(absences.length > 0 && { absences }) }
}

const many = (count: number, schema: Schema.Top): Fields =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, schema]))

interface Tree {
  readonly child?: Tree
}
const Tree = Schema.Struct({ child: Schema.optionalKey(Schema.suspend((): Schema.Codec<Tree> => Tree)) })

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number }) {}
class Moved extends Schema.TaggedClass<Moved>()("moved", { x: Schema.Number }) {}

describe("a layout", () => {
  const { Literal, Literals, NullOr, NullishOr, Struct, UndefinedOr, Union, optional, optionalKey } = Schema
  const number = { kind: "number" }
  const string = { kind: "string" }
  const literal = (...values: ReadonlyArray<unknown>) => ({ kind: "literal", values })

  it.each<readonly [string, Schema.Top, object]>([
    ["a number", Schema.Number, number],
    ["a finite number", Schema.Finite, number],
    ["an integer", Schema.Int, number],
    ["a branded number", Schema.Number.pipe(Schema.brand("Bytes")), number],
    ["a checked number", Schema.Number.check(Schema.isGreaterThan(0)), number],
    ["a number encoded as a string", Schema.NumberFromString, number],
    ["a bigint", Schema.BigInt, { kind: "bigint" }],
    ["a date", Schema.Date, { kind: "date" }],
    ["a checked date", Schema.Date.check(Schema.isGreaterThanOrEqualToDate(new Date(0))), { kind: "date" }],
    ["a date encoded as a string", Schema.DateFromString, { kind: "date" }],
    ["a string", Schema.String, string],
    ["a checked string", Schema.NonEmptyString, string],
    ["a template literal", Schema.TemplateLiteral(["/user/", Schema.Number]), string],
    ["a boolean", Schema.Boolean, literal(false, true)],
    ["literals", Literals(["a", 1, 2n, true]), literal("a", 1, 2n, true)],
    ["a literal", Literal("a"), literal("a")],
    ["an enum of numbers", Schema.Enum({ A: 0, B: 1 }), literal(0, 1)],
    ["an enum of strings", Schema.Enum({ A: "a", B: "b" }), literal("a", "b")],
    ["null", Schema.Null, { ...literal(), absences: ["null"] }],
    ["undefined", Schema.Undefined, { ...literal(), absences: ["undefined"] }],
    ["a suspended schema", Schema.suspend(() => Schema.Number), number],
    ["a string among its own literals", Union([Literal("a"), Schema.String]), string],
    ["a number among its own literals", Union([Literal(0), Schema.Number]), number],
    [
      "literals among literals",
      Union([Literals(["a", "b"]), Schema.Boolean, Literal("a")]),
      literal("a", "b", false, true)
    ],
    ["strings of two kinds", Union([Schema.String, Schema.TemplateLiteral(["/", Schema.String])]), string],
    ["a struct", Struct({ a: Schema.Number, b: Schema.String }), { kind: "struct", fields: { a: number, b: string } }],
    ["an empty struct", Struct({}), { kind: "struct", fields: {} }],
    ["a struct with a tag", Struct({ _tag: Literal("inner") }), { kind: "struct", fields: { _tag: literal("inner") } }]
  ])("has %s", (_, schema, expected) => {
    expect(fieldOf(schema)).toEqual(expected)
  })

  const kinds: ReadonlyArray<readonly [string, Schema.Top]> = [
    ["a number", Schema.Number],
    ["a bigint", Schema.BigInt],
    ["a date", Schema.Date],
    ["a string", Schema.String],
    ["literals", Literals(["a", "b"])],
    ["a boolean", Schema.Boolean],
    ["a struct", Struct({ a: Schema.Number })]
  ]
  it.each(kinds)("records of %s whether it may be missing, undefined or null", (_, schema) => {
    const plain = fieldOf(schema)
    const or = (...absences: ReadonlyArray<string>) => ({ ...plain, absences })
    expect(fieldOf(optionalKey(schema))).toEqual(or("missing"))
    expect(fieldOf(optional(schema))).toEqual(or("missing", "undefined"))
    expect(fieldOf(NullOr(schema))).toEqual(or("null"))
    expect(fieldOf(UndefinedOr(schema))).toEqual(or("undefined"))
    expect(fieldOf(NullishOr(schema))).toEqual(or("undefined", "null"))
    expect(fieldOf(optional(NullOr(schema)))).toEqual(or("missing", "undefined", "null"))
    expect(fieldOf(optionalKey(NullOr(schema)))).toEqual(or("missing", "null"))
  })

  it("has structs within structs, including optional and nullable ones", () => {
    const inner = optional(NullOr(Struct({ outcome: optional(NullOr(Literals(["a", "b"]))) })))
    const absences = ["missing", "undefined", "null"]
    const expected = { kind: "struct", fields: { outcome: { ...literal("a", "b"), absences } }, absences }
    expect(fieldOf(inner)).toEqual(expected)
    expect(fieldOf(optional(NullOr(Struct({ inner }))))).toEqual({
      kind: "struct",
      fields: { inner: expected },
      absences
    })
  })

  it.each<readonly [string, Schema.Top]>([
    ["an array", Schema.Array(Schema.Number)],
    ["a tuple", Schema.Tuple([Schema.Number])],
    ["a record", Schema.Record(Schema.String, Schema.Number)],
    [
      "a struct with additional properties of any name",
      Schema.StructWithRest(Struct({}), [Schema.Record(Schema.String, Schema.Number)])
    ],
    ["anything", Schema.Unknown],
    ["any", Schema.Any],
    ["any object", Schema.ObjectKeyword],
    ["nothing", Schema.Never],
    ["a symbol", Schema.Symbol],
    ["an Option", Schema.Option(Schema.Number)],
    ["a URL", Schema.URL],
    ["a class", Point],
    ["an infinite structure", Tree],
    ["a number or a string", Union([Schema.Number, Schema.String])],
    ["a number or a bigint", Union([Schema.Number, Schema.BigInt])],
    ["a date or a number", Union([Schema.Date, Schema.Number])],
    ["a number or a literal of another type", Union([Schema.Number, Literal("none")])],
    ["a string or a boolean", Union([Schema.String, Schema.Boolean])],
    ["a struct or a literal", Union([Struct({ a: Schema.Number }), Literal("none")])],
    ["one struct or another", Union([Struct({ a: Schema.Number }), Struct({ b: Schema.Number })])],
    ["a struct that has one of these", Struct({ a: Schema.Number, list: Schema.Array(Schema.Number) })],
    ["one of these or null", NullOr(Schema.Array(Schema.Number))],
    ["an optional one of these", optional(Schema.Unknown)]
  ])("does not exist for %s", (_, schema) => {
    expect(layoutWith({ x: schema })).toBeUndefined()
    expect(layoutWith({ fine: Schema.Number, x: schema })).toBeUndefined()
  })

  it("does not exist for a property named by a symbol", () => {
    expect(layoutWith({ [Symbol("s")]: Schema.Number })).toBeUndefined()
  })

  it("does not exist if its description does not fit one row", () => {
    const literals = Array.from({ length: 10_000 }, (_, i) => `literal ${i}`)
    expect(layoutWith({ x: Schema.Literals(literals.slice(0, 100)) })).toBeDefined()
    expect(layoutWith({ x: Schema.Literals(literals) })).toBeUndefined()
    expect(layoutWith({ ["x".repeat(70_000)]: Schema.Number })).toBeUndefined()
  })

  it("does not exist for an event that is a class instance", () => {
    expect(layoutOf("moved", Moved.ast)).toBeUndefined()
  })

  it("exists for an event of a union that was tagged later, and for one without fields", () => {
    const family = Union([Schema.TaggedStruct("a", { n: Schema.Number }), Schema.TaggedStruct("b", {})])
    const { cases } = family.pipe(Schema.toTaggedUnion("_tag"))
    expect(layoutOf("a", cases.a.ast)).toMatchObject({ tag: "a", words: 1, fields: [["n", { kind: "number" }]] })
    expect(layoutOf("b", cases.b.ast)).toEqual({ tag: "b", words: 1, fields: [] })
  })

  it.each([
    { of: "numbers", schema: Schema.Number, most: 256 },
    { of: "literals, two of which share a word", schema: Literal("a"), most: 512 },
    { of: "optional numbers", schema: optionalKey(Schema.Number), most: 170 },
    { of: "strings", schema: Schema.String, most: 32 }
  ])("is at most $most $of wide", ({ most, schema }) => {
    expect(layoutWith(many(most, schema))?.words).toBeLessThanOrEqual(256)
    expect(layoutWith(many(most + 1, schema))).toBeUndefined()
    expect(layoutWith({ inner: Struct(many(most + 1, schema)) })).toBeUndefined()
  })

  it("counts strings in nested structs, including optional ones", () => {
    const some = many(16, optional(Schema.String))
    expect(layoutWith({ ...some, inner: Struct(some) })).toBeDefined()
    expect(layoutWith({ ...some, inner: optional(Struct(some)), more: Schema.String })).toBeUndefined()
  })
})

describe("any layout", () => {
  /** The halves of words that a field takes. */
  const halvesOf = ([, field]: NamedField): ReadonlyArray<number> => [
    ...(field.half < 0 ? [] : [field.half]),
    ...("word" in field ? [field.word * 2, field.word * 2 + 1] : []),
    ...(field.kind === "struct" ? field.fields.flatMap(halvesOf) : [])
  ]

  const anyLayout = anyEvents().map(({ schema, tag }) => layoutOf(tag, schema.ast))

  it("gives every field its own place within the row", () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        fc.pre(layout !== undefined)
        const halves = layout.fields.flatMap(halvesOf)
        expect(new Set(halves).size).toBe(halves.length)
        expect(Math.max(0, ...halves)).toBeLessThan(layout.words * 2)
        expect(layout.words).toBe(Math.max(1, Math.ceil(halves.length / 2)))
      }),
      { numRuns: 200 }
    )
  })

  it("is plain data that can be sent to the other thread", () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        fc.pre(layout !== undefined)
        expect(structuredClone(layout)).toEqual(layout)
      }),
      { numRuns: 100 }
    )
  })
})
