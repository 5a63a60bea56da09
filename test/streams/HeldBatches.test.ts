// The data that an aggregator keeps for those with another version of a metric is limited in size and time.
import { expect, it } from "vitest"
import { HeldBatches } from "../../src/internal/aggregate/heldBatches.ts"

const Megabyte = 1024 * 1024
const AnHour = 3_600_000
const bytes = (megabytes: number): Uint8Array => new Uint8Array(megabytes * Megabyte)

/** As it is stored, and loaded again. */
const stored = (parts: Map<string, Uint8Array>, held: HeldBatches): HeldBatches => {
  for (const [key, part] of held.changes()) {
    if (part === undefined) parts.delete(key)
    else parts.set(key, part)
  }
  held.stored()
  return new HeldBatches(parts)
}

it("batches are kept in order, up to eight megabytes and one hour", () => {
  const parts = new Map<string, Uint8Array>()
  let held = new HeldBatches(parts)
  expect(held.isEmpty).toBe(true)
  for (const number of [9, 10, 11]) {
    held.add(number, new Uint8Array([number]), 1000)
    held = stored(parts, held)
  }
  expect(held.batches.map(([first]) => first)).toEqual([9, 10, 11])
  held.add(12, bytes(8), 1000)
  expect(held.batches.map(({ byteLength }) => byteLength)).toEqual([8 * Megabyte])
  held = stored(parts, held)
  held.add(13, bytes(4), 2000)
  held.add(14, bytes(4), AnHour + 1500)
  held = stored(parts, held)
  expect(held.batches).toHaveLength(2)
  held.add(15, bytes(1), AnHour + 2001)
  held = stored(parts, held)
  expect(held.batches.map(({ byteLength }) => byteLength / Megabyte)).toEqual([4, 1])
  // One that is too large by itself leaves a gap, and no gap is between two others.
  held.add(16, bytes(9), AnHour + 2002)
  held.add(17, bytes(1), AnHour + 2003)
  held = stored(parts, held)
  expect(held.batches).toHaveLength(1)
  held.clear()
  held = stored(parts, held)
  expect({ isEmpty: held.isEmpty, parts: parts.size }).toEqual({ isEmpty: true, parts: 0 })
})
