/** Decodes protobuf messages by their shapes. A field that is in no shape is an error. */
import type { PbfReader } from "pbf"

/** The decoded message, by field number: all values of each field. */
export type Fields = { [field: number]: Array<unknown> }

type Read = (pbf: PbfReader) => unknown
export type Shape = { readonly [field: number]: Shape | Read }

export const text: Read = (pbf) => pbf.readString()
export const double: Read = (pbf) => pbf.readDouble()
export const varint: Read = (pbf) => pbf.readVarint()
export const signed: Read = (pbf) => pbf.readSVarint()
export const packed: Read = (pbf) => pbf.readPackedVarint()
export const deltas: Read = (pbf) => pbf.readPackedSVarint()

/** A length-delimited message. */
export const read = (pbf: PbfReader, shape: Shape): Fields => {
  const fields: Fields = {}
  const length = pbf.readVarint()
  pbf.readFields(
    (field) => {
      const reader = shape[field]
      if (reader === undefined) throw new Error(`unknown field ${field}`)
      fields[field] = [...(fields[field] ?? []), typeof reader === "function" ? reader(pbf) : read(pbf, reader)]
    },
    undefined,
    pbf.pos + length
  )
  return fields
}

export const one = <A = never>(fields: Fields | undefined, field: number): A => fields?.[field]?.[0] as A

export const all = <A = Fields>(fields: Fields | undefined, field: number): ReadonlyArray<A> =>
  (fields?.[field] ?? []) as ReadonlyArray<A>
