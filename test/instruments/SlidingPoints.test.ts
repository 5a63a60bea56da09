// The cost of in-place series with a time window when the clock is set back; see Points.test.ts for the rest.
import { deepStrictEqual } from "node:assert/strict"
import { expect, it, vi } from "@effect/vitest"
import { RecentSlots } from "../../src/internal/metric/instruments/recentSlots.ts"
import { SlidingPoints, type SlidingTable } from "../../src/internal/metric/instruments/slidingPoints.ts"
import { SlidingWindow } from "../../src/internal/metric/instruments/slidingWindow.ts"
import { SummaryTable } from "../../src/internal/metric/instruments/summaryTable.ts"
import type { WindowPoint } from "../../src/internal/metric/instruments/window.ts"
import { WindowTable } from "../../src/internal/metric/instruments/windowTable.ts"

const tables: { readonly [kind: string]: (window: SlidingWindow) => SlidingTable<WindowPoint> } = {
  window: (window) => new WindowTable(window),
  summary: (window) => new SummaryTable(window) as SlidingTable<WindowPoint>
}

it.each(Object.entries(tables))("a late event visits series of a %s only if they have slots after it", (_, tableOf) => {
  const window = new SlidingWindow({ windowMillis: 6000, slots: 6 })
  const table = tableOf(window)
  const looks = vi.spyOn(table, "dropUnreached")
  const points = new SlidingPoints(window, () => table)
  for (let index = 0; index < 1000; index++) {
    points.reserve(index)
    points.add(index, 1, 8000 + index)
  }
  // Two threads, of which one is late, at the begin of a slot.
  for (let i = 0; i < 100; i++) {
    points.add(i, 1, 9000)
    points.add(999, 1, 8999)
  }
  deepStrictEqual(looks.mock.calls.length, 100)
  deepStrictEqual(
    points.point(3).slots.map(({ slot }) => slot),
    [8]
  )
  // Everything, once, and perhaps again what was looked at before.
  points.add(0, 1, 0)
  const all = looks.mock.calls.length
  expect(all).toBeGreaterThanOrEqual(1100)
  expect(all).toBeLessThanOrEqual(1300)
  points.add(1, 1, 1000)
  points.add(0, 1, 0)
  deepStrictEqual(looks.mock.calls.length, all + 1)
})

it("the slot index holds at most twice as many slots as series, however often one comes and goes", () => {
  const recent = new RecentSlots()
  for (let i = 0; i < 100_000; i++) recent.note(i % 3, 7, 3)
  const beyond = recent.takeBeyond((slot) => slot < 7)
  expect(beyond === "all" || beyond.length < 10).toBe(true)
})
