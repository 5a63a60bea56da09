/**
 * The last export, as bytes. One thread keeps them, and another one, which has no state of its own, subtracts them.
 * There is a section for all data of a life of a metric, with an entry for each series, in the order in which the
 * metric shows them.
 */
import { PbfWriter } from "pbf"
import type { Buckets } from "../../metric/histogram.ts"
import type { ExactSum } from "../../metric/instruments/exactSum.ts"
import { joined } from "../../util/pieces.ts"
import type { Steps } from "../../util/steps.ts"
import { exactIn, withExact } from "../exactPoints.ts"
import type { ExponentialDataPoint, HistogramDataPoint, NumberPoint } from "../metricData.ts"
import type { Adding } from "./differences.ts"
import type { Nanos } from "./streamed.ts"

export type Base = Uint8Array

/** Allocates this many bytes. */
export type Allocate = (length: number) => Base

/** For a base that stays on its thread. */
export const ownMemory: Allocate = (length) => new Uint8Array(length)

/**
 * For a base that is repeatedly sent to workers. Free memory must be reused, because a garbage collector does not know
 * how large it is.
 */
export const sharedMemory =
  (free?: SharedArrayBuffer): Allocate =>
  (length) =>
    free !== undefined && isFit(free, length)
      ? new Uint8Array(free, 0, length)
      : new Uint8Array(new SharedArrayBuffer(length + (length >> 2)), 0, length)

/** Whether free memory is used for this many bytes. */
export const isFit = ({ byteLength }: SharedArrayBuffer, length: number): boolean =>
  byteLength >= length && byteLength <= 4 * length

/** What all entries of a section share. */
export interface SectionHead {
  /** Distinguishes it from all others. */
  readonly key: string
  /** The same for all lives of the metric. */
  readonly metric: string
  /** The recorder, by its instance. */
  readonly owner: number | undefined
  readonly adding: Adding | undefined
  /** For histograms. */
  readonly boundaries: ReadonlyArray<number>
}

export interface EntryHead {
  /** The life of the series. */
  readonly life: number | undefined
  /** When it began to count. */
  readonly start: Nanos
}

/** The ways in which data adds up, by number. */
export const addings: ReadonlyArray<Adding | undefined> = [undefined, "sum", "histogram", "exponentialHistogram"]

/** The form of an exact sum: this many doubles, or a text. */
export const TextSum = 0

/** The number of bytes gathered before another piece begins. A larger piece grows by copying, which takes time. */
const PieceBytes = 1 << 16

export class BaseWriter {
  readonly #pieces: Array<Uint8Array> = []
  #pbf = new PbfWriter()

