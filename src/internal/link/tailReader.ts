/**
 * Reads the events in the last pages of a log again, in order, on the side that has written them. Commands and reads
 * are skipped.
 */
import type { MetricEvent } from "../model/event.ts"
import type { PageBegin } from "../stream/logTail.ts"
import { RowReader } from "../stream/reader.ts"
import type { RowRead, Rows } from "../stream/rows/format.ts"
import type { Layout } from "../stream/rows/layout.ts"
import { generateRead } from "../stream/rows/readCode.ts"
import type { StreamHandler } from "../stream/streamHandler.ts"

/** An event as it lies in the log. */
export interface LoggedEvent<Source> {
  readonly source: Source
  readonly at: number
  readonly event: MetricEvent
  /** Its number among the events that its recorder has accepted, if it can be determined. */
  sequence: number | undefined
}

/** What is needed to read the pages. */
interface TailLog<Source> {
  readonly strings: ReadonlyArray<string>
  readonly nameLists: ReadonlyArray<ReadonlyArray<string>>
  /** The layouts by type, as of the start of the first page. */
  readonly layouts: Iterable<readonly [type: number, layout: Layout]>
  /** Returns the source whose events a lane carries at a position, or `undefined` if they are not wanted. */
  readonly sourceAt: (lane: number, position: number) => Source | undefined
  /** The sequence number of the source's last event in the pages, if it is known. */
  readonly lastOf: (source: Source) => number | undefined
}

/** The events of a source in the pages. */
interface Count {
  /** The last event's sequence number, or its index in the pages until another event's number is known. */
  sequence: number
  isExact: boolean
}

class TailReader<Source> implements StreamHandler {
  readonly events: Array<LoggedEvent<Source>> = []
  readonly #log: TailLog<Source>
  readonly #reader = new RowReader(this, () => {})
  readonly #layouts = new Map<number, { readonly layout: Layout; read: RowRead | undefined }>()
  readonly #counts = new Map<Source, Count>()

  constructor(log: TailLog<Source>, pages: ReadonlyArray<PageBegin>) {
    this.#log = log
    const { nameLists, strings } = log
    this.#reader.restore({ page: 0, turn: 0, word: 0 }, this.#reader.save(), strings, nameLists)
    for (const [type, layout] of log.layouts) {
      this.#reader.layout(type, layout)
      this.layout(type, layout)
    }
    for (const { page, state, turn } of pages) this.#reader.readAlone(page, turn, state)
    this.#number()
  }

  /** Numbers the events backwards from the last one, if no row on the way carries a number. */
  #number(): void {
    const bases = new Map<Source, number | undefined>()
    for (const [source, { isExact, sequence }] of this.#counts) {
      const last = this.#log.lastOf(source)
      bases.set(source, isExact || last === undefined ? undefined : last - sequence)
    }
    for (const [i, sequence] of this.#relative) {
      const each = this.events[i]!
      const base = bases.get(each.source)
      each.sequence = base === undefined ? undefined : base + sequence
    }
  }

  /** The events without a number so far, with their indexes among those of their source. */
  readonly #relative: Array<readonly [index: number, sequence: number]> = []

  #take(source: Source, event: MetricEvent, at: number): void {
    const { isExact, sequence } = this.#count(source, 1)
    if (!isExact) this.#relative.push([this.events.length, sequence])
    this.events.push({ source, at, event, sequence: isExact ? sequence : undefined })
  }

  #count(source: Source, events: number): Count {
    let count = this.#counts.get(source)
    if (count === undefined) {
      count = { sequence: 0, isExact: false }
      this.#counts.set(source, count)
    }
    count.sequence += events
    return count
  }

  /** The source of the current row, whose position is its end. */
  #sourceOf(lane: number): Source | undefined {
    return this.#log.sourceAt(lane, this.#reader.position - 1)
  }

  rows(lane: number, type: number, rows: Rows, at: number, count: number, time: number): void {
    const source = this.#sourceOf(lane)
    if (source === undefined) return
    const known = this.#layouts.get(type)!
    known.read ??= generateRead(known.layout)
    for (let i = 0; i < count; i++) this.#take(source, known.read(rows, at + i * known.layout.words), time)
  }

  event(lane: number, event: MetricEvent, time: number): void {
    const source = this.#sourceOf(lane)
    if (source !== undefined) this.#take(source, event, time)
  }

  foreignEvents(lane: number, count: number): void {
    const source = this.#sourceOf(lane)
    if (source !== undefined) this.#count(source, count)
  }

  skip(lane: number, to: number): void {
    const source = this.#sourceOf(lane)
    if (source === undefined) return
    const count = this.#count(source, 0)
    // The number of evictions before this point is unknown, so the events before it remain without a number.
    count.sequence = to
    count.isExact = true
  }

  layout(type: number, layout: Layout): void {
    this.#layouts.set(type, { layout, read: undefined })
  }

  command(): void {}

  read(): void {}
}

/** Reads the events in these pages. */
export const readTail = <Source>(
  log: TailLog<Source>,
  pages: ReadonlyArray<PageBegin>
): ReadonlyArray<LoggedEvent<Source>> => new TailReader(log, pages).events
