// The producer side of a recorder over a stream with little memory, and a fold that reads at any time: events keep the
// order of acceptance, and never more wait than the capacity.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it, vi } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import type { LaneLink } from "../../src/internal/link/link.ts"
import type { Offer } from "../../src/internal/recorder/dispatch.ts"
import { Intake, type Overflow } from "../../src/internal/recorder/intake.ts"
import { ChunkBytes, CounterTable } from "../../src/internal/stream/foldedCounters.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes } from "../../src/internal/stream/rows/page.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { runs } from "../support/long.ts"
import { StreamPair, type StreamPairOptions } from "../support/streamPair.ts"

const wide = Schema.Struct({ n: Schema.Number, text: Schema.String })
const layout = layoutOf("wide", wide.ast)!

/** The event number `n`. */
const eventOf = (kind: Kind, n: number): MetricEvent & { readonly n: number } =>
  kind === "narrow"
    ? Object.assign({ _tag: "wide", n }, { text: "" })
    : kind === "wide"
      ? Object.assign({ _tag: "wide", n }, { text: `${n}`.padEnd(8000) })
      : { _tag: kind, n }

/** The intake of lane 1, and a fold that takes what has been published when it is told to. */
const makeIntake = (options: {
  readonly capacity: number
  readonly overflow: Overflow
  readonly memory: StreamPairOptions
  /** Whether events bear the time of the live clock, or one that is given for each. */
  readonly live: boolean
  /** A fold in this thread is to fold. */
  readonly onFoldNow?: () => void
}) => {
  const clock = options.live ? undefined : 0
  const pair = new StreamPair({ bytes: 2 * PageBytes, ...options.memory })
  const table = new CounterTable()
  table.add(0, new ArrayBuffer(ChunkBytes))
  const counters = table.of(1)
  let nextTurn: Array<() => void> = []
  /** How many events had been accepted, each time that a fold in this thread was to fold. */
  const foldedNowAt: Array<number> = []
  const laneLink: Omit<LaneLink, "close"> = {
    lane: 1,
    counters,
    books: undefined,
    writer: pair.writer,
    hold: () => () => {},
    send: (command) => pair.writer.command(command),
    foldNow: () => {
      foldedNowAt.push(intake.accepted)
      options.onFoldNow?.()
    },
    nextTurn: (run) => void nextTurn.push(run),
    afterFold: (run) => void nextTurn.push(run),
    left: () => {},
    overflowed: () => {}
  }
  const intake: Intake = new Intake({
    ...options,
    laneLink: laneLink as LaneLink,
    layouts: {
      layoutOf: (tag) => (tag === "wide" ? layout : tag === "generic" ? "generic" : "foreign"),
      readsSpan: () => false
    },
    recorder: { startIfIdle: () => {} }
  })
  const ofOthers = pair.encoder(layout)
  let folded = 0
  const came = () => pair.came.flatMap((each) => ("lane" in each && each.lane === 1 ? [each] : []))
  return {
    intake,
    counters,
    foldedNowAt,
    bytes: () => pair.writer.bytes,
    offer: (event: MetricEvent): Offer => {
      pair.writer.give(clock)
      return intake.offer(event)
    },
    offerOrWait: (event: MetricEvent): Effect.Effect<Offer> => {
      pair.writer.give(clock)
      return intake.offerOrWait(event, "30 seconds", undefined)
    },
    /** The events that have come, in order; of foreign ones it is only known that there was one. */
    came: (): ReadonlyArray<MetricEvent> => came().map((each) => ("event" in each ? each.event : { _tag: "foreign" })),
    /** Other recorders fill the memory to the last word. */
    fill: (): void => {
      for (const length of [1000, 300]) {
        while (ofOthers(2, Object.assign({ _tag: "wide", n: 0 }, { text: `${length}`.padEnd(length) }), 0));
      }
      while (pair.foreign(2));
    },
    fold: (pages: number): void => {
      pair.read(pages)
      const events = came().length
      counters.applied += events - folded
      folded = events
      if (counters.takeWanted()) nextTurn.push(() => intake.onFolded())
    },
    turn: (): void => {
      const due = nextTurn
      nextTurn = []
      for (const run of due) run()
      pair.turn()
    }
  }
}

type Kind = "narrow" | "wide" | "generic" | "foreign"

type Step =
  | { readonly do: "offer" | "wait"; readonly kind: Kind; readonly count: number }
  | { readonly do: "fold"; readonly pages: number }
  | { readonly do: "turn" | "flush" | "fill" }

const anySteps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom<"offer" | "wait">("offer", "offer", "wait"),
        kind: fc.constantFrom<Kind>("narrow", "wide", "wide", "generic", "foreign"),
        count: fc.integer({ min: 1, max: 6 })
      })
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("fold"), pages: fc.constantFrom(1, 2, 9) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom<"turn" | "flush" | "fill">("turn", "flush", "fill") }) }
  ),
  { maxLength: 40, size: "max" }
)

const policies: ReadonlyArray<Overflow> = ["drop-newest", "drop-oldest", "backpressure", "fail"]

