// Offers that wait for room under backpressure: each is decided once, and nothing of it remains.
import { Effect, Exit } from "effect"
import { describe, expect, it, vi } from "vitest"
import type { Emission, Offer } from "../../src/internal/recorder/dispatch.ts"
import { afterwards } from "../../src/internal/util/deadlines.ts"
import { eventOf, makeIntake } from "../support/intake.ts"

/** A recorder that is full, and an offer that waits. */
const waiting = () => {
  const made = makeIntake({ capacity: 1, overflow: "backpressure", waitLimit: 5 })
  const { intake, offer, offerOrWait } = made
  intake.open()
  intake.flow()
  expect(offer(eventOf("narrow", 0))).toBe("accepted")
  const emission: Emission = { decision: undefined }
  const results: Array<Offer | "interrupted"> = []
  const interrupt = Effect.runCallback(offerOrWait(eventOf("narrow", 1), undefined, emission), {
    onExit: (exit) => results.push(Exit.isSuccess(exit) ? exit.value : "interrupted")
  })
  return { ...made, emission, results, interrupt }
}

/** Ends after the limits of the offers before it, which have the same timer. */
const limitPasses = (): Promise<void> => new Promise((resolve) => void afterwards(6, resolve))

describe("an offer that waits for room", () => {
  type Case = readonly [
    by: string,
    result: Offer | "interrupted",
    decide: (made: ReturnType<typeof waiting>) => unknown
  ]
  it.each<Case>([
    [
      "room",
      "accepted",
      ({ fold, intake }) => {
        intake.flush()
        fold(9)
      }
    ],
    ["its time limit", "overflow", limitPasses],
    ["a stop", "not-running", ({ intake }) => intake.close()],
    ["an interruption", "interrupted", ({ interrupt }) => interrupt()]
  ])("is decided once by %s, and keeps the process alive until then", async (_by, result, decide) => {
    const made = waiting()
    const { emission, fold, intake, link, results, turn } = made
    expect([link.holds, emission.decision, intake.stats().offered]).toEqual([1, undefined, 1])
    await decide(made)
    for (let i = 0; i < 3; i++) turn()
    expect(results).toEqual([result])
    expect(link.holds).toBe(0)
    const { accepted, offered, refusedBy } = intake.stats()
    expect(offered).toBe(result === "interrupted" ? 1 : 2)
    await limitPasses()
    intake.flush()
    fold(9)
    for (let i = 0; i < 3; i++) turn()
    expect(intake.stats()).toMatchObject({ accepted, offered, refusedBy })
    expect([emission.decision ?? "interrupted", results.length]).toEqual([result, 1])
  })

  it("asks for nothing while the fold makes no progress", () => {
    const { intake, isIdle, turn } = waiting()
    intake.whenDrained(() => {})
    for (let i = 0; i < 3; i++) turn()
    expect(isIdle()).toBe(true)
  })

  it("is accepted if the fold has made its progress before it is asked to report that", () => {
    const { counters, intake, offer, offerOrWait, turn } = makeIntake({ capacity: 2, overflow: "backpressure" })
    intake.open()
    intake.flow()
    for (const n of [-1, 0]) offer(eventOf("narrow", n))
    vi.spyOn(counters, "want").mockImplementationOnce(() => void counters.applied++)
    const results: Array<Exit.Exit<Offer>> = []
    Effect.runCallback(offerOrWait(eventOf("narrow", 1)), { onExit: (exit) => results.push(exit) })
    for (let i = 0; i < 2; i++) turn()
    expect(results).toEqual([Exit.succeed("accepted")])
  })

  it("is accepted if its time limit passes between its admission and the next turn", async () => {
    const { fold, intake, results, turn } = waiting()
    intake.flush()
    fold(9)
    // Admitted here, and resumed at the next turn.
    turn()
    await limitPasses()
    turn()
    expect(results).toEqual(["accepted"])
    expect(intake.stats()).toMatchObject({ offered: 2, accepted: 2, refused: 0 })
  })
})
