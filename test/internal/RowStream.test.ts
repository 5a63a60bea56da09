// The stream as a whole: everything written is delivered once, in order, whenever the reader reads; memory is bounded
// and reused.
import { deepStrictEqual } from "node:assert/strict"
import { afterEach, describe, expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import type { TurnTaker } from "../../src/internal/stream/roomQueue.ts"
import {
  FirstLayout,
  LastingLength,
  MostMetricsRead,
  MostNameLists,
  RowStringLength,
  type Written
} from "../../src/internal/stream/rows/format.ts"
import { type Layout, layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes, PageWords } from "../../src/internal/stream/rows/page.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { asMany } from "../support/long.ts"
import { rowSource } from "../support/rowSource.ts"
import { type Came, StreamPair } from "../support/streamPair.ts"

const carriers = [
  { carrier: "pages with separate memory", pagesInTurn: 0 },
  { carrier: "pages in one memory, in rotation", fixedMemory: true, pagesInTurn: 3 }
]

/** An event of so many numbers, and its layout. */
const wide = (words: number): { readonly layout: Layout; readonly event: (n: number) => MetricEvent } => {
  const names = Array.from({ length: words }, (_, i) => `n${i}`)
  const layout = layoutOf("wide", Schema.Struct(Object.fromEntries(names.map((name) => [name, Schema.Number]))).ast)
  const event = (n: number) => {
    const numbers: MetricEvent & { [name: string]: number | string } = { _tag: "wide" }
    for (const [i, name] of names.entries()) numbers[name] = n + i
    return numbers
  }
  return { layout: layout!, event }
}

const text = {
  layout: layoutOf("text", Schema.Struct({ text: Schema.String, more: Schema.optional(Schema.String) }).ast)!,
  event: (n: number): MetricEvent & { readonly text: string } => ({ _tag: "text", text: `${n}`.padStart(n % 301, ".") })
}
const empty = { layout: layoutOf("empty", Schema.Struct({}).ast)!, event: (): MetricEvent => ({ _tag: "empty" }) }
const longText = {
  layout: text.layout,
  event: (n: number) => ({ _tag: "text", text: `${n}`.padEnd(n % RowStringLength) })
}

const row = (lane: number, at: number, event: MetricEvent): Came => ({ lane, at, event, by: "row" })

/** Publishes and reads all. */
const drain = (pair: StreamPair, expected: ReadonlyArray<Came>): void => {
  pair.flush()
  deepStrictEqual(pair.came, expected)
}

describe.each(carriers)("a stream of $carrier", ({ carrier: _, ...options }) => {
  type Step =
    | { readonly do: "row"; readonly kind: number; readonly lane: number; readonly at: number; readonly n: number }
    | { readonly do: "rows"; readonly kind: number; readonly lane: number; readonly count: number }
    | { readonly do: "generic"; readonly lane: number; readonly at: number; readonly n: number }
    | { readonly do: "foreign"; readonly lane: number }
    | { readonly do: "command"; readonly n: number }
    | { readonly do: "ask"; readonly lane: number; readonly at: number; readonly names: ReadonlyArray<string> }
    | { readonly do: "publish"; readonly urgent: boolean }
    | { readonly do: "read"; readonly pages: number }
    | { readonly do: "turn" }

  const lane = fc.constantFrom(0, 1, 9999, 2 ** 31 - 1)
  const at = fc.constantFrom(0, 0, 1.5, -1, 1.7e12, NaN)
  const names = fc.array(fc.constantFrom("", "a", "document.saves", "\ud800"), { maxLength: 5 })
  const kind = fc.nat(4)
  const kinds = [empty, wide(1), wide(20), text, longText]
  const step = (commands: boolean): fc.Arbitrary<Step> =>
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant("row"), kind, lane, at, n: fc.nat(40_000) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("rows"), kind, lane, count: fc.nat(60) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("generic"), lane, at, n: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("foreign"), lane }) },
      { weight: commands ? 1 : 0, arbitrary: fc.record({ do: fc.constant("command"), n: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("ask"), lane, at, names }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("publish"), urgent: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("read"), pages: fc.constantFrom(1, 2, 100) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("turn") }) }
    )
  const plan = (commands: boolean) =>
    fc.record({
      pages: fc.integer({ min: 2, max: 4 }),
      steps: fc.array(step(commands), { maxLength: 80, size: "max" })
    })

  /** Has the layouts told, each read before the next: they are commands, which memory may be taken for. */
  const declared = (pair: StreamPair): void => {
    for (const { layout } of kinds) {
      pair.encoder(layout)
      pair.read()
    }
  }

  /** Takes the steps; gives what has to come out: what the writer took. */
  const play = (pair: StreamPair, steps: ReadonlyArray<Step>): ReadonlyArray<Came> => {
    const taken: Array<Came> = []
    const take = (came: Came, written: Written): boolean => {
      if (written === true) taken.push(came)
      return written === true
    }
    const writeRow = (which: number, lane: number, at: number, n: number): boolean => {
      const { event, layout } = kinds[which]!
      return take(row(lane, at, event(n)), pair.encoder(layout)(lane, event(n), at))
    }
    for (const step of steps) {
      switch (step.do) {
        case "row":
          writeRow(step.kind, step.lane, step.at, step.n)
          break
        case "rows":
          for (let i = 0; i < step.count && writeRow(step.kind, step.lane, 7, i * 31); i++);
          break
        case "generic": {
          const event = { _tag: "generic", list: [step.n] }
          take({ ...row(step.lane, step.at, event), by: "generic" }, pair.generic(step.lane, event, step.at))
          break
        }
        case "foreign":
          take({ lane: step.lane, foreign: true }, pair.foreign(step.lane))
          break
        case "command":
          pair.writer.command({ command: step.n })
          take({ command: { command: step.n } }, true)
          break
        case "ask": {
          const { at: now, lane, names } = step
          const request = taken.length
          const written = pair.writer.ask({ _tag: "Read", lane, request, what: "snapshots", now, names })
          take({ read: request, of: lane, now, names: names.length === 0 ? undefined : names }, written)
          break
        }
        case "publish":
          pair.writer.publish(step.urgent)
          break
        case "read":
          pair.read(step.pages)
          break
        case "turn":
          pair.turn()
      }
    }
    return taken
  }

  it("delivers everything that it accepted once and in order, with its time, and uses no memory beyond its bound", () => {
    fc.assert(
      fc.property(plan(false), ({ pages, steps }) => {
        const pair = new StreamPair({ ...options, bytes: pages * PageBytes })
        declared(pair)
        const taken = play(pair, steps)
        expect(pair.writer.bytes).toBeLessThanOrEqual(pages * PageBytes)
        drain(pair, taken)
        expect(pair.writer.bytes).toBeLessThanOrEqual(pages * PageBytes)
      }),
      { numRuns: 60 }
    )
  })

  it("accepts every command, beyond its bound if necessary, in order with the rest", () => {
    fc.assert(
      fc.property(plan(true), ({ pages, steps }) => {
        const pair = new StreamPair({ ...options, bytes: pages * PageBytes })
        declared(pair)
        const taken = play(pair, steps)
        const commands = taken.filter((came) => "command" in came).length
        expect(pair.writer.bytes).toBeLessThanOrEqual((pages + commands) * PageBytes)
        drain(pair, taken)
      }),
      { numRuns: 60 }
    )
  })

  it("accepts a command on a page that its rows have filled to the last word", () => {
    const pair = new StreamPair({ ...options, bytes: 2 * PageBytes })
    const write = pair.encoder(empty.layout)
    pair.flush()
    const taken: Array<Came> = []
    while (pair.foreign(1)) taken.push({ lane: 1, foreign: true })
    const { bytes } = pair.writer
    expect(write(1, empty.event(), 5), "memory is full").toBe(false)
    pair.writer.command({ command: 1 })
    taken.push({ command: { command: 1 } })
    expect(pair.writer.bytes).toBe(bytes)
    drain(pair, taken)
  })

  it("has no additional room for events after commands have exceeded its bound", () => {
    const pair = new StreamPair({ ...options, bytes: 2 * PageBytes })
    const fill = (): number => {
      let words = 0
      while (pair.foreign(1)) words++
      return words
    }
    fill()
    for (let n = 0; n < 50; n++) pair.writer.command({ command: n })
    for (let n = 0; n < 4; n++) pair.flush()
    expect(fill() * 8).toBeLessThanOrEqual(2 * PageBytes)
  })

  it("delivers whatever is written after commands for which there was no room", () => {
    const pair = new StreamPair({ ...options, bytes: 2 * PageBytes })
    const { event, layout } = wide(1)
    const write = pair.encoder(layout)
    pair.flush()
    const taken: Array<Came> = []
    const fill = (): void => {
      while (pair.foreign(1)) taken.push({ lane: 1, foreign: true })
    }
    fill()
    for (let n = 0; n < 3; n++) {
      pair.writer.command({ command: n })
      taken.push({ command: { command: n } })
      if (write(1, event(7), 5)) taken.push(row(1, 5, event(7)))
    }
    pair.read()
    expect(write(1, event(7), 5), "there is room when all was read").toBe(true)
    taken.push(row(1, 5, event(7)))
    fill()
    drain(pair, taken)
  })

  it.each([1, 2, 3, 7, 100, 255, 256])("moves to the next page between rows of %d words, and reuses pages", (words) => {
    const pair = new StreamPair({ ...options, bytes: 2 * PageBytes })
    const { event, layout } = wide(words)
    const write = pair.encoder(layout)
    pair.flush()
    const expected: Array<Came> = []
    const pages = asMany(8, 5)
    for (let n = 0; n * words * 8 < pages * PageBytes; n++) {
      const written = event(n)
      if (!write(1, written, 5)) {
        pair.read()
        expect(write(1, written, 5), "there is room when all was read").toBe(true)
      }
      expected.push(row(1, 5, written))
    }
    drain(pair, expected)
    expect(pair.writer.bytes).toBe(2 * PageBytes)
  })

  it("moves to the next page within and between long strings, none of which is truncated", () => {
    const pair = new StreamPair({ ...options, bytes: 3 * PageBytes })
    const write = pair.encoder(text.layout)
    pair.flush()
    const expected: Array<Came> = []
    for (let n = 0; n < 60; n++) {
      const length = (n * 2741) % (RowStringLength + 1)
      const event = {
        _tag: "text",
        text: `${n}`.padEnd(length, "a"),
        more: `${n}`.padEnd(RowStringLength - length, "b")
      }
      if (!write(1, event, 0)) {
        pair.read()
        expect(write(1, event, 0)).toBe(true)
      }
      expected.push(row(1, 0, event))
    }
    drain(pair, expected)
  })

  it("moves to the next page before an event of any shape that does not fit, with its time, to the last word", () => {
    for (let free = 0; free <= 16; free++) {
      const pair = new StreamPair({ ...options, bytes: 2 * PageBytes })
      pair.writer.give(1)
      const foreign = PageWords - 1 - free
      for (let n = 0; n < foreign; n++) pair.foreign(1)
      for (const at of [2, 3]) expect(pair.generic(1, wide(1).event(at), at)).toBe(true)
      pair.flush()
      expect(pair.came.length).toBe(foreign + 2)
      deepStrictEqual(
        pair.came.slice(foreign),
        [2, 3].map((at): Came => ({ lane: 1, at, event: wide(1).event(at), by: "generic" }))
      )
    }
  })

  it("refuses rows while a reader lags, and accepts them again after the read", () => {
    const pair = new StreamPair({ ...options, bytes: 4 * PageBytes })
    const { event, layout } = wide(100)
    const write = pair.encoder(layout)
    pair.flush()
    const expected: Array<Came> = []
    const fill = (): void => {
      for (let n = 0; write(1, event(n), 0); n++) expected.push(row(1, 0, event(n)))
      while (pair.foreign(2)) expected.push({ lane: 2, foreign: true })
    }
    fill()
    let asked = 0
    pair.writer.whenRoom({ takeTurn: () => ++asked > 0 })
    for (let i = 0; i < 3; i++) {
      expect(write(1, event(-1), 0)).toBe(undefined)
      expect(pair.generic(1, event(-1), 1)).toBe(false)
    }
    expect(asked).toBe(0)
    pair.read(2)
    pair.turn()
    pair.turn()
    expect(asked).toBe(1)
    const before = expected.length
    fill()
    expect(expected.length).toBeGreaterThan(before)
    drain(pair, expected)
    expect(pair.writer.bytes).toBe(4 * PageBytes)
  })

  it("does not show rows before they are published", () => {
    const pair = new StreamPair(options)
    const write = pair.encoder(empty.layout)
    pair.flush()
    write(1, empty.event(), 0)
    pair.read()
    expect(pair.came).toEqual([])
    drain(pair, [row(1, 0, empty.event())])
  })

  it("publishes in a later tick, and lets a polling reader find the rows without a wake-up", () => {
    const pair = new StreamPair(options)
    const write = pair.encoder(empty.layout)
    pair.flush()
    const { roused } = pair
    write(1, empty.event(), 0)
    pair.turn()
    pair.read()
    expect(pair.roused).toBe(roused)
    deepStrictEqual(pair.came, [row(1, 0, empty.event())])
  })

  it("sets no timer while there are no events", () => {
    const pair = new StreamPair(options)
    const write = pair.encoder(empty.layout)
    for (let n = 0; n < 3; n++) {
      write(1, empty.event(), n)
      for (let ticks = 0; pair.isDue; ticks++) {
        expect(ticks).toBeLessThan(2)
        pair.turn()
      }
    }
  })

  it("does not throw after it is closed, and uses no more memory", () => {
    const pair = new StreamPair({ ...options, bytes: 2 * PageBytes })
    const { event, layout } = wide(100)
    const write = pair.encoder(layout)
    pair.flush()
    pair.writer.close()
    for (let n = 0; n < 1000; n++) write(1, event(n), 0)
    pair.generic(1, event(0), 0)
    pair.foreign(1)
    const read = { _tag: "Read", lane: 1, request: 1, what: "snapshots", now: 0, names: ["saved"] } as const
    if (!pair.writer.ask(read)) pair.writer.command(read)
    pair.writer.command({})
    pair.writer.whenRoom({ takeTurn: () => expect.unreachable() })
    pair.flush()
    pair.turn()
    expect(pair.came).toEqual([])
    expect(pair.writer.bytes).toBeLessThanOrEqual(2 * PageBytes)
  })

  it("tells its carrier of each page that it has moved to", () => {
    const pair = new StreamPair(options)
    const { event, layout } = wide(100)
    const write = pair.encoder(layout)
    for (let n = 0; n < 3000; n++) write(1, event(n), 0)
    expect(pair.writer.turns).toBeGreaterThan(1)
    expect(pair.turned).toBe(pair.writer.turns)
  })
})

