/**
 * The first 64 of the 128 bits of MurmurHash3_x86_128 by Austin Appleby (public domain,
 * https://github.com/aappleby/smhasher, the source of these constants), for the UTF-16 code units of a string as
 * little-endian bytes.
 */
export interface Hash64 {
  /** Each is a signed 32-bit integer. */
  readonly high: number
  readonly low: number
}

const C1 = 0x239b961b
const C2 = 0xab0e9789 | 0
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93 | 0

/** A block has four words of two code units. */
const BlockUnits = 8

export const murmur3 = (text: string, seed: number): Hash64 => {
  let h1 = seed | 0
  let h2 = h1
  let h3 = h1
  let h4 = h1
  const whole = text.length - (text.length % BlockUnits)
  for (let i = 0; i < whole; i += BlockUnits) {
    h1 = (Math.imul(rotl(h1 ^ mix1(word(text, i)), 19) + h2, 5) + 0x561ccd1b) | 0
    h2 = (Math.imul(rotl(h2 ^ mix2(word(text, i + 2)), 17) + h3, 5) + 0x0bcaa747) | 0
    h3 = (Math.imul(rotl(h3 ^ mix3(word(text, i + 4)), 15) + h4, 5) + 0x96cd1c35) | 0
    h4 = (Math.imul(rotl(h4 ^ mix4(word(text, i + 6)), 13) + h1, 5) + 0x32ac3b17) | 0
  }
  // The rest is padded with zeros, which change nothing.
  const left = text.length - whole
  if (left > 0) h1 ^= mix1(word(text, whole))
  if (left > 2) h2 ^= mix2(word(text, whole + 2))
  if (left > 4) h3 ^= mix3(word(text, whole + 4))
  if (left > 6) h4 ^= mix4(word(text, whole + 6))

  const bytes = text.length * 2
  h2 ^= bytes
  h3 ^= bytes
  h4 ^= bytes
  h1 = ((h1 ^ bytes) + h2 + h3 + h4) | 0
  h2 = avalanche(h2 + h1)
  h3 = avalanche(h3 + h1)
  h4 = avalanche(h4 + h1)
  h1 = (avalanche(h1) + h2 + h3 + h4) | 0
  return { high: h1, low: (h2 + h1) | 0 }
}

const rotl = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits))

const mix1 = (k: number): number => Math.imul(rotl(Math.imul(k, C1), 15), C2)
const mix2 = (k: number): number => Math.imul(rotl(Math.imul(k, C2), 16), C3)
const mix3 = (k: number): number => Math.imul(rotl(Math.imul(k, C3), 17), C4)
const mix4 = (k: number): number => Math.imul(rotl(Math.imul(k, C4), 18), C1)

/** Two code units. Reading beyond the end would take longer than this check. */
const word = (text: string, i: number): number =>
  text.charCodeAt(i) | (i + 1 < text.length ? text.charCodeAt(i + 1) << 16 : 0)

const avalanche = (h: number): number => {
  const a = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  const b = Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return b ^ (b >>> 16)
}
