import { expect } from "@effect/vitest"
import type { Stats } from "mvx-metrics"

/** The invariants of a recorder's accounting at any moment. */
export const expectBalanced = (stats: Stats): void => {
  const { accepted, applied, capacity, evicted, ignored, offered, pending, refused, refusedBy } = stats
  expect(offered, "offered = accepted + refused").toBe(accepted + refused)
  expect(accepted, "accepted = applied + ignored + evicted + pending").toBe(applied + ignored + evicted + pending)
  expect(refused, "refused = the sum of its reasons").toBe(
    refusedBy.overflow + refusedBy.invalid + refusedBy.notRunning
  )
  expect(pending, "pending is within the capacity").toBeLessThanOrEqual(capacity)
  expect(Math.min(applied, ignored, evicted, pending, ...Object.values(refusedBy))).toBeGreaterThanOrEqual(0)
}