describe("an intake", () => {
  const memories: ReadonlyArray<StreamPairOptions> = [{ fixedMemory: true }, { fixedMemory: false }]
  const memory: fc.Arbitrary<StreamPairOptions> = fc.constantFrom(...memories)
  const anyOptions = fc.record({ capacity: fc.integer({ min: 1, max: 40 }), live: fc.boolean(), memory })

  it.each(policies)(
    "%s: keeps order and capacity, and accounts for every event, whatever happens",
    async (overflow) => {
      await fc.assert(
        fc.asyncProperty(anyOptions, anySteps, async (any, steps) => {
          const { capacity } = any
          const options = { ...any, overflow }
          const { came, fill, fold, intake, offer, offerOrWait, turn } = makeIntake(options)
          intake.open()
          intake.flow()
          const offers: Array<{ readonly event: MetricEvent; readonly decided: Promise<Offer> }> = []
          const run = (step: Step): void => {
            if ("kind" in step) {
              for (let i = 0; i < step.count; i++) {
                const event = eventOf(step.kind, offers.length)
                const wait = step.do === "wait"
                const decided = wait ? Effect.runPromise(offerOrWait(event)) : Promise.resolve(offer(event))
                offers.push({ event, decided })
              }
            } else if (step.do === "turn") turn()
            else if (step.do === "flush") intake.flush()
            else if (step.do === "fill") fill()
            else if ("pages" in step) fold(step.pages)
          }
          for (const step of steps) {
            run(step)
            expect(intake.stats().pending).toBeLessThanOrEqual(capacity)
          }
          // Nobody asks for anything any more: time alone has to bring all of it through.
          for (let rounds = 0; rounds < 200; rounds++) {
            await Promise.resolve()
            turn()
            fold(9)
          }
          const accepted: Array<MetricEvent> = []
          for (const { decided, event } of offers) if ((await decided) === "accepted") accepted.push(event)
          const stats = intake.stats()
          expect(stats).toMatchObject({ offered: offers.length, accepted: accepted.length, pending: 0 })
          const known = accepted.map((event) => (event._tag === "foreign" ? { _tag: "foreign" } : event))
          if (overflow !== "drop-oldest") return deepStrictEqual(came(), known)
          expect(came().length).toBe(accepted.length - stats.evicted)
          const ns = came().flatMap((event) => ("n" in event ? [Number(event.n)] : []))
          expect(ns).toEqual(ns.toSorted((a, b) => a - b))
        }),
        { numRuns: runs(80) }
      )
    }
  )

  it.each<StreamPairOptions>(memories)("takes no memory for events that drop-oldest evicts, with %o", (memory) => {
    const { bytes, fill, intake, offer } = makeIntake({ capacity: 20, overflow: "drop-oldest", memory, live: true })
    intake.open()
    intake.flow()
    fill()
    const before = bytes()
    for (let n = 0; n < 1000; n++) expect(offer(eventOf("narrow", n))).toBe("accepted")
    expect(intake.stats()).toMatchObject({ evicted: 980, pending: 20 })
    expect(bytes()).toBe(before)
  })

  it.each(policies)("%s: writes straight into the stream under an unbounded capacity", (overflow) => {
    const { intake, offer } = makeIntake({
      capacity: Number.MAX_SAFE_INTEGER,
      overflow,
      memory: memories[0]!,
      live: true
    })
    intake.open()
    intake.flow()
    expect(offer(eventOf("narrow", 0))).toBe("accepted")
    // Were it asked again for each event, as it is at the limit, it would take the time of twenty.
    expect(intake.rows.limit).toBeGreaterThan(2 ** 49)
  })

  it.each<StreamPairOptions>(memories)("places queued events before later ones, with %o", (memory) => {
    const options = { capacity: 1000, overflow: "drop-newest", memory, live: true } as const
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
        overflow: "fail",
        memory: memories[0]!,
        live: true
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
      const { intake, offer } = makeIntake({ capacity: 8, overflow, memory: memories[0]!, live: true })
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
      memory: memories[0]!,
      live: true,
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

  it("under drop-oldest gives the fold at most half of the capacity, or one event if that is all", () => {
    for (const [capacity, most] of [
      [1, 1],
      [2, 1],
      [9, 4]
    ] as const) {
      const { came, fold, intake, offer } = makeIntake({
        capacity,
        overflow: "drop-oldest",
        memory: memories[0]!,
        live: true
      })
      intake.open()
      intake.flow()
      for (let n = 0; n < 20; n++) offer(eventOf("narrow", n))
      intake.flush()
      fold(9)
      expect(came().length).toBe(most)
    }
  })

  it("holds back events while it restarts, as on the first start", () => {
    const { came, fold, intake, offer } = makeIntake({
      capacity: 9,
      overflow: "fail",
      memory: memories[0]!,
      live: true
    })
    for (let start = 1; start <= 2; start++) {
      intake.open()
      offer(eventOf("narrow", start))
      intake.flush()
      fold(9)
      expect(came().length).toBe(start - 1)
      intake.flow()
      fold(9)
      expect(came().length).toBe(start)
      intake.close()
    }
  })

  it("keeps its accounting when the fold has closed its lane, whoever owns that by then", () => {
    const { counters, fold, intake, offer } = makeIntake({
      capacity: 9,
      overflow: "fail",
      memory: memories[0]!,
      live: true
    })
    intake.open()
    intake.flow()
    for (let n = 0; n < 3; n++) offer(eventOf("narrow", n))
    intake.flush()
    intake.leave()
    fold(9)
    intake.settle()
    counters.clear()
    counters.applied = counters.ignored = 5
    expect(intake.stats()).toMatchObject({ accepted: 3, applied: 3, ignored: 0, pending: 0 })
  })

  it("releases no waiting event after it has failed", () => {
    const { came, fold, intake, offer } = makeIntake({
      capacity: 9,
      overflow: "fail",
      memory: memories[0]!,
      live: true
    })
    intake.open()
    offer(eventOf("narrow", 0))
    intake.fail()
    intake.flush()
    fold(9)
    expect(came()).toEqual([])
    expect(intake.stats()).toMatchObject({ accepted: 1, pending: 1 })
  })

  it("requests the fold once, however many wait for it", async () => {
    const any = { capacity: 4, overflow: "backpressure", memory: memories[0]!, live: true } as const
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
