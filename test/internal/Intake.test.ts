// The producer side of a recorder over a stream with little memory, and a fold that reads at any time: events keep the
// order of acceptance, and never more wait than the capacity.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import type { Emission } from "../../src/internal/recorder/dispatch.ts"
import { BookAccepted, BookIgnored, BookOverflowed } from "../../src/internal/stream/rows/laneBooks.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { eventOf, type Kind, makeIntake } from "../support/intake.ts"
import { runs } from "../support/long.ts"
import { policies } from "../support/policies.ts"
import type { StreamPairOptions } from "../support/streamPair.ts"

type Step =
  | { readonly do: "offer" | "wait"; readonly kind: Kind; readonly count: number; readonly live: boolean }
  | { readonly do: "fold"; readonly pages: number }
  | { readonly do: "turn" | "flush" | "fill" | "interrupt" }

const anySteps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom<"offer" | "wait">("offer", "offer", "wait"),
        kind: fc.constantFrom<Kind>("narrow", "wide", "wide", "generic", "foreign"),
        count: fc.integer({ min: 1, max: 6 }),
        live: fc.boolean()
      })
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("fold"), pages: fc.constantFrom(1, 2, 9) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom<"turn" | "flush" | "fill" | "interrupt">("turn", "flush", "fill", "interrupt")
      })
    }
  ),
  { maxLength: 40, size: "max" }
)

interface Offered extends Emission {
  readonly event: MetricEvent
  /** The time of its clock. */
  readonly at: number
  /** Interrupts its fiber, if it waits. */
  interrupt?: (() => void) | undefined
}

/** Interrupts the last fiber that waits. */
const interruptOne = (offers: ReadonlyArray<Offered>): void => {
  const waiter = offers.findLast(({ decision, interrupt }) => decision === undefined && interrupt !== undefined)
  waiter?.interrupt?.()
  if (waiter !== undefined) waiter.interrupt = undefined
}

