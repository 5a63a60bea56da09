// The accounting of a recorder whose events an attached thread writes, as the runtime's thread shows it.
import { describe, expect, it } from "vitest"
import type { LaneLink } from "../../src/internal/link/link.ts"
import { RemoteIntake } from "../../src/internal/recorder/remoteIntake.ts"
import { ChunkBytes, CounterTable } from "../../src/internal/stream/foldedCounters.ts"
import {
  BookAccepted,
  BookApplied,
  BookEvicted,
  BookIgnored,
  BookInvalid,
  BookNotRunning,
  BookOverflowed,
  makeBooks
} from "../../src/internal/stream/rows/laneBooks.ts"
import { StreamPair } from "../support/streamPair.ts"

const made = () => {
  const table = new CounterTable()
  table.add(0, new ArrayBuffer(ChunkBytes))
  const counters = table.of(1)
  const books = makeBooks()
  const events = {
    books,
    uncounted: 0,
    hasEnded: false,
    stop: () => {},
    openLane: () => laneLink,
    whenFolded: (action: () => void) => action()
  }
  const laneLink = {
    lane: 1,
    counters,
    books: undefined,
    writer: new StreamPair().writer,
    hold: () => () => {},
    nextTurn: () => {},
    foldNow: () => {},
    overflowed: () => {}
  } as unknown as LaneLink
  const intake = new RemoteIntake(
    {
      capacity: 10,
      overflow: "drop-oldest",
      laneLink,
      layouts: { layoutOf: () => "foreign", readsSpan: () => false },
      recorder: { startIfIdle: () => {} }
    },
    events
  )
  return { books, counters, events, intake }
}

describe("the intake of a recorder in an attached thread", () => {
  it("has the accounting of the thread, and what the fold has counted", () => {
    const { books, counters, events, intake } = made()
    books[BookAccepted] = 9
    books[BookOverflowed] = 1
    books[BookInvalid] = 2
    books[BookNotRunning] = 3
    books[BookEvicted] = 4
    counters.applied = 2
    counters.ignored = 1
    expect(intake.stats()).toMatchObject({
      offered: 15,
      accepted: 9,
      refusedBy: { overflow: 1, invalid: 2, notRunning: 3 },
      evicted: 4,
      applied: 2,
      ignored: 1,
      pending: 2
    })
    // Those of a run that was open when the thread ended.
    events.uncounted = 5
    expect(intake.stats()).toMatchObject({ accepted: 14, pending: 7 })
  })

  it("knows the whole counts of the fold, whose counters wrap around", () => {
    const { books, counters, intake } = made()
    const [applied, ignored] = [3 * 2 ** 32 - 2, 2 ** 32 - 1]
    books[BookApplied] = applied
    books[BookIgnored] = ignored
    books[BookAccepted] = applied + ignored + 9
    counters.applied = 3
    counters.ignored = 1
    expect(intake.stats()).toMatchObject({ applied: applied + 5, ignored: ignored + 2, pending: 2 })
  })

  it("writes off the events in the heap of a thread that has ended, once the others are folded", () => {
    const { books, counters, intake } = made()
    books[BookAccepted] = 8
    books[BookEvicted] = 1
    counters.applied = 4
    let drained = false
    intake.whenDrained(() => {
      drained = true
    })
    expect(drained).toBe(true)
    expect(intake.stats()).toMatchObject({ accepted: 8, applied: 4, evicted: 4, pending: 0 })
  })

  it("keeps the accounting of the moment it left, and balances it with what is folded after that", () => {
    const { books, counters, intake } = made()
    books[BookAccepted] = 8
    counters.applied = 4
    intake.leave()
    // The thread goes on, and counts what it had not counted.
    books[BookAccepted] = 9
    expect(intake.stats()).toMatchObject({ accepted: 8, applied: 4, evicted: 0, pending: 4 })
    counters.applied = 7
    expect(intake.stats()).toMatchObject({ accepted: 8, applied: 7, evicted: 0, pending: 1 })
    counters.applied = 10
    expect(intake.stats()).toMatchObject({ accepted: 10, applied: 10, evicted: 0, pending: 0 })
  })

  it("writes off what is not folded when the lane is closed, and a fold in its place takes nothing twice", () => {
    const { books, counters, intake } = made()
    books[BookAccepted] = 8
    counters.applied = 4
    intake.whenDrained(() => {})
    intake.leave()
    expect(intake.stats()).toMatchObject({ accepted: 8, applied: 4, evicted: 4, pending: 0 })
    counters.applied = 6
    expect(intake.stats()).toMatchObject({ accepted: 8, applied: 6, evicted: 2, pending: 0 })
    intake.settle()
    counters.applied = 8
    expect(intake.stats()).toMatchObject({ accepted: 8, applied: 6, evicted: 2, pending: 0 })
  })

  it("settles with the events that were not folded as evicted", () => {
    const { books, counters, intake } = made()
    books[BookAccepted] = 8
    counters.applied = 5
    intake.leave()
    intake.settle()
    expect(intake.stats()).toMatchObject({ accepted: 8, applied: 5, evicted: 3, pending: 0 })
  })
})
