import { expect, it } from "@effect/vitest"
import type { Place } from "../../src/internal/fold/place.ts"
import { Deaths } from "../../src/internal/link/deaths.ts"

const at = (place: Partial<Place>): Place => ({
  lane: 1,
  metric: 0,
  sequence: 5,
  during: "fold",
  rows: 0,
  reader: 0,
  tag: 0,
  ...place
})
const run = at({ metric: undefined, sequence: -2, rows: 4 })
const exited = new Error("exited")
const outOfMemory = Object.assign(new Error("memory"), { code: "ERR_WORKER_OUT_OF_MEMORY" })

const guiltyAfter = (first: Place, second: Place, cause = exited): string | undefined => {
  const deaths = new Deaths()
  const nameOf = ({ lane, metric }: Place) => `${lane}.${metric}`
  expect(deaths.add(first, cause, nameOf)).toBe(undefined)
  return deaths.add(second, cause, nameOf)?.name
}

it("a metric is guilty after the second death in the same place", () => {
  expect(guiltyAfter(at({}), at({}))).toBe("1.0")
  for (const other of [{ lane: 2 }, { metric: 1 }, { sequence: 6 }, { during: "view" }] as const) {
    expect(guiltyAfter(at({}), at(other))).toBe(undefined)
  }
})

it("a metric is guilty if it dies at a row of the run in which the previous worker died", () => {
  for (const sequence of [-2, -1, 0, 1]) expect(guiltyAfter(run, at({ sequence, metric: 3 }))).toBe("1.3")
  for (const sequence of [-3, 2, 3]) expect(guiltyAfter(run, at({ sequence }))).toBe(undefined)
  expect(guiltyAfter(run, at({ sequence: -2, lane: 2 }))).toBe(undefined)
  expect(guiltyAfter(run, run)).toBe(undefined)
})

it("the event is ignored if memory has run out", () => {
  expect(guiltyAfter(at({}), at({ sequence: 9 }), outOfMemory)).toBe("1.0")
  expect(guiltyAfter(run, at({ sequence: 9, metric: 2 }), outOfMemory)).toBe("1.2")
  expect(guiltyAfter(at({}), at({ metric: 1 }), outOfMemory)).toBe(undefined)
})

it("a metric that was guilty once is guilty again only after two more deaths", () => {
  const deaths = new Deaths()
  const guilty = [1, 2, 3, 4].map(() => deaths.add(at({}), exited, () => "work") !== undefined)
  expect(guilty).toEqual([false, true, false, true])
})
