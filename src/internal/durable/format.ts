/**
 * The stored bytes of a runtime's state, for any store. They are written in parts, so that the fold does not stand
 * still for long, and read at once when the fold starts.
 *
 * The format is a preamble of fixed length (magic, version, lengths, checksums), a header in JSON, and a record for
 * each metric: a description in JSON, and the state in the format of `v8.serialize`.
 */
import { endianness } from "node:os"
import { serialize } from "node:v8"
import { crc32 } from "node:zlib"
import type { MeasuredParts, PackedMetric } from "../fold/packedMetric.ts"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import { describeError } from "../util/describeError.ts"

/**
 * Must be increased when the stored form of a metric changes, including that of kernels. An older version of the
 * package recognises it by this number.
 */
const Version = 4

const magic = new TextEncoder().encode("mvxstate")

// The places in the preamble. The checksum at its end covers the rest of the preamble.
const VersionAt = 8
const HeaderAt = 12
const TotalAt = 16
const RestSumAt = 24
const PreambleSumAt = 28
const Preamble = 32

/** The version with which V8 marks serialised values. V8 reads those of older versions. */
const v8Version = serialize(0)[1]!

export interface KeptState {
  readonly namespace: string
  /** When it was written, in milliseconds since the Unix epoch. */
  readonly savedAt: number
  readonly measured: MeasuredParts
  /** By the same hash, the shapes of the states. */
  readonly shapes: MeasuredParts
  readonly metrics: ReadonlyArray<PackedMetric>
  /** The accounting of the recorder, if it belongs to one: a row of `packStats`. */
  readonly stats?: ReadonlyArray<number> | undefined
  /** The identity of the writer, if its counts are also sent elsewhere. */
  readonly identity?: Identity | undefined
}

/**
 * The identity that continues with a state, for receivers of its counts: the same in each process, with another epoch.
 */
export interface Identity {
  readonly source: string
  readonly epoch: number
}

interface Header extends Omit<KeptState, "measured" | "shapes" | "metrics"> {
  readonly v8: number
  readonly endianness: string
  readonly measured: ReadonlyArray<readonly [hash: string, parts: Fingerprint]>
  readonly shapes: ReadonlyArray<readonly [hash: string, shape: Fingerprint]>
}

type Head = readonly [recorderId: string, name: string, measured: string, goneSince: number | null]

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })
const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))

/** Makes the bytes of a state, part by part. */
export class StateWriter {
  readonly #metrics: ReadonlyArray<PackedMetric>
  readonly #header: Uint8Array
  /** The heads of the records made so far. */
  #heads: Array<Uint8Array> = []
  #bytes: Uint8Array | undefined
  #size: number
  #to = Preamble
  #next = 0
  #sum = 0
  /** The piece being copied, and how much of it was copied. */
  #piece: Uint8Array = new Uint8Array(0)
  #at = 0
  #isHeadDone = false

  constructor({ identity, measured, metrics, namespace, savedAt, shapes, stats }: KeptState) {
    const used = new Set(metrics.map((metric) => metric.measured))
    const header: Header = {
      identity,
      stats,
      namespace,
      savedAt,
      v8: v8Version,
      endianness: endianness(),
      measured: [...measured].filter(([hash]) => used.has(hash)),
      shapes: [...shapes].filter(([hash]) => used.has(hash))
    }
    this.#metrics = metrics
    this.#header = json(header)
    this.#size = Preamble + this.#header.byteLength
  }

  /** Continues for about this many bytes. Returns whether there is more to do. */
  goOn(most: number): boolean {
    return this.#bytes === undefined ? this.#measure(most) : this.#fill(this.#bytes, most)
  }

