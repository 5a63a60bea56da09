/** The possible values of an event's field, if its schema lists them. */
import * as SchemaAST from "effect/SchemaAST"
import type { Family } from "../../model/event.ts"
import { eventObjects, joined } from "./eventFields.ts"

type Values = ReadonlyArray<unknown> | undefined

/** The values of a field in events of this tag; `undefined` where the schema does not list them. */
export const fieldValues = (events: Family, tag: string, field: string): Values => {
  const objects = eventObjects(events, tag)
  return objects && joined(objects.map((object) => valuesIn(object, field)))
}

const valuesIn = ({ propertySignatures }: SchemaAST.Objects, field: string): Values => {
  const property = propertySignatures.find(({ name }) => name === field)
  if (property === undefined) return [null]
  const values = valuesOf(property.type)
  return values !== undefined && SchemaAST.isOptional(property.type) ? [...values, null] : values
}

/** A schema that refers to itself deeper than this may have any value. */
const deepest = 8

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
