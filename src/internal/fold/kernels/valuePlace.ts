import type { Instrument } from "../../metric/definition/instrument.ts"
import type { Layout } from "../../stream/rows/layout.ts"

/** The place of the value: in a word, or, as an integer, in a half. `one`: each row counts 1. */
export type ValuePlace = "one" | { readonly word: number } | { readonly half: number }

/** The place of the value in the rows of a layout, or `undefined` if the instrument must take it from the event. */
export const valuePlace = ({ value }: Instrument, layout: Layout): ValuePlace | undefined => {
  if (value === undefined) return "one"
  const field = layout.fields.find(([name]) => name === value)?.[1]
  if (field === undefined || field.half >= 0) return undefined
  if (field.kind === "integer") return { half: field.place }
  return field.kind === "number" ? { word: field.word } : undefined
}