  /** The length must be known first. */
  #measure(most: number): boolean {
    const metrics = this.#metrics
    for (let done = 0; this.#next < metrics.length && done < most; this.#next++) {
      const { bytes, goneSince, measured, name, recorderId } = metrics[this.#next]!
      const head: Head = [recorderId, name, measured, goneSince ?? null]
      this.#heads.push(json(head))
      const size = 8 + this.#heads.at(-1)!.byteLength
      this.#size += size + bytes.byteLength
      done += size * HeadCost
    }
    if (this.#next < metrics.length) return true
    this.#next = 0
    this.#bytes = new Uint8Array(this.#size)
    this.#piece = this.#header
    return true
  }

  #fill(all: Uint8Array, most: number): boolean {
    const end = Math.min(this.#size, this.#to + most)
    while (this.#to < end) {
      if (this.#at === this.#piece.byteLength) this.#nextPiece()
      const part = this.#piece.subarray(this.#at, this.#at + end - this.#to)
      all.set(part, this.#to)
      // Computed over the copy, because nothing else is guaranteed to stay unchanged.
      this.#sum = crc32(all.subarray(this.#to, this.#to + part.byteLength), this.#sum)
      this.#to += part.byteLength
      this.#at += part.byteLength
    }
    if (this.#to < this.#size) return true
    const view = new DataView(all.buffer)
    all.set(magic)
    view.setUint32(VersionAt, Version)
    view.setUint32(HeaderAt, this.#header.byteLength)
    view.setFloat64(TotalAt, all.byteLength)
    view.setUint32(RestSumAt, this.#sum)
    view.setUint32(PreambleSumAt, crc32(all.subarray(0, PreambleSumAt)))
    this.#heads = []
    return false
  }

  /** The lengths and the head of a record, then its bytes. */
  #nextPiece(): void {
    this.#at = 0
    const metric = this.#metrics[this.#next]!
    if (this.#isHeadDone) {
      this.#piece = metric.bytes
      this.#next++
    } else {
      const head = this.#heads[this.#next]!
      this.#piece = new Uint8Array(8 + head.byteLength)
      new DataView(this.#piece.buffer).setUint32(0, head.byteLength)
      new DataView(this.#piece.buffer).setUint32(4, metric.bytes.byteLength)
      this.#piece.set(head, 8)
    }
    this.#isHeadDone = !this.#isHeadDone
  }

  /** Available when everything is done. */
  get bytes(): Uint8Array {
    return this.#bytes!
  }
}

/** A byte of JSON costs about as much as copying this many bytes. */
const HeadCost = 16

/** Why bytes are not the expected state. */
export interface Unusable {
  readonly problem: "damaged" | "newer" | "foreign"
  readonly reason: string
}

const damaged = (reason: string): Unusable => ({ problem: "damaged", reason: `is damaged: ${reason}` })
const foreign = (reason: string): Unusable => ({ problem: "foreign", reason })
const newer = (what: string): Unusable => ({
  problem: "newer",
  reason: `was written by a newer ${what}. Use that one, or another folder`
})

/** Reads what {@link StateWriter} has made for this namespace. */
export const readState = (all: Uint8Array, namespace: string): KeptState | Unusable => {
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength)
  // What a file system may leave of a file whose data it has lost.
  if (all.subarray(0, magic.length).every((byte) => byte === 0)) return damaged("it is empty, or begins with zeros")
  if (!magic.subarray(0, all.byteLength).every((byte, i) => byte === all[i])) {
    return foreign("is not a state of mvx-metrics")
  }
  if (all.byteLength < Preamble) return damaged(`it ends after ${all.byteLength} bytes`)
  const version = view.getUint32(VersionAt)
  const versions = `format ${version} instead of ${Version}`
  if (version > Version) return newer(`version of mvx-metrics (${versions})`)
  if (version < Version) {
    return foreign(`was written by an older version of mvx-metrics (${versions}). Use that one, or another folder`)
  }
  if (view.getUint32(PreambleSumAt) !== crc32(all.subarray(0, PreambleSumAt))) {
    return damaged("the checksum of its preamble is wrong")
  }
  const total = view.getFloat64(TotalAt)
  if (total !== all.byteLength) return damaged(`it has ${all.byteLength} bytes instead of ${total}`)
  if (view.getUint32(RestSumAt) !== crc32(all.subarray(Preamble))) return damaged("its checksum is wrong")
  try {
    const records = Preamble + view.getUint32(HeaderAt)
    const header = JSON.parse(decoder.decode(all.subarray(Preamble, records))) as Header
    if (header.namespace !== namespace) return foreign(`is the state of the namespace "${header.namespace}"`)
    if (header.v8 > v8Version) return newer("version of Node")
    if (header.endianness !== endianness()) return foreign("was written on a machine with another byte order")
    const { identity, measured, savedAt, shapes, stats } = header
    const parts = { measured: new Map(measured), shapes: new Map(shapes) }
    return { identity, stats, namespace, savedAt, ...parts, metrics: [...recordsOf(all, view, records)] }
  } catch (error) {
    return damaged(describeError(error))
  }
}

function* recordsOf(all: Uint8Array, view: DataView, from: number): Iterable<PackedMetric> {
  for (let at = from; at < all.byteLength; ) {
    const head = at + 8
    const bytes = head + view.getUint32(at)
    const end = bytes + view.getUint32(at + 4)
    const [recorderId, name, measured, goneSince] = JSON.parse(decoder.decode(all.subarray(head, bytes))) as Head
    yield { recorderId, name, measured, goneSince: goneSince ?? undefined, bytes: all.subarray(bytes, end) }
    at = end
  }
}
