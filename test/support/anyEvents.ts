/**
 * Arbitrary events with their schemas: a schema of fields is generated together with matching values.
 */
import { Schema } from "effect"
import fc from "fast-check"
import type { MetricEvent } from "../../src/MetricEvent.ts"

/** Stands for a missing property. */
const missing = Symbol("missing")

/** A schema of a field, and matching values. */
export interface FieldCase {
  readonly name: string
  readonly schema: Schema.Top
  readonly values: fc.Arbitrary<unknown>
}

const fieldCase = (name: string, schema: Schema.Top, values: fc.Arbitrary<unknown>): FieldCase => ({
  name,
  schema,
  values
})

/** Arbitrary UTF-16: lone surrogates, empty strings, lengths at which the encoding changes, and frequent repeats. */
export const anyString: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("", "a", "b", "GET", "\0", "é", "\ud83d\ude00") },
  { weight: 4, arbitrary: fc.string({ unit: "binary" }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 9 }).map(ofUnits) },
  { weight: 1, arbitrary: fc.constantFrom(255, 256, 257, 1024, 1025, 5000).map((length) => "x".repeat(length)) },
  { weight: 1, arbitrary: fc.nat(999).map((n) => `${n}`.padStart(300, "-")) }
)

function ofUnits(units: ReadonlyArray<number>): string {
  return String.fromCharCode(...units)
}

/** Names with a meaning in JavaScript, names that must be quoted, and usual ones. */
const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("n", "text", "at", "lane", "e", "w", "k", "i32", "p", "h", "v0", "r", "s"),
  fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "then", "length", "prototype"),
  fc.constantFrom("", " ", "a b", "0", "-1", '"', "'", "`", "$", "\\", "\n", "\u2028", "\ud800", "*/", "//", "é"),
  fc.string()
)

const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
const anyLiteral = fc.oneof(fc.string(), fc.integer(), finite, fc.boolean(), fc.bigInt({ min: -9n, max: 9n }))
const codes = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`Code${i}`, i % 2 === 0 ? i : `code-${i}`]))

const leaf: fc.Arbitrary<FieldCase> = fc.oneof(
  fc.constantFrom(
    fieldCase("Number", Schema.Number, fc.double()),
    fieldCase("Finite", Schema.Finite, finite),
    fieldCase("Int", Schema.Int, fc.maxSafeInteger()),
    fieldCase("Boolean", Schema.Boolean, fc.boolean()),
    fieldCase("String", Schema.String, anyString),
    fieldCase(
      "TemplateLiteral",
      Schema.TemplateLiteral(["id-", Schema.String]),
      fc.string().map((s) => `id-${s}`)
    ),
    fieldCase("BigInt", Schema.BigInt, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    fieldCase("Date", Schema.Date, fc.date({ noInvalidDate: false })),
    fieldCase("Null", Schema.Null, fc.constant(null)),
    fieldCase("Undefined", Schema.Undefined, fc.constant(undefined)),
    fieldCase("Enum", Schema.Enum(codes), fc.constantFrom(...Object.values(codes)))
  ),
  fc
    .uniqueArray(anyLiteral, { minLength: 1, maxLength: 12 })
    .map((values) => fieldCase(`Literals ${fc.stringify(values)}`, Schema.Literals(values), fc.constantFrom(...values)))
)

const optionally = (field: FieldCase): fc.Arbitrary<FieldCase> => {
  const { name, schema, values } = field
  const or = (...others: ReadonlyArray<unknown>) => fc.oneof(values, fc.constantFrom(...others))
  return fc.constantFrom(
    field,
    field,
    fieldCase(`optionalKey ${name}`, Schema.optionalKey(schema), or(missing)),
    fieldCase(`optional ${name}`, Schema.optional(schema), or(missing, undefined)),
    fieldCase(`NullOr ${name}`, Schema.NullOr(schema), or(null)),
    fieldCase(`UndefinedOr ${name}`, Schema.UndefinedOr(schema), or(undefined)),
    fieldCase(`NullishOr ${name}`, Schema.NullishOr(schema), or(null, undefined)),
    fieldCase(`optional NullOr ${name}`, Schema.optional(Schema.NullOr(schema)), or(missing, null, undefined))
  )
}

const anyField = (depth: number): fc.Arbitrary<FieldCase> =>
  (depth === 0
    ? leaf
    : fc.oneof({ weight: 5, arbitrary: leaf }, { weight: 1, arbitrary: anyFields(depth - 1, 3).map(structCase) })
  ).chain(optionally)

type Fields = ReadonlyArray<readonly [name: string, field: FieldCase]>

const anyFields = (depth: number, maxLength: number): fc.Arbitrary<Fields> =>
  fc.uniqueArray(fc.tuple(anyName, fc.constant(depth).chain(anyField)), { maxLength, selector: ([name]) => name })

const schemasOf = (fields: Fields): { readonly [name: string]: Schema.Top } =>
  Object.fromEntries(fields.map(([name, { schema }]) => [name, schema]))

/** Objects of the fields, with their properties in any order. `Object.fromEntries` makes even `__proto__` a property. */
const objectsOf = (fields: Fields): fc.Arbitrary<{ readonly [name: string]: unknown }> =>
  fc
    .tuple(...fields.map(([name, { values }]) => values.map((value) => [name, value] as const)))
    .chain((entries) => fc.shuffledSubarray(entries, { minLength: entries.length }))
    .map((entries) => Object.fromEntries(entries.filter(([, value]) => value !== missing)))

const structCase = (fields: Fields): FieldCase => {
  const name = fields.map(([key, field]) => `${JSON.stringify(key)}: ${field.name}`).join(", ")
  return fieldCase(`{ ${name} }`, Schema.Struct(schemasOf(fields)), objectsOf(fields))
}

/** A schema of one event, and matching events. */
export interface EventsCase {
  readonly tag: string
  /** A description of the schema. */
  readonly name: string
  readonly schema: Schema.Top
  readonly events: ReadonlyArray<MetricEvent>
}

export const anyEvents = (maxEvents = 12): fc.Arbitrary<EventsCase> =>
  fc
    .tuple(
      fc.oneof(
        fc.constantFrom("a.happened", "constructor", "__proto__", '"'),
        fc.string().map((text) => `${text}.`)
      ),
      anyTopFields
    )
    .chain(([tag, fields]) => {
      const { name } = structCase(fields)
      const schema = Schema.Struct(
        Object.fromEntries([["_tag", Schema.tag(tag)], ...Object.entries(schemasOf(fields))])
      )
      const event = objectsOf(fields).map((properties): MetricEvent => Object.assign(properties, { _tag: tag }))
      return fc
        .array(event, { minLength: 1, maxLength: maxEvents })
        .map((events) => ({ tag, name, schema, events, [fc.toStringMethod]: () => `${name}: ${fc.stringify(events)}` }))
    })

const anyTopFields: fc.Arbitrary<Fields> = anyFields(2, 6).map((fields) => fields.filter(([name]) => name !== "_tag"))
