/**
 * A long text as bytes, in blocks: it is encoded as it comes, since megabytes of strings that live on would cost the
 * garbage collector more than all else.
 */
const BlockBytes = 256 * 1024

/** Bytes of a character at the most. */
const MostBytes = 3

const encoder = new TextEncoder()

export class TextBlocks {
  readonly #full: Array<Uint8Array> = []
  #block = new Uint8Array(0)
  #at = 0

  add(text: string): void {
    if (this.#at + text.length * MostBytes > this.#block.length) this.#next(text.length * MostBytes)
    this.#at += encoder.encodeInto(text, this.#block.subarray(this.#at)).written
  }

  #next(least: number): void {
    if (this.#at > 0) this.#full.push(this.#block.subarray(0, this.#at))
    // Most families are short.
    const most = this.#full.length === 0 ? least : BlockBytes
    this.#block = new Uint8Array(Math.max(least, most))
    this.#at = 0
  }

  /** In order. */
  get blocks(): ReadonlyArray<Uint8Array> {
    return this.#at === 0 ? this.#full : [...this.#full, this.#block.subarray(0, this.#at)]
  }
}
