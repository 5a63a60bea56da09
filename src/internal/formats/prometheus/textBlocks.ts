/**
 * A long text as bytes, in blocks: it is encoded as it comes, since megabytes of strings that live on would cost the
 * garbage collector more than all else.
 */
import type { Steps } from "../../util/steps.ts"

const BlockBytes = 256 * 1024

/** Bytes of a character at the most. */
const MostBytes = 3

const encoder = new TextEncoder()

/** Blocks that are used again: memory that comes and goes has the garbage collector go through the whole heap. */
const free: Array<Uint8Array<ArrayBuffer>> = []
const MostFree = 64

/** The bytes of these texts, one behind the other. They are not used after that. */
export function* joined(texts: Iterable<TextBlocks>): Steps<Uint8Array<ArrayBuffer>> {
  const all = [...texts]
  const bytes = new Uint8Array(all.reduce((length, text) => length + text.length, 0))
  let at = 0
  for (const text of all) {
    for (const block of text.takeBlocks()) {
      bytes.set(block, at)
      at += block.length
      if (block.buffer.byteLength === BlockBytes && free.length < MostFree) free.push(new Uint8Array(block.buffer))
      yield
    }
  }
  return bytes
}

export class TextBlocks {
  #full: Array<Uint8Array<ArrayBuffer>> = []
  #block = new Uint8Array(0)
  #at = 0
  #before = 0

  add(text: string): void {
    if (this.#at + text.length * MostBytes > this.#block.length) this.#next(text.length * MostBytes)
    this.#at += encoder.encodeInto(text, this.#block.subarray(this.#at)).written
  }

  #next(least: number): void {
    if (this.#at > 0) this.#full.push(this.#block.subarray(0, this.#at))
    this.#before += this.#at
    this.#at = 0
    // Most families are short.
    const length = this.#full.length === 0 ? least : Math.max(least, BlockBytes)
    this.#block = (length === BlockBytes ? free.pop() : undefined) ?? new Uint8Array(length)
  }

  /** In bytes. */
  get length(): number {
    return this.#before + this.#at
  }

  /** In order. It is empty then. */
  takeBlocks(): ReadonlyArray<Uint8Array<ArrayBuffer>> {
    const blocks = this.#at === 0 ? this.#full : [...this.#full, this.#block.subarray(0, this.#at)]
    this.#full = []
    this.#block = new Uint8Array(0)
    this.#at = this.#before = 0
    return blocks
  }
}
