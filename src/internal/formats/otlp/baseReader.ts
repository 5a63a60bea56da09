/** Reads the last export, as written by `baseWriter.ts`. */
import { PbfReader } from "pbf"
import type { Buckets } from "../../metric/histogram.ts"
import type { ExactSum } from "../../metric/instruments/exactSum.ts"
import type { Steps } from "../../util/steps.ts"
import { roundedSum, roundedValue } from "../exactPoints.ts"
import { addings, type Base, type EntryHead, type SectionHead, TextSum } from "./baseWriter.ts"
import type { Counted } from "./differences.ts"
import type { Nanos } from "./streamed.ts"

/** The last export of a series. */
export interface Exported extends EntryHead {
  /** For data that adds up. */
  readonly point: Counted | undefined
}

/** The number of entries or sections processed in one step. */
const Step = 128

/** All sections by key, with several bases read as one: the first one that contains a series counts. */
export class Bases {
  readonly #sections = new Map<string, Section>()
  /** When the last export of a metric ended, in whichever life. */
  readonly #ends = new Map<string, Nanos>()

  section(key: string): Section | undefined {
    return this.#sections.get(key)
  }

  *read(bases: ReadonlyArray<Base>): Steps<void> {
    let looked = 0
    for (const base of bases) {
      const pbf = new PbfReader(base)
      while (pbf.pos < pbf.length) {
        const section = new Section(pbf)
        if (!this.#sections.has(section.key)) this.#sections.set(section.key, section)
        this.ended(section.metric, section.end)
        if (++looked % Step === 0) yield
      }
    }
  }

  *sections(): Generator<Section, void> {
    yield* this.#sections.values()
  }

  endOf(metric: string): Nanos | undefined {
    return this.#ends.get(metric)
  }

  ended(metric: string, end: Nanos): void {
    const before = this.#ends.get(metric)
    if (before === undefined || before < end) this.#ends.set(metric, end)
  }
}

/** The entries of one life of a metric. Looking them up is fastest in the order in which they are stored. */
export class Section implements SectionHead {
  readonly key: string
  readonly metric: string
  readonly owner: number | undefined
  readonly adding: SectionHead["adding"]
  readonly boundaries: ReadonlyArray<number>
  readonly end: Nanos
  /** All of its bytes. */
  readonly bytes: Uint8Array
  readonly #pbf: PbfReader
  /** The first entry that was not examined. */
  #at: number
  readonly #to: number
  /** Entries that were examined and not taken. */
  #passed: Map<string, Exported> | undefined
  /** Whether its current data was exported in addition. */
  isTold = false

  /** Continues after it. */
  constructor(pbf: PbfReader) {
    const from = pbf.pos
    this.key = readText(pbf)
    this.metric = readText(pbf)
    const owner = pbf.readVarint()
    this.owner = owner === 0 ? undefined : owner - 1
    this.adding = addings[pbf.readVarint()]
    this.boundaries = readDoubles(pbf)
    this.end = readNanos(pbf)
    const length = pbf.readVarint()
    this.#pbf = pbf
    this.#at = pbf.pos
    this.#to = pbf.pos + length
    this.bytes = pbf.buf.subarray(from, this.#to)
    pbf.pos = this.#to
  }

  /** Takes an entry. */
  *take(key: Uint8Array): Steps<Exported | undefined> {
    if (this.#isNext(key)) return this.#entry()
    const text = keyText(key)
    const passed = this.#passed?.get(text)
    if (passed !== undefined) {
      this.#passed!.delete(text)
      return passed
    }
    for (let looked = 1; this.#at < this.#to; looked++) {
      if (looked % Step === 0) yield
      const [other, exported] = this.#next()
      if (other === text) return exported
      this.#passed ??= new Map()
      this.#passed.set(other, exported)
    }
    return undefined
  }

  /** All entries, if none was taken before. */
  *entries(): Generator<readonly [key: string, exported: Exported], void> {
    while (this.#at < this.#to) yield this.#next()
  }

  /** Entries that were not taken. */
  *left(): Generator<Exported, void> {
    yield* this.#passed?.values() ?? []
    while (this.#at < this.#to) yield this.#next()[1]
  }

  #isNext(key: Uint8Array): boolean {
    if (this.#at >= this.#to) return false
    const pbf = this.#pbf
    pbf.pos = this.#at
    if (pbf.readVarint() !== key.length) return false
    for (let i = 0; i < key.length; i++) if (pbf.buf[pbf.pos + i] !== key[i]) return false
    pbf.pos += key.length
    return true
  }

  #next(): readonly [key: string, exported: Exported] {
    const pbf = this.#pbf
    pbf.pos = this.#at
    return [keyText(pbf.readBytes()), this.#entry()]
  }

  /** The rest of an entry whose key was read. */
  #entry(): Exported {
    const pbf = this.#pbf
    const life = pbf.readVarint() === 0 ? undefined : pbf.readDouble()
    const start = readNanos(pbf)
    const point = this.#readPoint(pbf)
    this.#at = pbf.pos
    return { life, start, point }
  }

  #readPoint(pbf: PbfReader): Counted | undefined {
    switch (this.adding) {
      case "sum":
        return roundedValue(readSum(pbf))
      case "histogram": {
        const count = pbf.readVarint()
        const sum = roundedSum(readSum(pbf))
        const boundaries = pbf.readVarint() === 0 ? this.boundaries : readDoubles(pbf)
        return { count, ...sum, boundaries, counts: readCounts(pbf) }
      }
      case "exponentialHistogram": {
        const count = pbf.readVarint()
        const sum = roundedSum(readSum(pbf))
        const [scale, zeroCount] = [pbf.readSVarint(), pbf.readVarint()]
        return { count, ...sum, scale, zeroCount, positive: readBuckets(pbf), negative: readBuckets(pbf) }
      }
      case undefined:
        return undefined
    }
  }
}

/** A key as a text of the same length. */
export const keyText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")

const readText = (pbf: PbfReader): string => {
  const bytes = pbf.readBytes()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}

const readNanos = (pbf: PbfReader): Nanos => {
  const nanos = pbf.dataView.getBigInt64(pbf.pos, true)
  pbf.pos += 8
  return nanos
}

const readDoubles = (pbf: PbfReader, length = pbf.readVarint()): Array<number> =>
  Array.from({ length }, () => pbf.readDouble())

const readSum = (pbf: PbfReader): ExactSum => {
  const length = pbf.readVarint()
  if (length === TextSum) return readText(pbf)
  const parts = readDoubles(pbf, length)
  return length === 1 ? parts[0]! : parts
}

const readCounts = (pbf: PbfReader): Array<number> => {
  const length = pbf.readVarint()
  return Array.from({ length }, () => pbf.readVarint())
}

const readBuckets = (pbf: PbfReader): Buckets => ({ offset: pbf.readSVarint(), counts: readCounts(pbf) })
