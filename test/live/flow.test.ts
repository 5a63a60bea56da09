/**
 * The accounting of events as a flow chart.
 */
import { describe, expect, it } from "@effect/vitest"
import { flowOf } from "../../src/internal/live/model/flow.ts"
import { noCounts } from "../../src/internal/model/stats.ts"

const stats = {
  ...noCounts,
  state: "Running",
  capacity: 10,
  offered: 1000,
  accepted: 990,
  refused: 10,
  refusedBy: { overflow: 9, invalid: 0, notRunning: 1 },
  applied: 980,
  ignored: 0,
  evicted: 10
} as const

describe("the flow chart of events", () => {
  it("has a node for each count of the accounting, and one for each reason of refusal", () => {
    const { nodes, rows } = flowOf(stats)
    expect(nodes.map(({ column, name, row, value }) => [name, value, column, row])).toEqual([
      ["offered", 1000, 0, 0],
      ["accepted", 990, 1, 0],
      ["refused", 10, 1, 4],
      ["applied", 980, 2, 0],
      ["ignored", 0, 2, 1],
      ["pending", 0, 2, 2],
      ["evicted", 10, 2, 3],
      ["overflow", 9, 2, 4],
      ["not running", 1, 2, 5]
    ])
    expect(nodes.filter(({ isLoss }) => isLoss).map(({ name }) => name)).toEqual([
      "refused",
      "evicted",
      "overflow",
      "not running"
    ])
    expect(rows).toBe(6)
  })

  it("has ribbons proportional to their share of all events, and visible ones for losses however few they are", () => {
    const { ribbons } = flowOf(stats)
    const of = (name: string) => ribbons.find(({ to }) => to === name)!
    expect(of("accepted").thickness).toBeCloseTo(0.8 * 0.99)
    expect(of("applied").thickness).toBeCloseTo(0.8 * 0.98)
    expect(of("not running").thickness).toBe(0.09)
    expect(ribbons.map(({ to }) => to)).not.toContain("ignored")
    // Those of one node lie on each other where they begin.
    expect(of("refused").start - of("accepted").start).toBeCloseTo(
      (of("refused").thickness + of("accepted").thickness) / 2
    )
  })

  it("has no ribbon before there are events", () => {
    const flow = flowOf({ ...noCounts, state: "Idle" })
    expect(flow.ribbons).toEqual([])
    expect(flow.nodes.map(({ name }) => name)).toEqual([
      "offered",
      "accepted",
      "refused",
      "applied",
      "ignored",
      "pending",
      "evicted"
    ])
    expect(flow.rows).toBe(5)
  })
})
