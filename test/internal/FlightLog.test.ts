// The end of a log, read again: its events are those that were emitted last, whatever their form and wherever the kept
// pages begin.
import { deepStrictEqual } from "node:assert/strict"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { FlightLog, type FlightQuery, type LoggedRecorder } from "../../src/internal/link/flightLog.ts"
import { EventSpan } from "../../src/internal/model/eventSpan.ts"
import { RowStringLength } from "../../src/internal/stream/rows/format.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import { StreamPair, type StreamPairOptions } from "../support/streamPair.ts"

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

type AnyEvent = { readonly _tag: string; readonly [field: string]: unknown }

interface Emitted {
  readonly id: string
  readonly at: number
  readonly event: AnyEvent
  readonly sequence: number
}

const layouts = {
  wide: layoutOf("wide", Schema.Struct({ a: Schema.Number, b: Schema.optionalKey(Schema.Number) }).ast)!,
  text: layoutOf("text", Schema.Struct({ text: Schema.String }).ast)!
}

/** A stream whose last pages are kept, and everything that was emitted into it. */
class Flight {
  readonly log: FlightLog
  readonly pair: StreamPair
  readonly emitted: Array<Emitted> = []
  readonly #written = new Map<string, number>()

  constructor(pages: number, options: StreamPairOptions = {}) {
    this.log = new FlightLog(pages * PageBytes)
    this.pair = new StreamPair({ ...options, tail: this.log })
    for (const lane of [0, 1]) this.open(lane, `recorder-${lane}`)
  }

  readonly #ids = new Map<number, string>()
  readonly #listeners = new Map<number, LoggedRecorder>()

  open(lane: number, recorderId: string): void {
    const written = this.#written
    const listener = {
      recorderId,
      get written() {
        return written.get(recorderId) ?? 0
      }
    } as LoggedRecorder
    this.#ids.set(lane, recorderId)
    this.#listeners.set(lane, listener)
    this.log.opened(lane, this.pair.writer.position, listener)
    this.pair.writer.command({ _tag: "Open", lane })
  }

  /** From here on, only the log may hold the recorder. */
  close(lane: number): WeakRef<LoggedRecorder> {
    const listener = this.#listeners.get(lane)!
    this.#listeners.delete(lane)
    this.log.closed(lane, this.pair.writer.position, listener)
    return new WeakRef(listener)
  }

  /** Writes until nothing from before is in the log. */
  moveOn(): void {
    const { position } = this.pair.writer
    while (this.log.oldest <= position) {
      this.generic(0, 0, { _tag: "any", text: ".".repeat(500) })
      this.pair.flush()
    }
  }

  #count(lane: number): number {
    const id = this.#ids.get(lane)!
    const sequence = (this.#written.get(id) ?? 0) + 1
    this.#written.set(id, sequence)
    return sequence
  }

