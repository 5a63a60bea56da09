// Recorders share the pages of their runtime. When these are full, each gets its turn: a recorder with a single event
// waits only until the fold has read the existing pages, whatever the others have accepted.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import type { LaneLink } from "../../src/internal/link/link.ts"
import { Intake } from "../../src/internal/recorder/intake.ts"
import { ChunkBytes, CounterTable } from "../../src/internal/stream/foldedCounters.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import { StreamPair } from "../support/streamPair.ts"

const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
const layout = layoutOf(
  "tick",
  Schema.Struct({ n: Schema.Number, ...Object.fromEntries(names.map((name) => [name, Schema.Number])) }).ast
)!
/** Of which some six thousand fill the memory. */
const numbers = Object.fromEntries(names.map((name) => [name, 0.5]))
const events = {
  row: (n: number) => ({ _tag: "tick", n, ...numbers }),
  "generic row": (n: number) => ({ _tag: "list", list: [n] }),
  "generic row of half a page": (n: number) => ({ _tag: "list", list: [n], text: "x".repeat(60_000) })
}

/** Recorders with as much capacity as they like, over two pages. Time passes and the fold reads when a test says so. */
const makeRuntime = () => {
  const pair = new StreamPair({ bytes: 2 * PageBytes, fixedMemory: true })
  const table = new CounterTable()
  table.add(0, new ArrayBuffer(ChunkBytes))
  let nextTurn: Array<() => void> = []
  const intakes = new Map<number, Intake>()
  const recorder = (lane: number): Intake => {
    const laneLink: Omit<LaneLink, "close"> = {
      lane,
      counters: table.of(lane),
      books: undefined,
      writer: pair.writer,
      hold: () => () => {},
      send: (command) => pair.writer.command(command),
      foldNow: () => {},
      nextTurn: (run) => void nextTurn.push(run),
      afterFold: (run) => void nextTurn.push(run),
      left: () => {},
      overflowed: () => {}
    }
    const intake = new Intake({
      capacity: 1_000_000,
      overflow: "drop-newest",
      laneLink: laneLink as LaneLink,
      layouts: { layoutOf: (tag) => (tag === "tick" ? layout : "generic"), readsSpan: () => false },
      recorder: { startIfIdle: () => {} }
    })
    intake.open()
    intake.flow()
    intakes.set(lane, intake)
    return intake
  }
  /** One turn of the fold: it reads what is published, and the timer runs. */
  const foldOnce = (): void => {
    const before = pair.came.length
    pair.read()
    for (const came of pair.came.slice(before)) {
      if (!("lane" in came)) continue
      const counters = table.of(came.lane)
      counters.applied++
      if (counters.takeWanted()) nextTurn.push(() => intakes.get(came.lane)!.onFolded())
    }
    const due = nextTurn
    nextTurn = []
    for (const run of due) run()
    pair.turn()
  }
  const folded = (lane: number): number => pair.came.filter((came) => "lane" in came && came.lane === lane).length
  return { foldOnce, folded, pair, recorder }
}

describe.each(Object.entries(events))("a %s without room in the stream", (name, eventOf) => {
  it("is folded within two turns of the fold, as is the read after it, whatever backlog another recorder has", () => {
    const { foldOnce, folded, pair, recorder } = makeRuntime()
    const busy = recorder(1)
    for (let n = 0; n < 20_000; n++) expect(busy.offer(events.row(n))).toBe("accepted")
    const quiet = recorder(2)
    expect(quiet.offer(eventOf(0))).toBe("accepted")
    quiet.afterAccepted(() => pair.writer.command("read"))
    for (let turn = 0; turn < 2; turn++) {
      for (let n = 0; n < 1000; n++) expect(busy.offer(events.row(n))).toBe("accepted")
      foldOnce()
    }
    // What was written in the second turn is read in the next.
    pair.flush()
    expect(folded(2)).toBe(1)
    expect(pair.came.some((came) => "command" in came && came.command === "read")).toBe(true)
    expect(busy.pending).toBeGreaterThan(0)
  })

  it("waits no longer when it is one of many waiting recorders, each with thousands of events", () => {
    const { foldOnce, folded, pair, recorder } = makeRuntime()
    const busy = Array.from({ length: 200 }, (_, i) => recorder(10 + i))
    for (let n = 0; n < 200; n++) for (const each of busy.slice(0, 100)) each.offer(events.row(n))
    const quiet = recorder(2)
    expect(quiet.offer(eventOf(0))).toBe("accepted")
    for (const each of busy.slice(100)) for (let n = 0; n < 100; n++) each.offer(events.row(n))
    foldOnce()
    foldOnce()
    pair.flush()
    expect(folded(2)).toBe(1)
  })

  it("lets all events through eventually, in order", async () => {
    const { foldOnce, pair, recorder } = makeRuntime()
    const all = [1, 2, 3].map((lane) => recorder(lane))
    const count = name === "generic row of half a page" ? 400 : 5000
    for (let n = 0; n < count; n++) {
      for (const [i, each] of all.entries()) {
        if (i < 2 || n % 100 === 0) expect(each.offer(i === 1 ? eventOf(n) : events.row(n))).toBe("accepted")
      }
      if (n % 1000 === 0) foldOnce()
    }
    for (let turn = 0; all.some(({ pending }) => pending > 0); turn++) {
      expect(turn).toBeLessThan(2000)
      await Promise.resolve()
      foldOnce()
    }
    for (const [i, each] of all.entries()) {
      const ns = pair.came.flatMap((came) => {
        if (!("event" in came) || came.lane !== i + 1) return []
        const { list, n } = came.event as { readonly n?: number; readonly list?: ReadonlyArray<number> }
        return [n ?? list![0]!]
      })
      expect(ns).toEqual(ns.toSorted((a, b) => a - b))
      expect(ns).toHaveLength(each.accepted)
    }
  })
})