describe("an intake", () => {
  const memories: ReadonlyArray<StreamPairOptions> = [{ fixedMemory: true }, { fixedMemory: false }]
  const memory: fc.Arbitrary<StreamPairOptions> = fc.constantFrom(...memories)
  const anyOptions = fc.record({
    capacity: fc.integer({ min: 1, max: 40 }),
    memory,
    attached: fc.boolean(),
    clockStands: fc.boolean()
  })

  it.each(policies)(
    "%s: keeps order, time and capacity, and accounts for every event, whatever happens",
    async (overflow) => {
      let now = 0
      const clock = vi.spyOn(Date, "now").mockImplementation(() => now)
      const program = fc.asyncProperty(anyOptions, anySteps, async (any, steps) => {
        const { books, fill, fold, foldedEvents, intake, isIdle, link, offer, offerOrWait, turn } = makeIntake({
          ...any,
          overflow
        })
        intake.open()
        intake.flow()
        const offers: Array<Offered> = []
        const offerOne = (kind: Kind, waits: boolean, live: boolean): void => {
          const event = eventOf(kind, offers.length)
          if (!any.clockStands) now += 10
          const at = live ? undefined : now + 5
          const offered: Offered = { event, at: at ?? now, decision: undefined }
          offers.push(offered)
          if (!waits) offered.decision = offer(event, at)
          else offered.interrupt = Effect.runCallback(offerOrWait(event, at, offered))
        }
        const run = (step: Step): void => {
          if ("kind" in step) for (let i = 0; i < step.count; i++) offerOne(step.kind, step.do === "wait", step.live)
          else if (step.do === "turn") turn()
          else if (step.do === "flush") intake.flush()
          else if (step.do === "fill") fill()
          else if (step.do === "interrupt") interruptOne(offers)
          else if ("pages" in step) fold(step.pages)
        }
        for (const step of steps) {
          run(step)
          const { accepted, applied, evicted, ignored, pending, refused, refusedBy } = intake.stats()
          expect(pending).toBeLessThanOrEqual(any.capacity)
          expect([accepted, refused]).toEqual([applied + ignored + evicted + pending, refusedBy.overflow])
          expect(link.overflowed).toBe(refusedBy.overflow + evicted)
          if (books === undefined) continue
          // If the thread ends here, only the events of the open run are not counted there.
          expect(books.slice(BookOverflowed, BookIgnored + 1)).toEqual(
            Float64Array.of(refusedBy.overflow, 0, 0, evicted, applied, ignored)
          )
          const losesNothing = overflow === "drop-newest" || overflow === "fail"
          if (losesNothing) expect(intake.written).toBe(accepted)
        }
        // Nobody asks for anything any more: time alone has to bring all of it through.
        for (let rounds = 0; rounds < 200; rounds++) {
          await Promise.resolve()
          turn()
          fold(9)
        }
        expect(isIdle()).toBe(true)
        const accepted = offers.filter(({ decision }) => decision === "accepted")
        const refused = offers.filter(({ decision }) => decision === "overflow")
        const stats = intake.stats()
        expect(stats).toMatchObject({ accepted: accepted.length, refused: refused.length, pending: 0 })
        const foreign = foldedEvents().filter(({ event }) => event._tag === "foreign")
        expect(stats.ignored).toBe(foreign.length)
        expect(books?.[BookAccepted] ?? accepted.length).toBe(accepted.length)
        expect(link.holds).toBe(0)
        const expected = accepted.map(({ at, event }, i) =>
          event._tag === "foreign"
            ? { event: { _tag: "foreign" }, at: undefined, sequence: i + 1 }
            : { event, at, sequence: i + 1 }
        )
        const came = foldedEvents()
        if (overflow !== "drop-oldest") return deepStrictEqual(came, expected)
        expect(came.length).toBe(accepted.length - stats.evicted)
        deepStrictEqual(
          came,
          came.map(({ sequence }) => expected[sequence - 1])
        )
      })
      try {
        await fc.assert(program, { numRuns: runs(80) })
      } finally {
        clock.mockRestore()
      }
    }
  )

  it.each<StreamPairOptions>(memories)("takes no memory for events that drop-oldest evicts, with %o", (memory) => {
    const { bytes, fill, intake, offer } = makeIntake({ capacity: 20, overflow: "drop-oldest", memory })
    intake.open()
    intake.flow()
    fill()
    const before = bytes()
    for (let n = 0; n < 1000; n++) expect(offer(eventOf("narrow", n))).toBe("accepted")
    expect(intake.stats()).toMatchObject({ evicted: 980, pending: 20 })
    expect(bytes()).toBe(before)
  })

  it.each(policies)("%s: writes straight into the stream under an unbounded capacity", (overflow) => {
    const { intake, offer } = makeIntake({ capacity: Number.MAX_SAFE_INTEGER, overflow })
    intake.open()
    intake.flow()
    expect(offer(eventOf("narrow", 0))).toBe("accepted")
    // Were it asked again for each event, as it is at the limit, it would take the time of twenty.
    expect(intake.rows.limit).toBeGreaterThan(2 ** 49)
  })

  it.each<StreamPairOptions>(memories)("places queued events before later ones, with %o", (memory) => {
    const options = { capacity: 1000, overflow: "drop-newest", memory } as const
    const { came, fill, fold, intake, offer, turn } = makeIntake(options)
    intake.open()
    intake.flow()
    const offerAll = (from: number, to: number): void => {
      for (let n = from; n < to; n++) expect(offer(eventOf("narrow", n))).toBe("accepted")
    }
    offerAll(0, 1)
    fill()
    offerAll(1, 20)
    fold(9)
    offerAll(20, 25)
    for (let i = 0; i < 20; i++) {
      turn()
      fold(9)
    }
    deepStrictEqual(
      came(),
      Array.from({ length: 25 }, (_, n) => eventOf("narrow", n))
    )
  })

  it.each([6, 40, 400])(
    "has its events folded in the emitting call from half the capacity of %d on, not before",
    (capacity) => {
      const { foldedNowAt, intake, offer } = makeIntake({
        capacity,
        overflow: "fail"
      })
      intake.open()
      intake.flow()
      for (let n = 0; n < capacity; n++) expect(offer(eventOf("narrow", n))).toBe("accepted")
      expect(foldedNowAt[0]).toBe(capacity / 2)
    }
  )

  /** An event whose tag says how often it was read. */
  const counted = (reads: { count: number }, n: number): MetricEvent =>
    Object.defineProperty({ n, text: "" } as never, "_tag", {
      enumerable: true,
      get: () => {
        reads.count++
        return "wide"
      }
    })

  it.each(["drop-newest", "fail"] as const)(
    "under %s reads a refused event no more often than an accepted one",
    (overflow) => {
      const { intake, offer } = makeIntake({ capacity: 8, overflow })
      intake.open()
      intake.flow()
      const reads = { count: 0 }
      expect(offer(counted(reads, 0))).toBe("accepted")
      reads.count = 0
      for (let n = 1; n < 8; n++) expect(offer(counted(reads, n))).toBe("accepted")
      const readsOfOne = reads.count / 7
      reads.count = 0
      expect(offer(counted(reads, 8))).toBe("overflow")
      expect(reads.count).toBe(readsOfOne)
    }
  )

  it("requests the fold once for an event without room, and the space that the fold frees goes to the next event", () => {
    let calls = 0
    const { came, fold, intake, offer } = makeIntake({
      capacity: 4,
      overflow: "drop-newest",
      // The first time it is asked for in vain.
      onFoldNow: () => {
        if (intake.pending === 4 && ++calls % 2 === 0) fold(9)
      }
    })
    intake.open()
    intake.flow()
    const numbers = Array.from({ length: 20 }, (_, n) => n)
    const refused = numbers.filter((n) => offer(eventOf("narrow", n)) !== "accepted")
    expect(refused).toEqual([4, 9, 14, 19])
    intake.flush()
    fold(9)
    expect(came().map((event) => event["n" as never])).toEqual(numbers.filter((n) => !refused.includes(n)))
    expect(intake.stats()).toMatchObject({ offered: 20, accepted: 16, refused: 4, applied: 16 })
  })

  it("evicts nothing if the fold is in this thread, even if the recorder was full when it started", () => {
    const onFoldNow = (): void => fold(9)
    const { fold, intake, offer } = makeIntake({ capacity: 4, overflow: "drop-oldest", onFoldNow })
    intake.open()
    for (let n = 0; n < 4; n++) offer(eventOf("narrow", n))
    intake.flow()
    for (let n = 4; n < 99; n++) expect(offer(eventOf("narrow", n))).toBe("accepted")
    expect(intake.stats().evicted).toBe(0)
  })

  it("under drop-oldest publishes what waits when it is full, so the fold goes on in a turn of any length", () => {
    const { came, fold, intake, offer } = makeIntake({ capacity: 4, overflow: "drop-oldest" })
    intake.open()
    intake.flow()
    for (let n = 0; n < 99; n++) {
      expect(offer(eventOf("narrow", n))).toBe("accepted")
      if (n % 3 === 2) fold(9)
    }
    // Of each three events the fold gets two, which are half of the capacity.
    expect(came().length).toBeGreaterThanOrEqual(66)
  })

  it("under drop-oldest gives the fold at most half of the capacity, or one event if that is all", () => {
    for (const [capacity, most] of [
      [1, 1],
      [2, 1],
      [9, 4]
    ] as const) {
      const { came, fold, intake, offer } = makeIntake({
        capacity,
        overflow: "drop-oldest"
      })
      intake.open()
      intake.flow()
      for (let n = 0; n < 20; n++) offer(eventOf("narrow", n))
      intake.flush()
      fold(9)
      expect(came().length).toBe(most)
    }
  })

  it("writes no more events in its turn than it may, so that others get theirs", () => {
    const { fill, fold, intake, offer, turn } = makeIntake({ capacity: 20, overflow: "drop-oldest" })
    intake.open()
    intake.flow()
    for (let n = 0; n < 20; n++) offer(eventOf("narrow", n))
    expect(intake.written).toBe(10)
    intake.flush()
    fold(9)
    const turns = [4, 5].map((most) => [intake.takeTurn(most), intake.written])
    expect(turns).toEqual([
      [true, 14],
      [true, 19]
    ])
    fill()
    turn()
    expect(intake.written, "the others have left it a page").toBe(20)
    expect(intake.takeTurn(4)).toBe(false)
  })

  it("places an event that would fit behind an earlier one that does not", () => {
    const { came, fill, fold, intake, offer, turn } = makeIntake({ capacity: 9, overflow: "fail" })
    intake.open()
    intake.flow()
    fill("wide")
    const events = [eventOf("wide", 0), eventOf("narrow", 1)]
    expect(events.map((event) => offer(event))).toEqual(["accepted", "accepted"])
    // In vain: what is left of the page is less than it needs.
    turn()
    for (let i = 0; i < 20; i++) {
      fold(9)
      turn()
    }
    expect(came()).toEqual(events)
  })

  it("gives an event its own time after one that was refused", () => {
    const clock = vi.spyOn(Date, "now").mockReturnValue(1000)
    try {
      const { fold, foldedEvents, intake, offer } = makeIntake({ capacity: 1, overflow: "drop-oldest" })
      intake.open()
      intake.flow()
      expect(offer(eventOf("narrow", 0))).toBe("accepted")
      clock.mockReturnValue(2000)
      expect(offer(eventOf("narrow", 1))).toBe("overflow")
      intake.flush()
      fold(9)
      clock.mockReturnValue(3000)
      expect(offer(eventOf("narrow", 2))).toBe("accepted")
      intake.flush()
      fold(9)
      expect(foldedEvents().map(({ at }) => at)).toEqual([1000, 3000])
    } finally {
      clock.mockRestore()
    }
  })

  it("runs an action between the events before and after it, once, even if it emits", () => {
    const { came, fold, intake, offer } = makeIntake({ capacity: 9, overflow: "fail" })
    intake.open()
    const written: Array<number> = []
    const act = (): void => {
      written.push(intake.written)
      offer(eventOf("narrow", written.length + 5))
    }
    offer(eventOf("narrow", 0))
    intake.addBarrier(act)
    offer(eventOf("narrow", 1))
    intake.flow()
    // Goes straight into the stream, as the next one would.
    offer(eventOf("narrow", 2))
    intake.addBarrier(act)
    offer(eventOf("narrow", 3))
    intake.flush()
    fold(9)
    expect(written).toEqual([1, 4])
    expect(came()).toEqual([0, 1, 6, 2, 3, 7].map((n) => eventOf("narrow", n)))
  })

  it.each(["drop-newest", "fail"] as const)(
    "%s: in an attached thread an action that waits for a flush refuses no event, and comes before it",
    (overflow) => {
      const { came, fold, intake, offer } = makeIntake({ capacity: 9, overflow, attached: true })
      intake.open()
      intake.flow()
      expect(offer(eventOf("narrow", 0))).toBe("accepted")
      const written: Array<number> = []
      intake.addBarrier(() => void written.push(intake.written))
      expect([1, 2].map((n) => offer(eventOf("narrow", n)))).toEqual(["accepted", "accepted"])
      expect(written).toEqual([1])
      intake.flush()
      fold(9)
      expect(came()).toEqual([0, 1, 2].map((n) => eventOf("narrow", n)))
      expect(intake.stats()).toMatchObject({ offered: 3, accepted: 3, applied: 3 })
    }
  )

  it("requests the fold once, however many wait for it", async () => {
    const any = { capacity: 4, overflow: "backpressure" } as const
    const { counters, fold, intake, offerOrWait, turn } = makeIntake(any)
    const want = vi.spyOn(counters, "want")
    intake.open()
    intake.flow()
    const offers = Array.from({ length: 20 }, (_, n) => Effect.runPromise(offerOrWait(eventOf("narrow", n))))
    await Promise.resolve()
    expect(want).toHaveBeenCalledTimes(1)
    for (let i = 0; i < 20; i++) {
      fold(9)
      turn()
    }
    expect(new Set(await Promise.all(offers))).toEqual(new Set(["accepted"]))
    expect(want.mock.calls.length, "at most once for each time that something was folded").toBeLessThanOrEqual(20)
  })
})
