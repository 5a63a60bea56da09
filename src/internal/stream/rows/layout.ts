/**
 * The layout of an event's row, made from the event's schema: the place of each field, and its possible values.
 *
 * It is plain data, so that the writing side can send it to the reading side. A schema that rows of fixed width cannot
 * hold (arrays, records, unions of several types) has no layout, and its events are rows of variable width.
 */
import * as SchemaAST from "effect/SchemaAST"
import { DataEncoder } from "./encodeData.ts"
import { PassingStrings } from "./format.ts"
import { NameLists } from "./nameLists.ts"
import { StringCodes } from "./stringCodes.ts"

/** What may take the place of a value. */
interface Absence {
  readonly missing: boolean
  readonly undefined: boolean
  readonly null: boolean
}

interface Coded extends Absence {
  /**
   * The half of the row that shows whether the value is present, or which absence it is; -1 if the value is always
   * present.
   */
  readonly half: number
}

interface NumberField extends Coded {
  readonly kind: "number" | "bigint" | "date"
  readonly word: number
}

/** A number that has always been a 32-bit integer so far, so it takes one half. See {@link narrowed}. */
interface IntegerField extends Coded {
  readonly kind: "integer"
  /** The half of the row with the value. */
  readonly place: number
}

export interface StringField extends Coded {
  readonly kind: "string"
}

export interface LiteralField extends Coded {
  readonly kind: "literal"
  /** The code of `values[i]` is `FirstCode + i`. */
  readonly values: ReadonlyArray<SchemaAST.LiteralValue>
}

export interface StructField extends Coded {
  readonly kind: "struct"
  readonly fields: ReadonlyArray<NamedField>
}

export type Field = NumberField | IntegerField | StringField | LiteralField | StructField
export type NamedField = readonly [name: string, field: Field]

export interface Layout {
  readonly tag: string
  /** The width of a row. */
  readonly words: number
  readonly fields: ReadonlyArray<NamedField>
  /** The first of two halves for the trace and span ids of the event, if a metric reads them. */
  readonly span?: number
}

/**
 * How the events of a tag cross: in rows of a layout, in rows of variable width because no layout can hold them, or not
 * at all because no metric of the recorder reads them.
 */
export type TagLayout = Layout | "generic" | "foreign"

/** Wider events have no layout. */
export const MostWords = 256

/** A field that has no place in the row yet. */
type Shape =
  | { readonly kind: "number" | "integer" | "bigint" | "date" | "string" }
  | { readonly kind: "literal"; readonly values: ReadonlyArray<SchemaAST.LiteralValue> }
  | { readonly kind: "struct"; readonly fields: ReadonlyArray<NamedShape> }

type NamedShape = readonly [name: string, shape: Shape & Absence]

/**
 * Makes the layout of the events of `tag`, or returns `undefined` if rows cannot hold them. `ast` belongs to the
 * event's schema. `names` are the fields that are read, if not all of them are. `spans`: whether the span is read.
 */
export const layoutOf = (
  tag: string,
  ast: SchemaAST.AST,
  names?: ReadonlySet<string>,
  spans = false
): Layout | undefined => {
  const shape = shapeOf(SchemaAST.toType(ast), 0, names)
  if (shape?.kind !== "struct") return undefined
  // Rows omit properties that the schema does not name, unless no row could hold the whole event.
  const unknown = [...(names ?? [])].some((name) => !shape.fields.some(([known]) => known === name))
  if (unknown && layoutOf(tag, ast) === undefined) return undefined
  if (count(shape.fields, ["string"]) + (spans ? 2 : 0) > PassingStrings / 2) return undefined
  const layout = place(tag, shape.fields, spans)
  return layout.words > MostWords || !canBeDeclared(layout) ? undefined : layout
}

const encoder = new DataEncoder(new StringCodes(() => false), new NameLists(() => false))

/** Whether the layout can be declared in one row. The declaration is largest with narrowed numbers. */
const canBeDeclared = (layout: Layout): boolean => {
  try {
    encoder.data(narrowed(layout))
    return true
  } catch {
    // Thousands of literals, or names of thousands of characters.
    return false
  } finally {
    encoder.pos = 0
  }
}

/** The number of fields of these kinds, including those of structs. */
const count = (fields: ReadonlyArray<NamedShape>, kinds: ReadonlyArray<Shape["kind"]>): number =>
  fields.reduce((sum, [, shape]) => {
    if (shape.kind === "struct") return sum + count(shape.fields, kinds)
    return kinds.includes(shape.kind) ? sum + 1 : sum
  }, 0)

/** Gives each field its place: first the numbers that take whole words, then the halves, two per word. */
const place = (tag: string, shapes: ReadonlyArray<NamedShape>, spans: boolean): Layout => {
  const words = count(shapes, ["number", "bigint", "date"])
  let nextWord = 0
  let nextHalf = words * 2
  const give = (fields: ReadonlyArray<NamedShape>): ReadonlyArray<NamedField> =>
    fields.map(([name, shape]) => {
      const coded = shape.kind === "string" || shape.kind === "literal"
      const optional = shape.missing || shape.undefined || shape.null
      const half = coded || optional ? nextHalf++ : -1
      const absence = { missing: shape.missing, undefined: shape.undefined, null: shape.null }
      switch (shape.kind) {
        case "struct":
          return [name, { kind: shape.kind, half, ...absence, fields: give(shape.fields) }]
        case "string":
          return [name, { kind: shape.kind, half, ...absence }]
        case "literal":
          return [name, { kind: shape.kind, half, ...absence, values: shape.values }]
        case "integer":
          return [name, { kind: shape.kind, half, ...absence, place: nextHalf++ }]
        default:
          return [name, { kind: shape.kind, half, ...absence, word: nextWord++ }]
      }
    })
  const fields = give(shapes)
  const span = nextHalf
  if (spans) nextHalf += 2
  // A row has at least one word, so that rows can be counted.
  return { tag, words: Math.max(1, (nextHalf + 1) >> 1), fields, ...(spans && { span }) }
}