describe("a stream", () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  /** Emits at the time of the live clock, as a recorder does. */
  const emitting = (pair: StreamPair, words = 1) => {
    const { event, layout } = wide(words)
    const encoder = pair.write(layout)
    pair.flush()
    return (n: number): void => {
      expect(encoder(pair.source(1), event(n))).toBe(true)
    }
  }
  const came = (pair: StreamPair): ReadonlyArray<MetricEvent> => {
    pair.read()
    return pair.events
  }

  it("publishes written rows when the turn ends, without a timer", async () => {
    const pair = new StreamPair()
    const emit = emitting(pair)
    for (let n = 0; n < 100; n++) emit(n)
    expect(came(pair)).toEqual([])
    await Promise.resolve()
    expect(came(pair)).toHaveLength(100)
  })

  it("publishes rows that come after a failed end of turn, in the same millisecond", async () => {
    vi.spyOn(Date, "now").mockReturnValue(1000)
    const stream = new StreamPair()
    const writer = stream.writer as unknown as { endTurn: () => void; endRun: () => void }
    const { endTurn } = writer
    writer.endTurn = () => {
      writer.endRun = () => {
        throw new Error("a defect")
      }
      expect(endTurn).toThrow("a defect")
      delete (writer as { endRun?: () => void }).endRun
      writer.endTurn = endTurn
    }
    const write = stream.write(layoutOf("tick", Schema.TaggedStruct("tick", { n: Schema.Number }).ast)!)
    write(stream.source(1), { _tag: "tick", n: 1 } as never)
    await Promise.resolve()
    write(stream.source(1), { _tag: "tick", n: 2 } as never)
    await Promise.resolve()
    stream.read()
    vi.restoreAllMocks()
    expect(stream.came.map((each) => "event" in each && each.event)).toEqual([
      { _tag: "tick", n: 1 },
      { _tag: "tick", n: 2 }
    ])
  })

  it("leaves further rows of the same millisecond to the timer, and continues in the next one", async () => {
    const pair = new StreamPair()
    const emit = emitting(pair)
    const now = vi.spyOn(Date, "now").mockReturnValue(1000)
    for (let n = 0; n < 3; n++) {
      emit(n)
      await Promise.resolve()
    }
    expect(came(pair)).toHaveLength(1)
    pair.turn()
    expect(came(pair)).toHaveLength(3)
    now.mockReturnValue(1001)
    emit(3)
    await Promise.resolve()
    expect(came(pair)).toHaveLength(4)
  })

  it("wakes the reader once per turn for a quarter of a page, and for each page that a burst has filled", async () => {
    const pair = new StreamPair({ bytes: 4 * PageBytes })
    const emit = emitting(pair, 50)
    for (const ofPage of [1, 0]) {
      const { position, turns } = pair.writer
      const { roused } = pair
      let n = 0
      for (; (pair.writer.position - position) * 8 <= PageBytes / 4; n++) {
        expect(pair.roused).toBe(roused)
        emit(n)
      }
      while (pair.writer.turns === turns) {
        expect(pair.roused - roused).toBeLessThanOrEqual(1)
        emit(n++)
      }
      expect(pair.roused - roused).toBe(1 + ofPage)
      await Promise.resolve()
    }
  })

  it("wakes the reader for the last free page if pages fill over many turns", async () => {
    const pair = new StreamPair({ bytes: 4 * PageBytes })
    const emit = emitting(pair, 50)
    const { roused } = pair
    for (let n = 0; pair.writer.turns < 3; n++) {
      expect(pair.roused).toBe(roused)
      emit(n)
      if (n % 40 === 0) await Promise.resolve()
    }
    expect(pair.roused).toBe(roused + 1)
    pair.read()
    while (pair.writer.turns < 5) {
      emit(0)
      if (pair.writer.turns < 5) await Promise.resolve()
    }
    expect(pair.roused).toBe(roused + 1)
  })

  it("is not read beyond what is published, whatever was there in an earlier round", () => {
    const pair = new StreamPair({ bytes: 2 * PageBytes, pagesInTurn: 2 })
    let written = 0
    for (; pair.writer.turns < 2; written++) {
      pair.foreign(1)
      if (written % 1000 === 0) pair.flush()
    }
    pair.flush()
    expect(pair.came).toHaveLength(written)
  })

  it("wakes the reader for the same place of each page", () => {
    const pair = new StreamPair({ bytes: 4 * PageBytes })
    for (let turns = 0; turns < 3; turns++) {
      while (pair.writer.turns < turns) pair.foreign(1)
      if (turns === 0) pair.foreign(1)
      const { roused } = pair
      pair.flush()
      expect(pair.roused).toBe(roused + 1)
    }
  })

  it("reports skipped numbers in order with the rows between them", () => {
    const pair = new StreamPair()
    const write = pair.encoder(empty.layout)
    pair.flush()
    for (const to of [7, 2 ** 40]) {
      expect(write(1, empty.event(), 0)).toBe(true)
      expect(pair.writer.skip(2, to)).toBe(true)
    }
    drain(pair, [
      row(1, 0, empty.event()),
      { skipped: 2, to: 7 },
      row(1, 0, empty.event()),
      { skipped: 2, to: 2 ** 40 }
    ])
  })

  it("reports reads in order with the rows between them, and wakes the reader for each", () => {
    const pair = new StreamPair()
    const write = pair.encoder(empty.layout)
    pair.flush()
    const { roused } = pair
    const read = { _tag: "Read", lane: 2, request: 2 ** 31 - 1, what: "snapshots", now: 1.5 } as const
    expect(write(1, empty.event(), 0)).toBe(true)
    expect(pair.writer.ask({ ...read, names: ["a", "b", "c"] })).toBe(true)
    expect(write(1, empty.event(), 0)).toBe(true)
    expect(pair.writer.ask(read)).toBe(true)
    expect(pair.roused).toBe(roused + 2)
    pair.read()
    expect(pair.came).toEqual([
      row(1, 0, empty.event()),
      { read: 2 ** 31 - 1, of: 2, now: 1.5, names: ["a", "b", "c"] },
      row(1, 0, empty.event()),
      { read: 2 ** 31 - 1, of: 2, now: 1.5, names: undefined }
    ])
  })

  it.each([
    { what: "a name that has no lasting code", names: ["a".repeat(LastingLength + 1)] },
    { what: "more names than a row has", names: Array.from({ length: MostMetricsRead + 1 }, (_, i) => `${i}`) }
  ])("writes no read of $what", ({ names }) => {
    const pair = new StreamPair()
    const read = { _tag: "Read", lane: 2, request: 0, what: "snapshots", now: 0 } as const
    expect(pair.writer.ask({ ...read, names })).toBe(false)
    expect(pair.writer.ask({ ...read, names: names.slice(1) })).toBe(true)
    pair.flush()
    expect(pair.came).toHaveLength(1)
  })

  it("retains nothing that it has encoded", () => {
    const pair = new StreamPair({ bytes: 2 * PageBytes })
    const { data } = pair.writer as unknown as { readonly data: { readonly pos: number } }
    const { event, layout } = wide(200)
    const writes = { declared: 0, written: 0 }
    while (pair.writer.declare(FirstLayout, layout)) writes.declared++
    expect(data.pos).toBe(0)
    pair.flush()
    while (pair.generic(1, event(0.5), 0)) writes.written++
    expect(data.pos).toBe(0)
    expect(Math.min(writes.declared, writes.written)).toBeGreaterThan(10)
    pair.flush()
    expect(pair.generic(1, Object.assign(event(0), { n199: () => 0 }), 0)).toBe(false)
    expect(data.pos).toBe(0)
  })

  it("widens each field of a layout once, and assigns a type for each time", () => {
    const pair = new StreamPair()
    const { layout } = wide(3)
    const write = pair.encoder(layout)
    const events = [
      [1, 1, 1],
      [0.5, 1, 1],
      [1, 0.5, 1],
      [0.5, 0.5, 1],
      [1, 1, 0.5],
      [0.5, 0.5, 0.5],
      [1, 1, 1]
    ].map(([n0, n1, n2]): MetricEvent => Object.assign({ _tag: "wide" }, { n0, n1, n2 }))
    for (const event of [...events, ...events]) expect(write(1, event, 0)).toBe(true)
    drain(
      pair,
      [...events, ...events].map((event) => row(1, 0, event))
    )
    expect(pair.writer.usage.types.used).toBe(4)
  })

  it("keeps the place of a waiter that finds no room for its next event", () => {
    const pair = new StreamPair()
    const turns: Array<string> = []
    let room = false
    const waiter = (name: string): TurnTaker => ({
      takeTurn() {
        turns.push(name)
        if (!room) pair.writer.whenRoom(this)
        return room
      }
    })
    for (const name of ["first", "second", "third"]) pair.writer.whenRoom(waiter(name))
    pair.turn()
    pair.turn()
    room = true
    pair.turn()
    expect(turns).toEqual(["first", "first", "first", "second", "third"])
  })

  it("gives waiters turns until each has had room", () => {
    const pair = new StreamPair({ bytes: 2 * PageBytes, pagesInTurn: 2 })
    while (pair.foreign(1));
    let turns = 0
    const takeTurn = () => ++turns > 0
    pair.writer.whenRoom({ takeTurn })
    pair.turn()
    expect([turns, pair.isDue]).toEqual([0, true])
    pair.flush()
    pair.turn()
    expect(turns).toBe(1)
  })

  it("takes further pages only in a burst", async () => {
    for (const [burst, pages] of [
      [true, 4],
      [false, 2]
    ] as const) {
      const pair = new StreamPair({ pagesInTurn: { least: 2, most: 4 } })
      const emit = emitting(pair, 50)
      for (let n = 0; n * 400 < 10 * PageBytes; n++) {
        emit(n)
        if (n % 40 !== 0) continue
        if (burst) pair.flush()
        else await Promise.resolve()
        pair.read()
      }
      expect(pair.writer.bytes).toBe(pages * PageBytes)
    }
  })
})

