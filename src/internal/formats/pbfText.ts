import type { PbfWriter } from "pbf"

/** Beyond U+1FFFF, `pbf` 5.1 writes another character, because it combines surrogates with `|` instead of `+`. */
const beyondPbf = /[\ud840-\udbff]/

const encoder = new TextEncoder()

export const writeText = (pbf: PbfWriter, field: number, text: string): void => {
  if (beyondPbf.test(text)) pbf.writeBytesField(field, encoder.encode(text))
  else pbf.writeStringField(field, text)
}

export const writeLabel = ([name, value]: readonly [name: string, value: string], pbf: PbfWriter): void => {
  writeText(pbf, 1, name)
  writeText(pbf, 2, value)
}
