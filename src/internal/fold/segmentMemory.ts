/**
 * Memory for segments. Large pieces are reused, and prepared bit by bit: the system takes several times as long to
 * provide memory that was never touched as it takes to copy into it.
 */
import type { Steps } from "../util/steps.ts"
import { bytesOf, type SavedRecord, segmentFor, segmentSteps } from "./segment.ts"

/** The size from which a segment counts as large. */
const LargeBytes = 1024 * 1024

/** The page size of the system, and how many bytes are touched between two reads of the log. */
const SystemPage = 4096
const TouchedAtOnce = 1024 * 1024

/** The maximum number of pieces that are kept ready while they are not needed. */
const MostSpare = 2

export class SegmentMemory {
  readonly #spare: Array<SharedArrayBuffer> = []
  #opening: { readonly memory: SharedArrayBuffer; touched: number } | undefined

  /** Whether there is memory for a record. If not, prepares a part of it. */
  isReady(bytes: number): boolean {
    if (bytes < LargeBytes || this.#find(bytes) >= 0) return true
    // It may grow until it is saved.
    if (this.#opening === undefined || this.#opening.memory.byteLength < bytes) {
      this.#opening = { memory: new SharedArrayBuffer(Math.ceil(bytes * 1.25)), touched: 0 }
    }
    const { memory } = this.#opening
    const end = Math.min(memory.byteLength, this.#opening.touched + TouchedAtOnce)
    const all = new Uint8Array(memory)
    for (let at = this.#opening.touched; at < end; at += SystemPage) all[at] = 0
    this.#opening.touched = end
    if (end < memory.byteLength) return false
    this.#opening = undefined
    this.reuse(memory)
    return true
  }

  #find(bytes: number): number {
    return this.#spare.findIndex(({ byteLength }) => byteLength > bytes)
  }

  /** A segment with these records, whose memory must not change between the steps. */
  put(records: ReadonlyArray<SavedRecord>): Steps<SharedArrayBuffer> {
    const bytes = records.reduce((sum, record) => sum + bytesOf(record), 64)
    const found = bytes < LargeBytes ? -1 : this.#find(bytes)
    return segmentSteps(records, found < 0 ? segmentFor(records) : this.#spare.splice(found, 1)[0]!)
  }

  /** Takes back memory that is not read any more. */
  reuse(memory: SharedArrayBuffer | undefined): void {
    if (memory === undefined || memory.byteLength < LargeBytes) return
    this.#spare.push(memory)
    if (this.#spare.length > MostSpare) this.#spare.shift()
  }
}