/** The layout with all numbers as 32-bit integers, until one turns out to be something else. */
export const narrowed = (layout: Layout): Layout =>
  withNumbers(layout, ({ kind }) => (kind === "number" ? "integer" : kind))

/** The layout with the integers at these places as numbers of any kind. */
export const widened = (layout: Layout, places: ReadonlyArray<number>): Layout =>
  withNumbers(layout, (field) => (field.kind === "integer" && places.includes(field.place) ? "number" : field.kind))

type NumberKindOf = (field: NumberField | IntegerField) => (NumberField | IntegerField)["kind"]

const withNumbers = ({ fields, span, tag }: Layout, kindOf: NumberKindOf): Layout =>
  place(tag, mapNumbers(fields, kindOf), span !== undefined)

const mapNumbers = (fields: ReadonlyArray<NamedField>, kindOf: NumberKindOf): ReadonlyArray<NamedShape> =>
  fields.map(([name, field]): NamedShape => {
    if (field.kind === "struct") return [name, { ...field, fields: mapNumbers(field.fields, kindOf) }]
    return field.kind === "string" || field.kind === "literal"
      ? [name, field]
      : [name, { ...field, kind: kindOf(field) }]
  })

const present: Absence = { missing: false, undefined: false, null: false }

/** The maximum nesting of structs and suspended schemas. Deeper events have no layout. */
const deepest = 8

/** `names`: the fields of the event itself that are read. */
const shapeOf = (ast: SchemaAST.AST, depth: number, names?: ReadonlySet<string>): (Shape & Absence) | undefined => {
  if (depth > deepest) return undefined
  switch (ast._tag) {
    case "Number":
      return { ...present, kind: "number" }
    case "BigInt":
      return { ...present, kind: "bigint" }
    case "String":
    case "TemplateLiteral":
      return { ...present, kind: "string" }
    case "Boolean":
      return { ...present, kind: "literal", values: [false, true] }
    case "Literal":
      return { ...present, kind: "literal", values: [ast.literal] }
    case "Enum":
      return { ...present, kind: "literal", values: ast.enums.map(([, value]) => value) }
    case "Null":
      return { ...present, kind: "literal", values: [], null: true }
    case "Undefined":
    case "Void":
      return { ...present, kind: "literal", values: [], undefined: true }
    case "Suspend":
      return shapeOf(ast.thunk(), depth + 1, names)
    case "Declaration":
      return isDate(ast) ? { ...present, kind: "date" } : undefined
    case "Union":
      return unionOf(ast.types, depth)
    case "Objects":
      return structOf(ast, depth, names)
    default:
      return undefined
  }
}

const isDate = (ast: SchemaAST.AST): boolean =>
  (ast.annotations?.representation as { readonly id?: unknown } | undefined)?.id === "effect/schema/Date"

const structOf = (
  ast: SchemaAST.Objects,
  depth: number,
  names?: ReadonlySet<string>
): (Shape & Absence) | undefined => {
  if (ast.indexSignatures.length > 0) return undefined
  const fields: Array<NamedShape> = []
  for (const { name, type } of ast.propertySignatures) {
    if ((depth === 0 && name === "_tag") || names?.has(name as string) === false) continue
    const shape = shapeOf(type, depth + 1)
    if (shape === undefined || typeof name !== "string") return undefined
    fields.push([name, { ...shape, missing: SchemaAST.isOptional(type) }])
  }
  return { ...present, kind: "struct", fields }
}

/** A union that reduces to one type of value, or to a choice of literals, apart from absences. */
const unionOf = (members: ReadonlyArray<SchemaAST.AST>, depth: number): (Shape & Absence) | undefined => {
  // Not a Set, which treats -0 as 0.
  const values: Array<SchemaAST.LiteralValue> = []
  const wide: Array<Shape> = []
  let undefinedToo = false
  let nullToo = false
  for (const ast of members) {
    const member = shapeOf(ast, depth)
    if (member === undefined) return undefined
    undefinedToo ||= member.undefined
    nullToo ||= member.null
    if (member.kind !== "literal") wide.push(member)
    else for (const value of member.values) if (!values.some((known) => Object.is(known, value))) values.push(value)
  }
  const absence: Absence = { missing: false, undefined: undefinedToo, null: nullToo }
  if (wide.length === 0) return { kind: "literal", values, ...absence }
  const [only, ...others] = wide
  if (others.some((other) => other.kind !== only!.kind || other.kind === "struct")) return undefined
  // Literals of the type itself add nothing: "a" | string is a string.
  const covered = values.every((value) => typeof value === only!.kind)
  return covered ? ({ ...only!, ...absence } as Shape & Absence) : undefined
}
