/**
 * A long text as bytes, in blocks: it is encoded immediately, because megabytes of live strings would cost the garbage
 * collector more than everything else.
 */
import { newMemory, nextMemory, PieceBytes, type TakeMemory } from "../../util/pieces.ts"
import { numberText } from "./numbers.ts"

/** The maximum number of bytes per character. */
const MostBytes = 3

const encoder = new TextEncoder()

const [LineFeed, Space, Quote, Zero, Backslash, Tilde] = [10, 32, 34, 48, 92, 126]

/** Text that is written repeatedly, as bytes. */
export class TextBytes {
  #bytes = new Uint8Array(0)
  /** A view of the same bytes, to copy several at once. */
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  constructor(text = "") {
    this.add(text)
  }

  add(text: string): void {
    this.#reserve(text.length * MostBytes)
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written
  }

  #reserve(bytes: number): void {
    const least = this.#length + bytes
    if (least <= this.#bytes.length) return
    const before = this.#bytes
    this.#bytes = new Uint8Array(this.#length === 0 ? least : least * 2)
    this.#bytes.set(before)
    this.#view = new DataView(this.#bytes.buffer)
  }

  addBytes(text: TextBytes): void {
    this.#reserve(text.length)
    this.#length = text.copyTo(this.#bytes, this.#view, this.#length, 0, text.length)
  }

  /**
   * Adds a part of a text up to the first quote. Returns the quote's index, or -1 for text that is not the same in each
   * format.
   */
  addPlain(text: string, from: number): number {
    this.#reserve(text.length - from)
    const bytes = this.#bytes
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === Quote) return i
      if (code < Space || code > Tilde || code === Backslash) return -1
      bytes[this.#length++] = code
    }
    return -1
  }

  /** Removes everything after this many bytes. */
  cut(length: number): void {
    this.#length = length
  }

  get length(): number {
    return this.#length
  }

  /**
   * Copies a range of bytes and returns the end of the copy. This is several times as fast as functions that copy long
   * arrays.
   */
  copyTo(bytes: Uint8Array, view: DataView, at: number, from: number, to: number): number {
    const ownView = this.#view
    const ownBytes = this.#bytes
    let i = from
    for (; i + 4 <= to; i += 4, at += 4) view.setUint32(at, ownView.getUint32(i))
    for (; i < to; i++, at++) bytes[at] = ownBytes[i]!
    return at
  }
}

/** Smaller integers are written digit by digit. */
const LargeInteger = 1e9

/** The maximum number of characters in a number. */
export const MostOfNumber = 25

export class TextBlocks {
  readonly #take: TakeMemory
  readonly #full: Array<Uint8Array> = []
  #block: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#block.buffer)
  #at = 0
  #before = 0

  constructor(take: TakeMemory = newMemory) {
    this.#take = take
  }

  add(text: string): void {
    for (let rest = text; rest !== ""; ) {
      this.reserve(Math.min(rest.length * MostBytes, PieceBytes))
      const { read, written } = encoder.encodeInto(rest, this.#block.subarray(this.#at))
      this.#at += written
      rest = rest.slice(read)
    }
  }

  /** Makes room for this many bytes, which the methods below use. */
  reserve(bytes: number): void {
    if (this.#at + bytes > this.#block.length) this.#next(bytes)
  }

  put(text: TextBytes, from = 0, to: number = text.length): void {
    this.#at = text.copyTo(this.#block, this.#view, this.#at, from, to)
  }

  /** A number in the form of {@link numberText}. */
  putNumber(value: number): void {
    if (!(value >= 0 && value < LargeInteger && Math.floor(value) === value)) return this.putAscii(numberText(value))
    const block = this.#block
    let rest = value | 0
    let digits = 1
    for (let power = 10; power <= rest; power *= 10) digits++
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const tenth = (rest / 10) | 0
      block[at] = Zero + rest - tenth * 10
      rest = tenth
    }
    this.#at += digits
  }

  putAscii(text: string): void {
    for (let i = 0; i < text.length; i++) this.#block[this.#at++] = text.charCodeAt(i)
  }

  endLine(): void {
    this.#block[this.#at++] = LineFeed
  }

  #next(least: number): void {
    if (this.#at > 0) this.#full.push(this.#block.subarray(0, this.#at))
    this.#before += this.#at
    this.#at = 0
    this.#block = nextMemory(this.#before, least, this.#take)
    this.#view = new DataView(this.#block.buffer)
  }

  /** In order. Nothing is added after that. */
  finish(): ReadonlyArray<Uint8Array> {
    return this.#at === 0 ? this.#full : [...this.#full, this.#block.subarray(0, this.#at)]
  }
}