describe("the time of events by the live clock", () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  /** Emits so many events while the clock, which moves by `millis` with each, starts where it was; tells of the looks at it. */
  const emitting = () => {
    const pair = new StreamPair()
    const encoder = pair.write(wide(1).layout)
    pair.flush()
    let time = 1000
    const clock = vi.spyOn(Date, "now").mockImplementation(() => time)
    const emit = (count: number, millis: number, lane = 1): void => {
      for (let n = 0; n < count; n++) {
        expect(encoder(pair.source(lane), wide(1).event(n))).toBe(true)
        time += millis
      }
    }
    return {
      pair,
      looks: clock.mock.calls,
      moveTo: (to: number) => {
        time = to
      },
      emit,
      timesOf: (count: number, millis: number, lane = 1): ReadonlyArray<number> => {
        const from = pair.came.length
        emit(count, millis, lane)
        pair.flush()
        return pair.came.slice(from).flatMap((each) => ("at" in each ? [each.at] : []))
      }
    }
  }

  it("is read less and less often while events are faster than the clock, at least once in 16 events", () => {
    const { looks, timesOf } = emitting()
    const times = timesOf(10_000, 0.004)
    expect(looks.length).toBeLessThan(10_000 / 15)
    expect(times[0]).toBe(1000)
    for (const [n, at] of times.entries()) expect(1000 + n * 0.004 - at).toBeLessThan(0.07)
  })

  it("is read during a run, which continues while the clock stands still, for about 512 rows", () => {
    const counts: Array<number> = []
    const pair = new StreamPair({ onRows: (_layout, _rows, _at, count) => void counts.push(count) })
    const encoder = pair.write(wide(1).layout)
    const clock = vi.spyOn(Date, "now").mockReturnValue(1000)
    for (let n = 0; n < 3000; n++) encoder(pair.source(1), wide(1).event(n))
    clock.mockReturnValue(1001)
    for (let n = 0; n < 16; n++) encoder(pair.source(1), wide(1).event(n))
    pair.flush()
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3016)
    expect(Math.max(...counts)).toBeLessThan(512 + 2 * 16)
    expect(counts.length).toBeLessThanOrEqual(Math.ceil(3000 / 512) + 1)
  })

  it("is read during a run before its source must stop writing", () => {
    for (let limit = 1; limit <= 200; limit++) {
      const pair = new StreamPair()
      const encoder = pair.write(wide(1).layout)
      const source = rowSource(1, 0, () => {
        source.limit = limit
        return source.counted < limit
      })
      let written = 0
      while (encoder(source, wide(1).event(written)) === true) written++
      expect(written).toBe(limit)
      expect(source.counted).toBe(limit)
    }
  })

  it("is read for each event if events are slow within one turn", () => {
    const { timesOf } = emitting()
    timesOf(64, 10)
    expect(timesOf(100, 10).slice(1)).toEqual(Array.from({ length: 99 }, (_, n) => 1650 + n * 10))
  })

  it("is read for the first event of each turn, also for recorders that alternate", async () => {
    const { timesOf } = emitting()
    for (let turn = 0; turn < 5; turn++) {
      expect(timesOf(1, 7, turn % 2)).toEqual([1000 + turn * 7])
      await Promise.resolve()
    }
  })

  it("is read for the first event of a turn, however the last turn ended", async () => {
    const { pair, emit, moveTo } = emitting()
    for (let count = 1; count <= 40; count++) {
      moveTo(count * 1000)
      // Of the first turn in a millisecond the end publishes, of the second one it does not.
      for (const events of [1, count]) {
        emit(events, 0)
        await Promise.resolve()
      }
      moveTo(count * 1000 + 500)
      emit(1, 0)
      pair.flush()
      expect(pair.came.at(-1)).toMatchObject({ at: count * 1000 + 500 })
      await Promise.resolve()
    }
  })

  it("is read for slow events after a turn of fast ones", async () => {
    const { timesOf } = emitting()
    timesOf(10_000, 0.004)
    await Promise.resolve()
    const times = timesOf(64 + 100, 10)
    for (const [n, at] of times.slice(64).entries()) expect(at - times[0]!).toBe((64 + n) * 10)
  })

  it("leaves apart what recorders that alternate within a turn emit, also if one of them causes another to emit", () => {
    vi.spyOn(Date, "now").mockReturnValue(1000)
    const other = layoutOf("other", Schema.Struct({ n0: Schema.Number }).ast)!
    const kinds = [wide(1), { layout: other, event: (n: number) => ({ _tag: "other", n0: n }) }]
    const step = fc.record({ lane: fc.constantFrom(1, 2, 3, 4), kind: fc.constantFrom(...kinds) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        const pair = new StreamPair()
        const writes = new Map(kinds.map((kind) => [kind, pair.write(kind.layout)]))
        const asking = rowSource(3, 0, () => {
          asking.limit++
          return writes.get(kinds[0]!)!(pair.source(2), wide(1).event(0)) === true
        })
        const causing = (n: number): MetricEvent =>
          Object.defineProperty({ _tag: "any", n }, "n", {
            enumerable: true,
            get: () => {
              expect(writes.get(kinds[0]!)!(pair.source(2), wide(1).event(0))).toBe(true)
              return n
            }
          })
        for (const [n, { kind, lane }] of steps.entries()) {
          if (lane === 4) expect(pair.writer.writeEvent(pair.source(4), causing(n), "any", false)).toBe(true)
          else expect(writes.get(kind)!(lane === 3 ? asking : pair.source(lane), kind.event(n))).toBe(true)
        }
        pair.flush()
        const expected = steps.flatMap(({ kind, lane }, n) => [
          ...(lane >= 3 ? [row(2, 1000, wide(1).event(0))] : []),
          lane === 4 ? { lane, at: 1000, event: { _tag: "any", n }, by: "generic" } : row(lane, 1000, kind.event(n))
        ])
        deepStrictEqual(pair.came, expected)
      })
    )
  })

  it("is independent of events with a given time, and vice versa", () => {
    const pair = new StreamPair()
    const encoder = pair.write(wide(1).layout)
    vi.spyOn(Date, "now").mockReturnValue(1000)
    for (const given of [undefined, 5, 5, undefined, undefined, 6]) {
      if (given !== pair.writer.given) pair.writer.give(given)
      encoder(pair.source(1), wide(1).event(0))
    }
    pair.flush()
    expect(pair.came.map((each) => "at" in each && each.at)).toEqual([1000, 5, 5, 1000, 1000, 6])
  })
})

