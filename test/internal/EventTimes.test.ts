// Events of one synchronous turn have their own times by the live clock, to the millisecond, at any pace.
import { afterEach, expect, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { StreamPair } from "../support/streamPair.ts"

const layout = layoutOf("tick", Schema.TaggedStruct("tick", { n: Schema.Number }).ast)!

afterEach(() => void vi.restoreAllMocks())

/** How old the time of each event is, where one comes every so many milliseconds. */
const staleness = (paces: ReadonlyArray<number>): ReadonlyArray<number> => {
  let now = 1_700_000_000_000
  vi.spyOn(Date, "now").mockImplementation(() => Math.floor(now))
  const stream = new StreamPair()
  const encoder = stream.write(layout)
  const emitted = paces.map((pace, n) => {
    now += pace
    encoder(stream.source(1), { _tag: "tick", n } as never)
    return now
  })
  stream.flush()
  const times = stream.came.flatMap((each) => ("at" in each ? [each.at] : []))
  expect(times).toHaveLength(paces.length)
  return times.map((at, i) => emitted[i]! - at)
}

it("an event of a long turn has its own time", () => {
  const stale = staleness(new Array(30).fill(100))
  expect(Math.max(...stale)).toBeLessThan(1)
})

it("an event of a long turn that follows one that no metric reads has its own time", () => {
  const clock = vi.spyOn(Date, "now").mockReturnValue(1000)
  const stream = new StreamPair()
  expect(stream.foreign(1)).toBe(true)
  clock.mockReturnValue(1500)
  expect(stream.write(layout)(stream.source(1), { _tag: "tick", n: 1 } as never)).toBe(true)
  stream.flush()
  expect(stream.came.slice(1)).toMatchObject([{ at: 1500 }])
})

it("at a steady pace times are less than three milliseconds old, including the one in which the clock counts", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-4, max: 200, noNaN: true }), fc.integer({ min: 1, max: 300 }), (pace, count) => {
      expect(Math.max(...staleness(new Array(count).fill(pace)))).toBeLessThan(3)
    }),
    { numRuns: 200 }
  )
})

it("after a burst of fast events, at most 15 slow events have a stale time", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), (fast) => {
      const stale = staleness([...new Array(fast).fill(0.0001), ...new Array(40).fill(100)])
      expect(stale.filter((age) => age >= 1).length).toBeLessThanOrEqual(15)
      expect(Math.max(...stale.slice(fast + 16))).toBeLessThan(1)
    }),
    { numRuns: 50 }
  )
})
