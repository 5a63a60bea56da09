/** The memory that a batch is written into. It grows, and is reused for the next one. */
import { Format, HeadWords, Magic } from "./batchFormat.ts"

/** The initial number of words. */
const FirstWords = 8192

export class BatchMemory {
  i32 = new Int32Array(0)
  f64 = new Float64Array(0)
  u16 = new Uint16Array(0)
  u8 = new Uint8Array(0)
  /** The next free word. */
  pos = 0

  constructor() {
    this.#grow(FirstWords)
    this.clear()
  }

  /** Starts another batch. */
  clear(): void {
    this.i32.fill(0, 0, HeadWords * 2)
    this.i32[0] = Magic
    this.i32[1] = Format
    this.pos = HeadWords
  }

  get isEmpty(): boolean {
    return this.pos === HeadWords
  }

  /** Copies it into other memory. */
  copyTo(bytes: Uint8Array): void {
    bytes.set(this.u8.subarray(0, this.pos * 8))
  }

  /** Begins a record of so many words, with the halves of its second one; returns its first one. */
  record(kind: number, words: number, first: number, second: number): number {
    const at = this.pos
    if (at + words > this.f64.length) this.#grow(Math.max(at + words, this.f64.length * 2))
    this.i32[at * 2] = kind
    this.i32[at * 2 + 1] = words
    this.i32[at * 2 + 2] = first
    this.i32[at * 2 + 3] = second
    this.pos = at + words
    return at
  }

  #grow(words: number): void {
    const memory = new ArrayBuffer(words * 8)
    new Uint8Array(memory).set(this.u8.subarray(0, this.pos * 8))
    this.i32 = new Int32Array(memory)
    this.f64 = new Float64Array(memory)
    this.u16 = new Uint16Array(memory)
    this.u8 = new Uint8Array(memory)
  }

  /** Writes UTF-16 code units from a word on. */
  putText(word: number, text: string): void {
    const { length } = text
    this.f64[word + textWords(length) - 1] = 0
    for (let i = 0, unit = word * 4; i < length; i++) this.u16[unit++] = text.charCodeAt(i)
  }

  putBytes(word: number, bytes: Uint8Array): void {
    this.f64[word + byteWords(bytes.byteLength) - 1] = 0
    this.u8.set(bytes, word * 8)
  }
}

/** At least one, so that there is a last one to clear. */
export const textWords = (length: number): number => Math.max(1, (length + 3) >> 2)
export const byteWords = (bytes: number): number => Math.max(1, (bytes + 7) >> 3)