describe.each([true, false])("an event that causes others while it is written, with generated code: %s", (generate) => {
  const long = (n: number): MetricEvent => Object.assign({ _tag: "text" }, { text: `${n}`.padEnd(400) })
  /** Enough of them for the codes of all strings that are not in the dictionary for good. */
  const others = Array.from({ length: 100 }, (_, n) => long(n))
  const came = (pair: StreamPair): ReadonlyArray<MetricEvent> => {
    pair.flush()
    return pair.events
  }

  it("comes after the events that its source emits when asked for permission", () => {
    const pair = new StreamPair({ generate })
    const encoder = pair.write(text.layout)
    const source = rowSource(1, 0, () => {
      source.limit = 10
      for (const other of others) expect(encoder(pair.source(2), other)).toBe(true)
      return true
    })
    for (const n of [-1, -2]) expect(encoder(source, long(n))).toBe(true)
    deepStrictEqual(came(pair), [...others, long(-1), long(-2)])
    expect(source.counted).toBe(2)
  })

  it("keeps its own strings if one of its getters emits", () => {
    const pair = new StreamPair({ generate })
    const encoder = pair.write(text.layout)
    const event = {
      ...long(-1),
      get more() {
        for (const other of others) expect(encoder(pair.source(2), other)).toBe(true)
        return "more"
      }
    }
    expect(encoder(pair.source(1), event)).toBe(true)
    deepStrictEqual(came(pair), [...others, { ...long(-1), more: "more" }])
  })

  it("leaves nothing behind if it may not be written, not even a string", () => {
    const pair = new StreamPair({ generate })
    const encoder = pair.write(text.layout)
    pair.flush()
    const { pos } = pair.writer
    const source = rowSource(1, 0, () => false)
    for (const other of others) expect(encoder(source, other)).toBe(false)
    expect(pair.writer.pos).toBe(pos)
  })
})

