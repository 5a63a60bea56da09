/**
 * Reads batches, see {@link ../shipping/batchFormat.ts}. Everything an event refers to is known when the event is read.
 */
import { deserialize } from "node:v8"
import type { FoldLayout } from "../fold/metricPlans.ts"
import type { MetricEvent } from "../model/event.ts"
import {
  Closed,
  Event,
  Format,
  Gap,
  HeadWords,
  LayoutOf,
  Magic,
  type MetricEntry,
  Metrics,
  Recorder,
  Replayed,
  Run,
  Text
} from "../shipping/batchFormat.ts"
import { DataDecoder } from "../stream/rows/decodeData.ts"
import { FirstLasting, Null, type Rows } from "../stream/rows/format.ts"
import type { Layout } from "../stream/rows/layout.ts"
import { generateRead } from "../stream/rows/readCode.ts"
import { textOfUnits } from "../util/codeUnits.ts"

/** A recorder as a batch declares it. */
export interface BatchRecorder {
  readonly lane: number
  readonly life: number
  readonly recorderId: string
  readonly metrics: ReadonlyArray<MetricEntry>
  /** See {@link Replayed}. */
  readonly isReplayed: boolean
}

/** The contents of a batch, in order. `first` and `to` are sequence numbers of the recorder. */
export interface BatchHandler {
  /** The recorder has its lane from here on. */
  readonly recorder: (recorder: BatchRecorder) => void
  readonly rows: (
    lane: number,
    layout: FoldLayout,
    rows: Rows,
    at: number,
    count: number,
    first: number,
    time: number
  ) => void
  readonly event: (lane: number, event: MetricEvent, first: number, time: number) => void
  readonly gap: (lane: number, kind: number, from: number, to: number) => void
  readonly closed: (lane: number, sequence: number, total: string | undefined) => void
}

/** Why a batch cannot be read. */
export class UnreadableBatch extends Error {}

/**
 * Reads the batches of one source. The meaning of its codes is the same in all of its batches, unless they are declared
 * again.
 */
export class BatchReader implements Rows {
  i32 = new Int32Array(0)
  f64 = new Float64Array(0)
  i64 = new BigInt64Array(0)
  readonly strings: Array<string | null | undefined> = new Array(FirstLasting)
    .fill(undefined)
    .fill(null, Null, Null + 1)
  readonly #handler: BatchHandler
  readonly #data = new DataDecoder([], [[]])
  /** Kernels compare layouts by identity, so each is created once. */
  readonly #known = new Map<string, FoldLayout>()
  #u16 = new Uint16Array(0)
  #u8 = new Uint8Array(0)

  constructor(handler: BatchHandler) {
    this.#handler = handler
  }

  /** Throws {@link UnreadableBatch} before any of it is processed. */
  read(bytes: Uint8Array): void {
    const memory = new ArrayBuffer((bytes.byteLength + 7) & ~7)
    this.#u8 = new Uint8Array(memory)
    this.#u8.set(bytes)
    this.#u16 = new Uint16Array(memory)
    this.i32 = new Int32Array(memory)
    this.f64 = new Float64Array(memory)
    this.i64 = new BigInt64Array(memory)
    const { i32 } = this
    if (memory.byteLength !== bytes.byteLength || i32[0] !== Magic)
      throw new UnreadableBatch("it is not a batch of events")
    if (i32[1] !== Format) {
      throw new UnreadableBatch(`it has the format ${i32[1]}, and this version of mvx-metrics reads ${Format}`)
    }
    const end = this.f64.length
    for (let at = HeadWords; at < end; at += i32[at * 2 + 1]!) {
      // Otherwise the loop would never reach the end.
      const words = i32[at * 2 + 1]!
      if (words <= 0 || at + words > end) throw new UnreadableBatch("it is damaged")
    }
    const layouts: Array<FoldLayout> = []
    const metrics: Array<ReadonlyArray<MetricEntry>> = []
    for (let at = HeadWords; at < end; at += i32[at * 2 + 1]!) {
      const [first, second] = [i32[at * 2 + 2]!, i32[at * 2 + 3]!]
      switch (i32[at * 2]) {
        case Text:
          this.#declare(first, this.#text(at + 2, second))
          break
        case LayoutOf:
          layouts[first] = this.#layout(this.#bytes(at + 2, second))
          break
        case Metrics:
          metrics[first] = deserialize(this.#bytes(at + 2, second)) as ReadonlyArray<MetricEntry>
          break
        case Recorder:
          this.#handler.recorder({
            lane: first,
            life: this.f64[at + 2]!,
            recorderId: this.#text(at + 4, i32[at * 2 + 6]!),
            metrics: metrics[second]!,
            isReplayed: i32[at * 2 + 7] === Replayed
          })
          break
        case Run: {
          const layout = layouts[second]!
          const count = (i32[at * 2 + 1]! - 4) / layout.layout.words
          this.#handler.rows(first, layout, this, at + 4, count, this.f64[at + 2]!, this.f64[at + 3]!)
          break
        }
        case Event:
          this.#handler.event(first, this.#data.event(i32, (at + 4) * 2), this.f64[at + 2]!, this.f64[at + 3]!)
          break
        case Gap:
          this.#handler.gap(first, second, this.f64[at + 2]!, this.f64[at + 3]!)
          break
        case Closed:
          this.#handler.closed(first, this.f64[at + 2]!, second < 0 ? undefined : this.#text(at + 3, second))
          break
      }
    }
  }

  #declare(code: number, text: string): void {
    for (let each = this.strings.length; each <= code; each++) this.strings.push(undefined)
    this.strings[code] = text
  }

  #layout(bytes: Uint8Array): FoldLayout {
    const key = Buffer.from(bytes).toString("latin1")
    let known = this.#known.get(key)
    if (known === undefined) {
      const layout = deserialize(bytes) as Layout
      known = { layout, read: generateRead(layout) }
      this.#known.set(key, known)
    }
    return known
  }

  #bytes(word: number, length: number): Uint8Array {
    return this.#u8.slice(word * 8, word * 8 + length)
  }

  #text(word: number, length: number): string {
    return textOfUnits(this.#u16.subarray(word * 4, word * 4 + length))
  }
}
