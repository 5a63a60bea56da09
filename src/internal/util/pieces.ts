/**
 * Bytes of which there may be many megabytes, in pieces. In one piece they would be new memory each time, which the system
 * clears page by page and takes back in one go, and from 64 MB on V8 goes through the whole heap of the thread for it. Pieces
 * are allocated and freed by themselves.
 */
import type { Steps } from "./steps.ts"

export type Bytes = Uint8Array<ArrayBuffer>

export type Pieces = ReadonlyArray<Bytes>

/** Of a piece, about: a server that encrypts does so with each in one go. */
export const PieceBytes = 1 << 18

/** What is shorter is put together with others: a piece takes about a microsecond to send to another thread. */
const LeastBytes = 1 << 14

export const lengthOf = (pieces: ReadonlyArray<Uint8Array>): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)

/** How long memory is that goes on from so many bytes: most texts are short. */
export const nextLength = (before: number, least: number): number => Math.max(least, Math.min(before * 4, PieceBytes))

/** Makes pieces that have memory of their own, so that they can be transferred. */
export class PieceWriter {
  readonly #pieces: Array<Bytes> = []
  #memory: Bytes = new Uint8Array(0)
  #used = 0
  #before = 0

  /** Takes over the memory of what is long, which nobody else may use. */
  add(bytes: Uint8Array): void {
    if (bytes.length >= LeastBytes) {
      this.#end()
      this.#pieces.push(bytes as Bytes)
      return
    }
    if (this.#used + bytes.length > this.#memory.length) {
      this.#end()
      this.#memory = new Uint8Array(nextLength(this.#before, bytes.length))
    }
    this.#memory.set(bytes, this.#used)
    this.#used += bytes.length
  }

  #end(): void {
    if (this.#used > 0) this.#pieces.push(this.#memory.subarray(0, this.#used))
    this.#before += this.#used
    this.#memory = new Uint8Array(0)
    this.#used = 0
  }

  finish(): Pieces {
    this.#end()
    return this.#pieces
  }
}

/** The bytes of pieces in one, in memory of its own. */
export function* joined<Memory extends Uint8Array>(
  pieces: ReadonlyArray<Uint8Array>,
  allocate: (length: number) => Memory
): Steps<Memory> {
  const whole = allocate(lengthOf(pieces))
  let at = 0
  let copied = 0
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += PieceBytes) {
      const bytes = piece.subarray(from, from + PieceBytes)
      if (copied + bytes.length > PieceBytes) {
        yield
        copied = 0
      }
      whole.set(bytes, at + from)
      copied += bytes.length
    }
    at += piece.length
  }
  return whole
}

export const inOne = (pieces: ReadonlyArray<Uint8Array>): Steps<Bytes> =>
  joined(pieces, (length) => new Uint8Array(length))

/** The text that they are in UTF-8. */
export function* textOf(pieces: Pieces): Steps<string> {
  const decoder = new TextDecoder()
  let text = ""
  for (const piece of pieces) {
    text += decoder.decode(piece, { stream: true })
    yield
  }
  return text + decoder.decode()
}
