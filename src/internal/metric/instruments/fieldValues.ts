/**
 * The values that a field of an event can have, where its schema lists them.
 */
import * as SchemaAST from "effect/SchemaAST"
import type { Family } from "../../model/event.ts"

/** The values of a field in events of this tag; `undefined` where the schema does not list them. */
export const fieldValues = (events: Family, tag: string, field: string): Values =>
  valuesIn(SchemaAST.toType((events.cases[tag] as { readonly ast: SchemaAST.AST }).ast), field)

/** A schema that refers to itself deeper than this may have any value. */
const deepest = 8

type Values = ReadonlyArray<unknown> | undefined

/** The values of a field in events of this schema; `undefined` where it may have any. */
const valuesIn = (ast: SchemaAST.AST, field: string, depth = 0): Values => {
  if (depth > deepest) return undefined
  switch (ast._tag) {
    case "Objects": {
      if (ast.indexSignatures.length > 0) return undefined
      const property = ast.propertySignatures.find(({ name }) => name === field)
      if (property === undefined) return [null]
      const values = valuesOf(property.type)
      return values !== undefined && SchemaAST.isOptional(property.type) ? [...values, null] : values
    }
    case "Union":
      return joined(ast.types.map((member) => valuesIn(member, field, depth + 1)))
    case "Suspend":
      return valuesIn(ast.thunk(), field, depth + 1)
    default:
      return undefined
  }
}

const valuesOf = (ast: SchemaAST.AST, depth = 0): Values => {
  if (depth > deepest) return undefined
  switch (ast._tag) {
    case "Boolean":
      return [false, true]
    case "Literal":
      return [ast.literal]
    case "Enum":
      return ast.enums.map(([, value]) => value)
    case "Null":
    case "Undefined":
    case "Void":
      return [null]
    case "Union":
      return joined(ast.types.map((member) => valuesOf(member, depth + 1)))
    case "Suspend":
      return valuesOf(ast.thunk(), depth + 1)
    default:
      return undefined
  }
}

const joined = (each: ReadonlyArray<Values>): Values => {
  const values: Array<unknown> = []
  for (const own of each) {
    if (own === undefined) return undefined
    values.push(...own)
  }
  return values
}