  #emitted(lane: number, at: number, event: AnyEvent): void {
    this.emitted.push({ id: this.#ids.get(lane)!, at, event, sequence: this.#count(lane) })
  }

  row(kind: keyof typeof layouts, lane: number, at: number, event: AnyEvent): void {
    expect(this.pair.encoder(layouts[kind])(lane, event, at)).toBe(true)
    this.#emitted(lane, at, event)
  }

  generic(lane: number, at: number, event: AnyEvent): void {
    expect(this.pair.generic(lane, event, at)).toBe(true)
    this.#emitted(lane, at, event)
  }

  foreign(lane: number): void {
    this.pair.foreign(lane)
    this.#count(lane)
  }

  skip(lane: number, evicted: number): void {
    const id = this.#ids.get(lane)!
    this.#written.set(id, (this.#written.get(id) ?? 0) + evicted)
    this.pair.writer.skip(lane, this.#written.get(id)!)
  }

  read(query: Partial<FlightQuery> = {}): ReadonlyArray<Omit<Emitted, "sequence"> & { readonly sequence?: number }> {
    const all = { most: 1_000_000, isOf: () => true, ...query }
    return this.log.read(this.pair.writer, all).map(({ at, event, sequence, source }) => ({
      id: source.recorderId,
      at,
      event: event as AnyEvent,
      sequence: sequence!
    }))
  }
}

const carriers: ReadonlyArray<StreamPairOptions & { readonly carrier: string }> = [
  { carrier: "pages with separate memory" },
  { carrier: "pages in one memory, in rotation", fixedMemory: true, pagesInTurn: 3 },
  { carrier: "events of any shape", generate: false }
]

describe.each(carriers)("the end of a log of $carrier", ({ carrier: _, ...options }) => {
  const lane = fc.constantFrom(0, 1)
  const at = fc.constantFrom(0, 1.5, -1, 1.7e12)
  const n = fc.nat(3000)
  const step = fc.oneof(
    fc.record({ do: fc.constant("wide" as const), lane, at, n }),
    fc.record({ do: fc.constant("texts" as const), lane, at, n }),
    fc.record({ do: fc.constant("generic" as const), lane, at, n }),
    fc.record({ do: fc.constant("foreign" as const), lane, at, n }),
    fc.record({ do: fc.constant("read" as const), lane, at, n })
  )

  it("has the last events as they were emitted, at the beginning of any page", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const flight = new Flight(3, options)
        for (const { at, do: what, lane, n } of steps) {
          if (what === "read") flight.pair.flush()
          else if (what === "foreign") for (let i = 0; i < n % 4; i++) flight.foreign(lane)
          else if (what === "generic") {
            flight.generic(lane, at, { _tag: "any", list: [n, { [`name${n % 50}`]: `${n}`.padEnd(n) }], more: n })
          } else if (what === "wide") {
            for (let i = 0; i < n; i++) flight.row("wide", lane, at + i, { _tag: "wide", a: i % 2 ? i : i / 3, b: n })
          } else {
            for (let i = 0; i < n / 20; i++) {
              flight.row("text", lane, at, { _tag: "text", text: `${i}`.padEnd((n + i) % RowStringLength) })
            }
          }
          if (steps.length > 0 && n % 5 === 0) flight.pair.flush()
        }
        const read = flight.read()
        deepStrictEqual(read, flight.emitted.slice(flight.emitted.length - read.length))
        deepStrictEqual(flight.read({ most: 7 }), flight.emitted.slice(-7))
      }),
      { numRuns: 15 }
    )
  })

  it("keeps the configured number of pages, however often they are rewritten", () => {
    const flight = new Flight(3, options)
    const count = 3000
    for (let i = 0; i < count; i++) {
      flight.generic(i % 2, i, { _tag: "any", text: ".".repeat(500), i })
      if (i % 100 === 0) flight.pair.flush()
    }
    flight.pair.flush()
    const read = flight.read()
    deepStrictEqual(read, flight.emitted.slice(flight.emitted.length - read.length))
    expect(read.length).toBeGreaterThan((3 * PageBytes) / 1100)
    expect(flight.pair.writer.bytes).toBeLessThanOrEqual(16 * 1024 * 1024)
  })
})

it("a string that was written before the kept pages, and is used in them, is read intact", () => {
  const numbers = Array.from({ length: 40 }, (_, i) => `n${i}`)
  const struct = Schema.Struct(Object.fromEntries(numbers.map((name) => [name, Schema.Number])))
  const spans = layoutOf("spanned", struct.ast, undefined, true)!
  const flight = new Flight(1)
  const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }
  const write = flight.pair.encoder(spans)
  for (let n = 0; n < 5000; n++) {
    const event = { _tag: "spanned", ...Object.fromEntries(numbers.map((name) => [name, n])), [EventSpan]: span }
    expect(write(0, event, 0)).toBe(true)
    if (n % 500 === 0) flight.pair.flush()
  }
  const read = flight.log.read(flight.pair.writer, { most: 1e6, isOf: () => true })
  expect(read.length).toBeLessThan(5000)
  expect(new Set(read.map(({ event }) => JSON.stringify((event as never)[EventSpan])))).toEqual(
    new Set([JSON.stringify(span)])
  )
})

it("the events of a run are read one by one", () => {
  const flight = new Flight(1)
  const write = flight.pair.write(layouts.wide)
  const events = [1, 2.5, 3].map((a) => ({ _tag: "wide", a, b: a / 3 }))
  for (const event of events) expect(write(flight.pair.source(0), event)).toBe(true)
  expect(flight.log.read(flight.pair.writer, { most: 9, isOf: () => true }).map(({ event }) => event)).toEqual(events)
})