  section(head: SectionHead): SectionWriter {
    return new SectionWriter(head, (end, entries, length) => {
      writeHead(head, end, length, this.#pbf)
      if (length < PieceBytes) for (const piece of entries) this.#add(piece)
      else {
        this.#turn()
        this.#pieces.push(...entries)
      }
      if (this.#pbf.pos >= PieceBytes) this.#turn()
    })
  }

  /** Copies a section from another base. */
  copy(section: Uint8Array): void {
    this.#turn()
    this.#pieces.push(section)
  }

  #add(bytes: Uint8Array): void {
    this.#pbf.realloc(bytes.length)
    this.#pbf.buf.set(bytes, this.#pbf.pos)
    this.#pbf.pos += bytes.length
  }

  #turn(): void {
    if (this.#pbf.pos > 0) this.#pieces.push(this.#pbf.finish())
    this.#pbf = new PbfWriter()
  }

  finish(allocate: Allocate): Steps<Base> {
    this.#turn()
    return joined(this.#pieces, allocate)
  }
}

export class SectionWriter {
  readonly #head: SectionHead
  readonly #onEnd: (end: Nanos, entries: ReadonlyArray<Uint8Array>, length: number) => void
  readonly #pieces: Array<Uint8Array> = []
  #pbf = new PbfWriter()

  constructor(head: SectionHead, onEnd: (end: Nanos, entries: ReadonlyArray<Uint8Array>, length: number) => void) {
    this.#head = head
    this.#onEnd = onEnd
  }

  /** `key`: distinguishes the series from others of the section. */
  add(key: Uint8Array, { life, start }: EntryHead, point: unknown): void {
    const pbf = this.#pbf
    pbf.writeBytes(key)
    pbf.writeVarint(life === undefined ? 0 : 1)
    if (life !== undefined) pbf.writeDouble(life)
    writeNanos(start, pbf)
    this.#write(point, pbf)
    if (pbf.pos >= PieceBytes) this.#turn()
  }

  #write(point: unknown, pbf: PbfWriter): void {
    switch (this.#head.adding) {
      case "sum":
        return writeSum(exactIn(point as NumberPoint), pbf)
      case "histogram": {
        const { boundaries, count, counts, sum } = withExact(point as HistogramDataPoint)
        pbf.writeVarint(count)
        writeSum(sum, pbf)
        const isUsual = boundaries === this.#head.boundaries
        pbf.writeVarint(isUsual ? 0 : 1)
        if (!isUsual) writeDoubles(boundaries, pbf)
        return writeCounts(counts, pbf)
      }
      case "exponentialHistogram": {
        const { count, negative, positive, scale, sum, zeroCount } = withExact(point as ExponentialDataPoint)
        pbf.writeVarint(count)
        writeSum(sum, pbf)
        pbf.writeSVarint(scale)
        pbf.writeVarint(zeroCount)
        writeBuckets(positive, pbf)
        return writeBuckets(negative, pbf)
      }
    }
  }

  #turn(): void {
    this.#pieces.push(this.#pbf.finish())
    this.#pbf = new PbfWriter()
  }

  /** `end`: the end of the interval of this export. */
  end(end: Nanos): void {
    if (this.#pbf.pos > 0) this.#turn()
    this.#onEnd(
      end,
      this.#pieces,
      this.#pieces.reduce((sum, { length }) => sum + length, 0)
    )
  }
}

const encoder = new TextEncoder()

/** Not with `writeString`, which encodes characters beyond U+1FFFF incorrectly. */
const writeText = (text: string, pbf: PbfWriter): void => pbf.writeBytes(encoder.encode(text))

const writeHead = (
  { adding, boundaries, key, metric, owner }: SectionHead,
  end: Nanos,
  length: number,
  pbf: PbfWriter
): void => {
  writeText(key, pbf)
  writeText(metric, pbf)
  pbf.writeVarint(owner === undefined ? 0 : owner + 1)
  pbf.writeVarint(addings.indexOf(adding))
  writeDoubles(boundaries, pbf)
  writeNanos(end, pbf)
  pbf.writeVarint(length)
}

const writeNanos = (nanos: Nanos, pbf: PbfWriter): void => {
  pbf.realloc(8)
  pbf.dataView.setBigInt64(pbf.pos, nanos, true)
  pbf.pos += 8
}

const writeDoubles = (values: ReadonlyArray<number>, pbf: PbfWriter): void => {
  pbf.writeVarint(values.length)
  for (const value of values) pbf.writeDouble(value)
}

const writeSum = (sum: ExactSum, pbf: PbfWriter): void => {
  if (typeof sum === "string") {
    pbf.writeVarint(TextSum)
    writeText(sum, pbf)
  } else writeDoubles(typeof sum === "number" ? [sum] : sum, pbf)
}

const writeCounts = (counts: ReadonlyArray<number>, pbf: PbfWriter): void => {
  pbf.writeVarint(counts.length)
  for (const count of counts) pbf.writeVarint(count)
}

const writeBuckets = ({ counts, offset }: Buckets, pbf: PbfWriter): void => {
  pbf.writeSVarint(offset)
  writeCounts(counts, pbf)
}
