/**
 * Whether the fields named by a definition are fields of its events. TypeScript checks that; in JavaScript nothing
 * would be counted, without a warning.
 */
import * as SchemaAST from "effect/SchemaAST"
import type { Family } from "../../model/event.ts"
import { InvalidArgument } from "../../model/usageErrors.ts"
import { didYouMean } from "../../util/didYouMean.ts"
import type { Instrument, Source } from "../definition/instrument.ts"
import type { ExemplarFields, ExemplarSource } from "./exemplars.ts"

/** A schema that refers to itself deeper than this may have any field. */
const deepest = 8

/** What is in all of these lists; `undefined` where one of them is not known. */
export const joined = <A>(each: ReadonlyArray<ReadonlyArray<A> | undefined>): ReadonlyArray<A> | undefined =>
  each.includes(undefined) ? undefined : each.flatMap((own) => own ?? [])

/** The objects that a schema allows; `undefined` where it does not limit their fields. */
const objectsIn = (ast: SchemaAST.AST, depth = 0): ReadonlyArray<SchemaAST.Objects> | undefined => {
  if (depth > deepest) return undefined
  switch (ast._tag) {
    case "Objects":
      return ast.indexSignatures.length > 0 ? undefined : [ast]
    case "Union":
      return joined(ast.types.map((member) => objectsIn(member, depth + 1)))
    case "Suspend":
      return objectsIn(ast.thunk(), depth + 1)
    default:
      // An instance of a class has getters beside its fields.
      return undefined
  }
}

/** What the events of a tag can be; `undefined` where their schema does not limit their fields. */
export const eventObjects = (events: Family, tag: string): ReadonlyArray<SchemaAST.Objects> | undefined =>
  objectsIn(SchemaAST.toType((events.cases[tag] as { readonly ast: SchemaAST.AST }).ast))

/** The names of the fields of the events of a tag; `undefined` where its schema does not limit them. */
export const eventFields = (events: Family, tag: string): ReadonlyArray<string> | undefined =>
  eventObjects(events, tag)?.flatMap(({ propertySignatures }) =>
    propertySignatures.map(({ name }) => name).filter((name) => typeof name === "string")
  )

/** The fields of the events of these tags; those of one of them are enough. */
const fieldsOfAny = (events: Family, tags: ReadonlyArray<string>): ReadonlySet<string> | undefined => {
  const fields = joined(tags.map((tag) => eventFields(events, tag)))
  return fields && new Set(fields)
}

const eventsInWords = (tags: ReadonlyArray<string>): string =>
  tags.length === 1 ? `the event ${tags[0]}` : `any of the events ${tags.join(", ")}`

const whyNoField = (field: string, events: Family, tags: ReadonlyArray<string>): string | undefined => {
  const known = fieldsOfAny(events, tags)
  if (known === undefined || known.has(field)) return undefined
  const owners = Object.keys(events.cases).filter((tag) => fieldsOfAny(events, [tag])?.has(field))
  const names = [...known].filter((name) => name !== "_tag")
  return [
    `${JSON.stringify(field)} is not a field of ${eventsInWords(tags)}.`,
    owners.length === 0 ? didYouMean(field, names) : ` It is a field of ${owners.join(", ")}, not measured here.`,
    names.length === 0 ? " There are no fields" : ` The fields are: ${names.join(", ")}`
  ].join("")
}

/** The first label whose field no event of these tags has. */
export const whyNoLabelField = (
  labels: ReadonlyArray<readonly [name: string, source: Source]>,
  events: Family,
  tags: ReadonlyArray<string>
): InvalidArgument | undefined => {
  for (const [name, source] of labels) {
    const reason = typeof source === "string" ? whyNoField(source, events, tags) : undefined
    if (reason === undefined) continue
    const label = name === source ? "" : `has the label ${JSON.stringify(name)}, but `
    return new InvalidArgument({ argument: "labels", reason: `${label}${reason}` })
  }
  return undefined
}

const fieldsWithTrace = (source: ExemplarSource = "span"): Partial<ExemplarFields> => (source === "span" ? {} : source)

/** The first field that an instrument names and none of its events has. `measures` is the option with its value. */
export const whyUnknownField = (
  { labels, settings, tags, value }: Instrument,
  events: Family,
  measures: string
): InvalidArgument | undefined => {
  const { traceId, spanId } = fieldsWithTrace(settings.exemplar as ExemplarSource | undefined)
  const named: ReadonlyArray<readonly [argument: string, field: Source | undefined]> = [
    [measures, value],
    ["exemplar", traceId],
    ["exemplar", spanId]
  ]
  for (const [argument, field] of named) {
    const reason = typeof field === "string" ? whyNoField(field, events, tags) : undefined
    if (reason !== undefined) return new InvalidArgument({ argument, reason })
  }
  return whyNoLabelField(labels, events, tags)
}