it("events after evicted ones have their own numbers, and earlier ones have none", () => {
  const flight = new Flight(1)
  for (const n of [1, 2]) flight.generic(0, n, { _tag: "any", n })
  flight.skip(0, 10)
  for (const n of [13, 14]) flight.generic(0, n, { _tag: "any", n })
  flight.generic(1, 15, { _tag: "any" })
  expect(flight.read().map(({ sequence }) => sequence)).toEqual([undefined, undefined, 13, 14, 1])
})

it("distinguishes recorders that used the same lane one after the other", () => {
  const flight = new Flight(1)
  flight.generic(0, 0, { _tag: "any", of: "first" })
  flight.open(0, "second")
  flight.generic(0, 1, { _tag: "any", of: "second" })
  expect(flight.read().map(({ id, sequence }) => [id, sequence])).toEqual([
    ["recorder-0", 1],
    ["second", 1]
  ])
  expect(flight.read({ isOf: ({ recorderId }) => recorderId === "second" })).toHaveLength(1)
})

it("events of closed recorders remain readable as long as they are in the log", () => {
  const flight = new Flight(1)
  for (const lane of [2, 3, 4]) {
    flight.open(lane, `brief-${lane}`)
    flight.generic(lane, lane, { _tag: "any" })
    flight.close(lane)
  }
  expect(flight.read().map(({ id }) => id)).toEqual(["brief-2", "brief-3", "brief-4"])
})

it("a closed recorder is forgotten once none of its events is in the log", async () => {
  const flight = new Flight(1)
  const brief = [2, 3].map((lane) => {
    flight.open(lane, `brief-${lane}`)
    flight.generic(lane, lane, { _tag: "any" })
    return flight.close(lane)
  })
  flight.moveOn()
  flight.close(1)
  // What a WeakRef was made for lives until the turn ends.
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  expect(brief.map((each) => each.deref())).toEqual([undefined, undefined])
})

it("ends at the requested event", () => {
  const flight = new Flight(1)
  for (let n = 1; n <= 9; n++) flight.generic(0, n, { _tag: "any", n })
  expect(flight.read({ most: 2, upTo: 5 }).map(({ sequence }) => sequence)).toEqual([4, 5])
})

it("writes the same words as a stream without it", () => {
  const words = [new Flight(1).pair, new StreamPair()].map((pair) => {
    pair.writer.command({ _tag: "Open", lane: 0 })
    pair.writer.command({ _tag: "Open", lane: 1 })
    const write = pair.encoder(layouts.wide)
    for (let n = 0; n < 100; n++) {
      write(0, { _tag: "wide", a: n, b: n / 3 } as never, n)
      pair.generic(1, { _tag: "any", text: `${n}`.repeat(n) } as never, n)
    }
    pair.flush()
    return pair.published
  })
  // Two lanes are opened with the recorder at hand as well.
  expect(words[0]!.subarray(16).equals(words[1]!)).toBe(true)
})

it("releases its pages before an event finds no room", () => {
  const flight = new Flight(8, { bytes: 3 * PageBytes, fixedMemory: true })
  for (let i = 0; i < 2000; i++) {
    flight.generic(0, i, { _tag: "any", text: ".".repeat(500) })
    if (i % 100 === 0) flight.pair.flush()
  }
  const read = flight.read()
  deepStrictEqual(read, flight.emitted.slice(flight.emitted.length - read.length))
})

it("reads the rows of a reassigned type by the layout of their time", async () => {
  const flight = new Flight(1)
  flight.row("wide", 0, 0, { _tag: "wide", a: 1 })
  // The page in which its type is declared is not kept.
  for (let n = 0; n < 1000; n++) {
    flight.generic(0, 0, { _tag: "any", text: ".".repeat(500) })
    if (n % 100 === 0) flight.pair.flush()
  }
  flight.row("wide", 0, 0, { _tag: "wide", a: 2 })
  flight.row("wide", 0, 0, { _tag: "wide", a: 0.5 })
  await Promise.resolve()
  flight.row("text", 0, 0, { _tag: "text", text: "takes the type" })
  const read = flight.read()
  expect(read.length).toBeLessThan(flight.emitted.length)
  deepStrictEqual(read, flight.emitted.slice(flight.emitted.length - read.length))
})
