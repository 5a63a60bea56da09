/**
 * Writes what a fold takes as batches, see {@link ./batchFormat.ts}. Rows are copied as they are, in one piece; only
 * the codes of their strings are examined.
 */
import { serialize } from "node:v8"
import type { FoldTap, TappedLane } from "../fold/foldTap.ts"
import type { Generation } from "../fold/laneMetrics.ts"
import type { FoldLayout } from "../fold/metricPlans.ts"
import type { MetricEvent } from "../model/event.ts"
import { spanOf } from "../model/eventSpan.ts"
import type { Lane } from "../stream/commands.ts"
import { DataEncoder } from "../stream/rows/encodeData.ts"
import { FirstCode, type Rows } from "../stream/rows/format.ts"
import type { Layout, NamedField } from "../stream/rows/layout.ts"
import { NameLists } from "../stream/rows/nameLists.ts"
import { StringCodes } from "../stream/rows/stringCodes.ts"
import {
  Closed,
  Event,
  Evicted,
  Gap,
  Ignored,
  LayoutOf,
  type MetricEntry,
  Metrics,
  Recorder,
  Replayed,
  Run,
  Text
} from "./batchFormat.ts"
import { BatchMemory, byteWords, textWords } from "./batchMemory.ts"

/** What is known of a layout. */
interface KnownLayout {
  readonly number: number
  readonly words: number
  /** The halves of a row that contain codes of strings. */
  readonly codes: ReadonlyArray<number>
  readonly bytes: Uint8Array
  batch: number
}

interface KnownLane {
  readonly life: number
  readonly version: number
  readonly batch: number
}

interface KnownMetrics {
  readonly number: number
  readonly bytes: Uint8Array
  batch: number
}

/** The maximum number of known lists of metrics. Each reset creates another one. */
const MostMetrics = 4096

/** Events of any shape do not use a dictionary, because a batch is self-contained. */
const encoder = new DataEncoder(new StringCodes(() => false), new NameLists(() => false))

export class BatchWriter implements FoldTap {
  readonly #memory = new BatchMemory()
  /** Whether the input may have been written before, by a fold that this one replaces. */
  isReplaying = (): boolean => false
  /**
   * Whether the input is dropped. Its sequence numbers are used up, so that readers of the batches know what is
   * missing.
   */
  hasNoRoom = (): boolean => false
  /** The number of dropped events. */
  dropped = 0
  /** Called when something was written. */
  onWritten: () => void = () => {}
  /** The number of events in the current batch. */
  events = 0
  /** The number of the open batch. */
  #batch = 1
  /** By code: the string that was declared, and in which batch. */
  readonly #texts: Array<string | undefined> = []
  readonly #textBatches: Array<number> = []
  readonly #layouts = new Map<FoldLayout, KnownLayout>()
  readonly #lanes = new Map<Lane, KnownLane>()
  readonly #metrics = new Map<string, KnownMetrics>()
  #metricsMade = 0

  /** The size of the open batch in bytes. 0: nothing was written. */
  get bytes(): number {
    return this.#memory.isEmpty ? 0 : this.#memory.pos * 8
  }

  /** Ends the batch. Later input goes into another one. */
  take(allocate: (bytes: number) => Uint8Array): Uint8Array {
    const memory = this.#memory
    const bytes = allocate(memory.pos * 8)
    memory.copyTo(bytes)
    memory.clear()
    this.#batch++
    this.events = 0
    return bytes
  }

  // --- what is folded

  opened(lane: TappedLane): void {
    // It is declared with its first event that has room.
    if (this.hasNoRoom()) return
    this.#declareLane(lane)
    this.onWritten()
  }

  rows(lane: TappedLane, layout: FoldLayout, rows: Rows, at: number, count: number, time: number): void {
    if (this.hasNoRoom()) return this.#drop(lane, lane.sequence + count, count)
    const known = this.#layout(layout)
    this.#lane(lane)
    const { words } = known
    if (known.codes.length > 0) this.#declare(known, rows, at, count)
    const memory = this.#memory
    const word = memory.record(Run, 4 + count * words, lane.lane, known.number)
    memory.f64[word + 2] = lane.sequence + 1
    memory.f64[word + 3] = time
    memory.i32.set(rows.i32.subarray(at * 2, (at + count * words) * 2), (word + 4) * 2)
    lane.tapped = lane.sequence + count
    this.events += count
    this.onWritten()
  }

  event(lane: TappedLane, event: MetricEvent, time: number): void {
    if (this.hasNoRoom()) return this.#drop(lane, lane.sequence + 1, 1)
    this.#lane(lane)
    const from = encoder.pos
    try {
      encoder.event(event, event._tag, spanOf(event))
      const halves = encoder.pos - from
      const memory = this.#memory
      const word = memory.record(Event, 4 + ((halves + 1) >> 1), lane.lane, halves)
      memory.f64[word + 2] = lane.sequence + 1
      memory.f64[word + 3] = time
      memory.f64[memory.pos - 1] = 0
      memory.i32.set(encoder.i32.subarray(from, from + halves), (word + 4) * 2)
    } finally {
      encoder.pos = from
    }
    lane.tapped = lane.sequence + 1
    this.events++
    this.onWritten()
  }