it("a stream delivers events of more shapes than there are name lists unchanged, including nested ones", () => {
  const pair = new StreamPair({ generate: false })
  const shape = (i: number) => ({
    [`a${i % 3}`]: i,
    b: { [`c${i % 5}`]: "text" },
    [`d${i % (MostNameLists + 500)}`]: 0.5
  })
  const events = Array.from({ length: MostNameLists + 1000 }, (_, i) => ({ _tag: `t${i % 2}`, ...shape(i) }))
  for (const [i, event] of events.entries()) {
    expect(pair.generic(i % 4, event, i)).toBe(true)
    if (i % 999 === 0) pair.flush()
  }
  pair.flush()
  deepStrictEqual(
    pair.came,
    events.map((event, i) => ({ lane: i % 4, at: i, event, by: "generic" }))
  )
})

it("a reader that is re-entered while it reads a run delivers everything once, and in order", () => {
  // One run holds many rows only while the live clock stands still.
  const clock = vi.spyOn(Date, "now").mockReturnValue(1000)
  const came: Array<number> = []
  let longest = 0
  const pair: StreamPair = new StreamPair({
    onRows: (_layout, rows, at, count) => {
      longest = Math.max(longest, count)
      for (let i = 0; i < count; i++) {
        const n = rows.i32[(at + i) * 2]!
        came.push(n)
        if (n >= 100) continue
        write(pair.source(1), wide(1).event(n + 100))
        pair.flush()
      }
    }
  })
  const write = pair.write(wide(1).layout)
  const emitted = Array.from({ length: 40 }, (_, n) => n)
  for (const n of emitted) write(pair.source(1), wide(1).event(n))
  pair.flush()
  expect(longest).toBeGreaterThan(1)
  expect(came).toEqual([...emitted, ...emitted.map((n) => n + 100)])
  clock.mockRestore()
})
