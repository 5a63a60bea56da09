// The producer side of a recorder when it starts, stops, fails or leaves, and when the library fails under it.
import { describe, expect, it, vi } from "@effect/vitest"
import { BookInvalid, BookNotRunning, BookOverflowed } from "../../src/internal/stream/rows/laneBooks.ts"
import type { TagLayout } from "../../src/internal/stream/rows/layout.ts"
import { eventOf, makeIntake } from "../support/intake.ts"

describe("an intake", () => {
  it.each([false, true])(
    "holds back events while it restarts, as on the first start; in an attached thread: %s",
    (attached) => {
      const { books, came, fold, intake, offer } = makeIntake({ capacity: 9, overflow: "fail", attached })
      for (let start = 1; start <= 2; start++) {
        intake.open()
        expect(offer(eventOf("narrow", start))).toBe("accepted")
        intake.flush()
        fold(9)
        expect(came().length).toBe(2 * start - 2)
        intake.flow()
        expect(offer(eventOf("narrow", start))).toBe("accepted")
        intake.flush()
        fold(9)
        expect(came().length).toBe(2 * start)
        intake.close()
        expect(offer(eventOf("narrow", start))).toBe("not-running")
        expect(books?.[BookNotRunning] ?? start).toBe(start)
      }
    }
  )

  it("keeps its accounting when the fold has closed its lane, whoever owns that by then", () => {
    const { counters, fold, intake, offer } = makeIntake({ capacity: 9, overflow: "fail" })
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

  it.each([
    ["fail", "in its start"],
    ["fail", "without room"],
    ["leave", "in its start"],
    ["leave", "without room"]
  ] as const)("after %s %s releases no waiting event, even if the start ends then", (end, when) => {
    const { came, fill, fold, intake, offer, turn } = makeIntake({ capacity: 9, overflow: "fail" })
    intake.open()
    if (when === "without room") {
      intake.flow()
      fill()
    }
    expect(offer(eventOf("narrow", 0))).toBe("accepted")
    intake[end]()
    if (end === "leave") intake.flow()
    fold(9)
    turn()
    intake.flush()
    fold(9)
    expect(came()).toEqual([])
    expect(intake.stats()).toMatchObject({ accepted: 1, pending: 1 })
  })

  it.each(["leave", "fail"] as const)("after %s in a stop leaves the room it waited for to other recorders", (end) => {
    const { counters, fill, fold, hasRoomForOthers, intake, isIdle, offer, turn } = makeIntake({
      capacity: 9,
      overflow: "fail"
    })
    intake.open()
    intake.flow()
    fill()
    expect(offer(eventOf("wide", 0))).toBe("accepted")
    intake.close()
    intake.whenDrained(() => {})
    intake[end]()
    const want = vi.spyOn(counters, "want")
    // A report that was on its way.
    intake.onFolded()
    for (let i = 0; i < 5; i++) {
      turn()
      fold(9)
    }
    expect(hasRoomForOthers(20)).toBe(true)
    for (let i = 0; i < 3; i++) turn()
    expect(isIdle()).toBe(true)
    if (end === "leave") expect(want, "the lane may be that of another").not.toHaveBeenCalled()
  })

  it.each([
    ["reports it", false],
    ["has folded it before it is asked to", true]
  ])("is drained once, when the fold %s", (_how, isEarly) => {
    const { counters, fold, intake, isIdle, offer, turn } = makeIntake({ capacity: 9, overflow: "fail" })
    intake.open()
    intake.flow()
    offer(eventOf("narrow", 0))
    intake.flush()
    if (isEarly) vi.spyOn(counters, "want").mockImplementationOnce(() => fold(9))
    const drained = vi.fn()
    intake.whenDrained(drained)
    expect(drained).not.toHaveBeenCalled()
    if (!isEarly) {
      for (let i = 0; i < 3; i++) turn()
      expect(isIdle(), "it only waits").toBe(true)
    }
    fold(9)
    for (let i = 0; i < 3; i++) turn()
    intake.flush()
    expect(drained).toHaveBeenCalledTimes(1)
    expect(isIdle()).toBe(true)
  })

  it("is drained at once if nothing is pending, and otherwise publishes what is", () => {
    const { came, fold, intake, offer, turn } = makeIntake({ capacity: 9, overflow: "fail" })
    intake.open()
    intake.flow()
    const drained = vi.fn()
    intake.whenDrained(drained)
    expect(drained).toHaveBeenCalledTimes(1)
    offer(eventOf("narrow", 0))
    intake.whenDrained(drained)
    fold(9)
    expect(came()).toHaveLength(1)
    turn()
    expect(drained).toHaveBeenCalledTimes(2)
  })

  it("accepts no event after a stop in the middle of a burst", () => {
    const clock = vi.spyOn(Date, "now").mockReturnValue(1000)
    try {
      const { intake, offer } = makeIntake({ capacity: 1000, overflow: "fail" })
      for (let burst = 1; burst <= 40; burst++) {
        intake.open()
        intake.flow()
        for (let n = 0; n < burst; n++) expect(offer(eventOf("narrow", n))).toBe("accepted")
        intake.close()
        expect(offer(eventOf("narrow", burst))).toBe("not-running")
      }
    } finally {
      clock.mockRestore()
    }
  })

  it("refuses what is not an event as invalid, even if it is full", () => {
    const { intake, offer } = makeIntake({ capacity: 1, overflow: "fail" })
    intake.open()
    intake.flow()
    expect(["sound", "sound", " "].map((_tag) => offer({ _tag }))).toEqual(["accepted", "overflow", "invalid"])
    expect(intake.stats()).toMatchObject({ accepted: 1, refusedBy: { overflow: 1, invalid: 1 } })
  })

  it("refuses and counts an event that fails on its way into the queue", () => {
    const { intake, offer } = makeIntake({ capacity: 9, overflow: "fail" })
    intake.open()
    const now = vi.spyOn(intake.laneLink.writer, "now").mockImplementationOnce(() => {
      throw new Error("defect")
    })
    expect(() => offer(eventOf("narrow", 0))).toThrow("defect")
    now.mockRestore()
    expect(intake.stats()).toMatchObject({ offered: 1, accepted: 0, refusedBy: { overflow: 1 } })
  })

  it("accepts no event after a stop inside the fold that it requested for it", () => {
    const onFoldNow = (): void => intake.close()
    const { intake, offer } = makeIntake({ capacity: 4, overflow: "fail", onFoldNow })
    intake.open()
    intake.flow()
    expect([0, 1, 2].map((n) => offer(eventOf("narrow", n)))).toEqual(["accepted", "accepted", "not-running"])
    expect(intake.stats()).toMatchObject({ accepted: 2, refusedBy: { overflow: 0, invalid: 0, notRunning: 1 } })
  })

  it("repeats an action that has failed", () => {
    const { intake } = makeIntake({ capacity: 9, overflow: "fail" })
    intake.open()
    intake.flow()
    const act = vi.fn().mockImplementationOnce(() => {
      throw new Error("failed")
    })
    intake.addBarrier(act)
    makeIntake({ capacity: 9, overflow: "fail" }).intake.flush()
    expect(act, "that is another recorder").not.toHaveBeenCalled()
    expect(() => intake.flush()).toThrow("failed")
    for (let i = 0; i < 3; i++) intake.flush()
    expect(act).toHaveBeenCalledTimes(2)
  })

  it.each([false, true])(
    "refuses and counts an event for which the library fails; in an attached thread: %s",
    (attached) => {
      const deep = (): never => deep()
      const fails: Record<string, () => never> = {
        deep,
        faulty: () => {
          throw new Error("defect")
        }
      }
      const layoutOf = (tag: string): TagLayout => fails[tag]?.() ?? "generic"
      const { books, intake, offer } = makeIntake({ capacity: 9, overflow: "fail", attached, layoutOf })
      intake.open()
      intake.flow()
      expect(() => offer({ _tag: "faulty" })).toThrow("defect")
      expect(offer({ _tag: "deep" }), "the caller has used up the stack").toBe("overflow")
      const write = vi.spyOn(intake.laneLink.writer, "writeEvent").mockImplementationOnce(deep)
      expect(offer({ _tag: "sound" }), "its row finds no stack").toBe("overflow")
      write.mockRestore()
      expect(offer({ _tag: " " }), "no fault of the library").toBe("invalid")
      expect(offer({ _tag: "sound" })).toBe("accepted")
      expect(intake.stats()).toMatchObject({ offered: 5, accepted: 1, refusedBy: { overflow: 3, invalid: 1 } })
      expect([books?.[BookOverflowed] ?? 3, books?.[BookInvalid] ?? 1]).toEqual([3, 1])
    }
  )
})
