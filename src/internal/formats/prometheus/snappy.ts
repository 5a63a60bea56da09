/**
 * Snappy's block format, which remote write requires, without compression: all bytes are literals.
 * https://github.com/google/snappy/blob/main/format_description.txt
 */

/** The maximum size of a literal whose length, minus one, has two bytes. */
const MostOfLiteral = 65_536

/** The tag of such a literal. */
const LiteralTag = 61 << 2

/** The input of {@link snappy}. */
export const unsnappy = (framed: Uint8Array): Uint8Array => {
  let at = 0
  while (framed[at++]! >= 128);
  const bytes = new Uint8Array(framed.length)
  let length = 0
  while (at < framed.length) {
    const literal = framed.subarray(at + 3, at + 4 + framed[at + 1]! + framed[at + 2]! * 256)
    bytes.set(literal, length)
    length += literal.length
    at += 3 + literal.length
  }
  return bytes.subarray(0, length)
}

export const snappy = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const literals = Math.ceil(bytes.length / MostOfLiteral)
  const framed = new Uint8Array(5 + 3 * literals + bytes.length)
  let at = 0
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    framed[at++] = rest < 128 ? rest : (rest % 128) + 128
    if (rest < 128) break
  }
  for (let start = 0; start < bytes.length; start += MostOfLiteral) {
    const literal = bytes.subarray(start, start + MostOfLiteral)
    const last = literal.length - 1
    framed.set([LiteralTag, last % 256, last >> 8], at)
    framed.set(literal, at + 3)
    at += 3 + literal.length
  }
  return framed.subarray(0, at)
}
