/**
 * Bytes in pieces, because there may be many megabytes. A single buffer would be new memory each time, which the system
 * clears page by page and takes back at once, and from 64 MB on V8 traverses the whole heap of the thread for it.
 * Pieces are allocated and freed individually.
 */
import type { Steps } from "./steps.ts"

export type Bytes = Uint8Array<ArrayBuffer>

export type Pieces = ReadonlyArray<Bytes>

/** The approximate size of a piece. A server with TLS encrypts each one at once. */
export const PieceBytes = 1 << 18

/** Shorter pieces are combined, because a piece takes about a microsecond to send to another thread. */
const LeastBytes = 1 << 14

export const lengthOf = (pieces: ReadonlyArray<Uint8Array>): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)

/** Allocates {@link PieceBytes}. */
export type TakeMemory = () => Uint8Array

export const newMemory: TakeMemory = () => new Uint8Array(PieceBytes)

/** Memory for content that continues beyond this many bytes. Most texts are short. */
export const nextMemory = (before: number, least: number, take: TakeMemory): Uint8Array => {
  const length = Math.max(least, Math.min(before * 4, PieceBytes))
  return length === PieceBytes ? take() : new Uint8Array(length)
}

/** A piece in memory that is not shared, and can be transferred. */
export const owned = (piece: Uint8Array): Bytes =>
  piece.buffer instanceof SharedArrayBuffer ? new Uint8Array(piece) : (piece as Bytes)

export const memoryOf = (pieces: Pieces): ReadonlyArray<ArrayBuffer> => pieces.map(({ buffer }) => buffer)

/** The number of bytes copied in one step, and sent at once. */
const PartBytes = 1 << 22

/** Sends owned pieces, except for their last part, which it returns. */
export function* inOwnedParts(pieces: ReadonlyArray<Uint8Array>, send: (part: Pieces) => void): Steps<Pieces> {
  let part: Array<Bytes> = []
  let bytes = 0
  for (const piece of pieces) {
    if (bytes >= PartBytes) {
      send(part)
      part = []
      bytes = 0
      yield
    }
    part.push(owned(piece))
    bytes += piece.length
  }
  return part
}

/** Makes pieces, each with its own memory. */
export class PieceWriter {
  readonly #pieces: Array<Uint8Array> = []
  #memory: Uint8Array = new Uint8Array(0)
  #used = 0
  #before = 0

  /** Takes over the memory of long bytes, which nothing else may use. */
  add(bytes: Uint8Array): void {
    if (bytes.length >= LeastBytes) {
      this.#end()
      this.#pieces.push(bytes)
      return
    }
    if (this.#used + bytes.length > this.#memory.length) {
      this.#end()
      this.#memory = nextMemory(this.#before, bytes.length, newMemory)
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

  finish(): ReadonlyArray<Uint8Array> {
    this.#end()
    return this.#pieces
  }
}

/** Joins pieces in one buffer. */
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

/** Decodes them as UTF-8. */
export function* textOf(pieces: ReadonlyArray<Uint8Array>): Steps<string> {
  const decoder = new TextDecoder()
  let text = ""
  for (const piece of pieces) {
    text += decoder.decode(piece, { stream: true })
    yield
  }
  return text + decoder.decode()
}
