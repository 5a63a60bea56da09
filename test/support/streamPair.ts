/**
 * Both ends of a stream in one thread, over the smallest possible carrier. Nothing happens by itself: a test decides
 * when the reader reads, and when deferred work runs.
 */

import type { Carrier } from "../../src/internal/stream/carrier.ts"
import { copyOf, EventWriter } from "../../src/internal/stream/eventWriter.ts"
import type { LogTail } from "../../src/internal/stream/logTail.ts"
import { RowReader } from "../../src/internal/stream/reader.ts"
import type { Rows, RowWrite, Written } from "../../src/internal/stream/rows/format.ts"
import type { Layout, TagLayout } from "../../src/internal/stream/rows/layout.ts"
import { type Page, pagesOf, publishedEnd, setRead } from "../../src/internal/stream/rows/page.ts"
import { generateRead } from "../../src/internal/stream/rows/readCode.ts"
import type { RowSource } from "../../src/internal/stream/rows/rowSource.ts"
import type { StreamWords } from "../../src/internal/stream/rows/streamWords.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { rowSource } from "./rowSource.ts"

/** The output of a stream, in order. */
export type Came =
  | { readonly lane: number; readonly at: number; readonly event: MetricEvent; readonly by: "row" | "generic" }
  | { readonly lane: number; readonly foreign: true }
  | { readonly skipped: number; readonly to: number }
  | { readonly command: unknown }
  | {
      readonly read: number
      readonly of: number
      readonly now: number
      readonly names: ReadonlyArray<string> | undefined
    }

/** Unread rows, for tests that fold them themselves. */
export type OnRows = (layout: Layout, rows: Rows, at: number, count: number, time: number) => void

export interface StreamPairOptions {
  /** Maximum memory for rows in bytes. Default: 16 MiB. */
  readonly bytes?: number
  /** The option of the carrier. Default: false. */
  readonly fixedMemory?: boolean
  /** The option of the carrier, for bursts and otherwise. Default: 0. */
  readonly pagesInTurn?: number | Carrier["pagesInTurn"]
  /** Whether to generate code for layouts. Default: true. */
  readonly generate?: boolean
  readonly onRows?: OnRows
  /** Reads the last pages again. */
  readonly tail?: LogTail
  /** Of an attached thread: where it shows how far it has written. */
  readonly shared?: StreamWords
}

export class StreamPair {
  readonly writer: RowWriter
  readonly came: Array<Came> = []
  readonly #reader: RowReader
  readonly #layouts = new Map<number, { readonly layout: Layout; readonly read: ReturnType<typeof generateRead> }>()
  readonly #fixedMemory: boolean
  readonly #onRows: OnRows | undefined
  /** Messages on their way to the reader, in order. */
  readonly #messages: Array<() => void> = []
  readonly #sources = new Map<number, RowSource>()
  readonly #opened: Array<Page> = []
  #soon: Array<() => void> = []
  /** The number of wake-ups of the reader, and of pages that the writer has moved to. */
  roused = 0
  turned = 0

  constructor(options: StreamPairOptions = {}) {
    const { bytes = 16 * 1024 * 1024, generate = true, onRows, pagesInTurn = 0 } = options
    this.#fixedMemory = options.fixedMemory ?? false
    this.#onRows = onRows
    this.#reader = new RowReader(
      {
        command: (command) => void this.came.push({ command }),
        read: (of, read, now, names) => void this.came.push({ read, of, now, names }),
        layout: (type, layout) => void this.#layouts.set(type, { layout, read: generateRead(layout) }),
        skip: (skipped, to) => void this.came.push({ skipped, to }),
        event: (lane, event, at) => void this.came.push({ lane, at, event, by: "generic" }),
        foreignEvents: (lane, count) => {
          for (let i = 0; i < count; i++) this.came.push({ lane, foreign: true })
        },
        rows: (lane, type, rows, at, count, time) => this.#rows(lane, type, rows, at, count, time)
      },
      setRead
    )
    const inTurn = typeof pagesInTurn === "number" ? { least: pagesInTurn, most: pagesInTurn } : pagesInTurn
    this.writer = new RowWriter(this.#carrier(inTurn), bytes, generate, options.tail, options.shared)
  }

