// The counters by which the fold reports its progress to recorders.
import { expect, it } from "@effect/vitest"
import { ChunkBytes, CounterTable } from "../../src/internal/stream/foldedCounters.ts"

const tableOf = (chunks: number) => {
  const table = new CounterTable()
  for (let i = 0; i < chunks; i++) table.add(i, new SharedArrayBuffer(ChunkBytes))
  const lanes = Array.from({ length: table.lanes }, (_, lane) => table.of(lane))
  return { lanes, table }
}

it("each lane has its own counters, in all chunks", () => {
  const { lanes, table } = tableOf(2)
  for (const [i, counters] of lanes.entries()) {
    counters.applied = i + 1
    counters.ignored = 2 * i + 1
  }
  expect(lanes.map(({ applied, ignored }) => [applied, ignored])).toEqual(lanes.map((_, i) => [i + 1, 2 * i + 1]))
  expect(table.of(lanes.length - 1).applied, "whoever looks").toBe(lanes.length)
})

it("cleared counters are like new, and those of other lanes are unchanged", () => {
  const { lanes } = tableOf(1)
  const three = lanes.slice(0, 3)
  for (const counters of three) {
    counters.applied = 3
    counters.ignored = 2
    counters.want()
  }
  three[1]!.clear()
  expect(three.map(({ applied, ignored }) => [applied, ignored])).toEqual([
    [3, 2],
    [0, 0],
    [3, 2]
  ])
  expect(three.map((counters) => counters.takeWanted())).toEqual([true, false, true])
})

it("a request is answered once, and never by events of other lanes", () => {
  const { lanes } = tableOf(1)
  const [one, other] = [lanes[0]!, lanes[1]!]
  expect(one.takeWanted()).toBe(false)
  one.want()
  expect(other.takeWanted()).toBe(false)
  expect([one.takeWanted(), one.takeWanted()]).toEqual([true, false])
})

it("the folded number changes after any event of any lane, applied or ignored, and after nothing else", () => {
  const { lanes, table } = tableOf(2)
  const seen = [table.folded]
  for (const counters of [lanes[0]!, lanes[1023]!, lanes[1024]!, lanes[2047]!]) {
    counters.applied++
    seen.push(table.folded)
    counters.ignored++
    seen.push(table.folded)
  }
  expect(new Set(seen).size).toBe(9)
  lanes[5]!.want()
  expect(table.folded).toBe(seen.at(-1))
})