  evicted(lane: TappedLane, to: number): void {
    if (this.hasNoRoom()) return this.#drop(lane, to, 0)
    this.#lane(lane)
    this.#gap(lane.lane, Evicted, lane.sequence, to)
    lane.tapped = to
    this.onWritten()
  }

  closed(lane: TappedLane, total: string | undefined): void {
    // The end of a declared recorder is written even if there is no room.
    if (this.hasNoRoom() && !this.#lanes.has(lane.lane)) return
    this.#lane(lane)
    const memory = this.#memory
    const word = memory.record(Closed, 3 + textWords(total?.length ?? 0), lane.lane, total?.length ?? -1)
    memory.f64[word + 2] = lane.sequence
    memory.putText(word + 3, total ?? "")
    this.#lanes.delete(lane.lane)
    this.onWritten()
  }

  #drop(lane: TappedLane, to: number, events: number): void {
    lane.tapped = to
    this.dropped += events
  }

  // --- what they refer to

  /** Declares the recorder in its current form, and what was added to it since it was last shown. */
  #lane(lane: TappedLane): void {
    const known = this.#lanes.get(lane.lane)
    if (known?.batch !== this.#batch || known.life !== lane.life || known.version !== lane.metrics.version) {
      this.#declareLane(lane)
    }
    if (lane.tapped < lane.sequence) this.#gap(lane.lane, Ignored, lane.tapped, lane.sequence)
  }

  #declareLane(tapped: TappedLane): void {
    const { lane, life, recorderId } = tapped
    const metrics = this.#metricsOf(tapped.metrics.generations())
    const memory = this.#memory
    const word = memory.record(Recorder, 4 + textWords(recorderId.length), lane, metrics)
    memory.f64[word + 2] = life
    memory.i32[word * 2 + 6] = recorderId.length
    memory.i32[word * 2 + 7] = this.isReplaying() ? Replayed : 0
    memory.putText(word + 4, recorderId)
    this.#lanes.set(lane, { life, version: tapped.metrics.version, batch: this.#batch })
  }

  /** Most recorders of a program have the same metrics. */
  #metricsOf(generations: ReadonlyArray<Generation>): number {
    const entries = generations.map(({ epoch, measured, name }): MetricEntry => [name, epoch, measured])
    const key = JSON.stringify(entries)
    let known = this.#metrics.get(key)
    if (known === undefined) {
      if (this.#metrics.size >= MostMetrics) this.#metrics.clear()
      known = { number: this.#metricsMade++, bytes: serialize(entries), batch: 0 }
      this.#metrics.set(key, known)
    }
    if (known.batch !== this.#batch) this.#putBytes(Metrics, known.number, known.bytes)
    known.batch = this.#batch
    return known.number
  }

  #layout(layout: FoldLayout): KnownLayout {
    let known = this.#layouts.get(layout)
    if (known === undefined) {
      const { words } = layout.layout
      const number = this.#layouts.size
      known = { number, words, codes: codesOf(layout.layout), bytes: serialize(layout.layout), batch: 0 }
      this.#layouts.set(layout, known)
    }
    if (known.batch !== this.#batch) this.#putBytes(LayoutOf, known.number, known.bytes)
    known.batch = this.#batch
    return known
  }

  #declare({ codes, words }: KnownLayout, { i32, strings }: Rows, at: number, count: number): void {
    const batch = this.#batch
    const texts = this.#texts
    const batches = this.#textBatches
    for (let c = 0; c < codes.length; c++) {
      let half = at * 2 + codes[c]!
      for (let i = 0; i < count; i++, half += words * 2) {
        const code = i32[half]!
        // The string of a passing code changes, and each stream has its own codes.
        if (code < FirstCode || (batches[code] === batch && texts[code] === strings[code])) continue
        this.#text(code, strings[code]!)
      }
    }
  }

  #text(code: number, text: string): void {
    for (let each = this.#texts.length; each <= code; each++) {
      this.#texts.push(undefined)
      this.#textBatches.push(0)
    }
    this.#texts[code] = text
    this.#textBatches[code] = this.#batch
    const memory = this.#memory
    const word = memory.record(Text, 2 + textWords(text.length), code, text.length)
    memory.putText(word + 2, text)
  }

  #gap(lane: Lane, kind: number, from: number, to: number): void {
    const memory = this.#memory
    const word = memory.record(Gap, 4, lane, kind)
    memory.f64[word + 2] = from
    memory.f64[word + 3] = to
  }

  #putBytes(kind: number, number: number, bytes: Uint8Array): void {
    const memory = this.#memory
    const word = memory.record(kind, 2 + byteWords(bytes.byteLength), number, bytes.byteLength)
    memory.putBytes(word + 2, bytes)
  }
}

const codesOf = ({ fields, span }: Layout): ReadonlyArray<number> => {
  const codes: Array<number> = span === undefined ? [] : [span, span + 1]
  const add = (named: ReadonlyArray<NamedField>): void => {
    for (const [, field] of named) {
      if (field.kind === "string") codes.push(field.half)
      else if (field.kind === "struct") add(field.fields)
    }
  }
  add(fields)
  return codes
}