  #carrier(pagesInTurn: Carrier["pagesInTurn"]): Carrier {
    return {
      pagesInTurn,
      fixedMemory: this.#fixedMemory,
      allocate: (bytes) => new ArrayBuffer(bytes),
      opened: (first, buffer) => {
        this.#opened.push(...pagesOf(first, buffer))
        this.#messages.push(() => this.#reader.memory(first, buffer))
      },
      attach: (attachments) => void this.#messages.push(() => this.#reader.attach(attachments)),
      rouse: () => void this.roused++,
      letSleep: () => {},
      wake: () => {},
      turned: () => void this.turned++,
      soon: (run) => void this.#soon.push(run)
    }
  }

  #rows(lane: number, type: number, rows: Rows, at: number, count: number, time: number): void {
    const { layout, read } = this.#layouts.get(type)!
    if (this.#onRows !== undefined) return this.#onRows(layout, rows, at, count, time)
    for (let i = 0; i < count; i++) {
      this.came.push({ lane, at: time, event: read(rows, at + i * layout.words), by: "row" })
    }
  }

  /** Writes events of a layout, each emitted `at`; returns whether they were written. */
  encoder(layout: Layout): (lane: number, event: MetricEvent, at: number) => Written {
    const write = this.write(layout)
    return (lane, event, at) => {
      this.writer.give(at)
      return write(this.source(lane), event)
    }
  }

  /** Writes events of a layout at the current time; in rows without fixed width if there is no generated code. */
  write(layout: Layout): RowWrite {
    const encoder = this.writer.encoder(layout)
    if (encoder !== undefined) return (source, event) => encoder.write(source, event)
    const names = this.writer.namesOf(layout)
    return (source, event) => this.writer.writeEvent(source, event, event._tag, layout.span !== undefined, names)
  }

  /** Writes an event into a row without fixed width. */
  generic(lane: number, event: MetricEvent, at: number): boolean {
    this.writer.give(at)
    return this.writer.writeEvent(this.source(lane), event, event._tag, false)
  }

  /** Writes that an event occurred which no metric reads. */
  foreign(lane: number): boolean {
    return this.writer.foreignEvent(this.source(lane))
  }

  /** The events of a lane, which may always be written. */
  source(lane: number): RowSource {
    let source = this.#sources.get(lane)
    if (source === undefined) {
      source = rowSource(lane)
      this.#sources.set(lane, source)
    }
    return source
  }

  /** Writes the events of lane 1, whose tags have these layouts, like a recorder. */
  recorder(layoutOf: (tag: string) => TagLayout) {
    const source = this.source(1)
    const events = new EventWriter(this.writer, { layoutOf, readsSpan: () => false })
    const emitRow = (event: unknown): boolean => {
      try {
        return events.writeRow(source, event as MetricEvent) === true
      } catch {
        return false
      }
    }
    return {
      emit: (event: unknown): "written" | "full" | "invalid" => {
        this.writer.give(0)
        if (emitRow(event)) return "written"
        const copy = copyOf(event)
        return copy === undefined ? "invalid" : events.writeRow(source, copy) ? "written" : "full"
      },
      metricsChanged: () => events.forgetLayouts()
    }
  }

  /** Reads what has been published so far, up to `mostPages`. */
  read(mostPages = Number.POSITIVE_INFINITY): void {
    for (const message of this.#messages.splice(0)) message()
    this.#reader.read(mostPages)
  }

  /** Publishes the written rows, and reads them. */
  flush(): void {
    this.writer.publish(true)
    this.read()
  }

  /** Runs the work deferred to a later turn. */
  turn(): void {
    const due = this.#soon
    this.#soon = []
    for (const run of due) run()
  }

  /** Whether there is deferred work. */
  get isDue(): boolean {
    return this.#soon.length > 0
  }

  /** The layouts that the reader received, in order. */
  get layouts(): ReadonlyArray<Layout> {
    return Array.from(this.#layouts.values(), ({ layout }) => layout)
  }

  /** The received events only. */
  get events(): ReadonlyArray<MetricEvent> {
    return this.came.flatMap((each) => ("event" in each ? [each.event] : []))
  }

  /** The published words in each page of shared memory, exactly. */
  get published(): Buffer {
    return Buffer.concat(
      this.#opened.map((page) => {
        const words = Math.max(0, publishedEnd(page) - page.first)
        return Buffer.from(page.buffer as ArrayBuffer, page.first * 8, words * 8)
      })
    )
  }
}
