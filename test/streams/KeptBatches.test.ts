// The appended events that a process keeps.
import { expect, it } from "@effect/vitest"
import { KeptBatches } from "../../src/internal/shipping/keptBatches.ts"

const grace = 100

const filled = (count: number): KeptBatches => {
  const kept = new KeptBatches()
  for (let i = 0; i < count; i++) kept.add(new ArrayBuffer(8), 1)
  return kept
}

const numbers = (kept: KeptBatches): ReadonlyArray<number> => kept.all.map(({ number }) => number)

it("a batch is kept until it has been committed for as long as the store may lose the commit", () => {
  const kept = filled(3)
  expect(kept.committed(2, 0, grace)).toBe(false)
  expect(kept.committed(3, 99, grace)).toBe(false)
  expect(kept.committed(3, 100, grace)).toBe(true)
  expect(numbers(kept)).toEqual([3])
  expect(kept.bytes).toBe(8)
  expect(kept.committed(3, 199, grace)).toBe(true)
  expect(numbers(kept)).toEqual([])
  expect(kept.oldest).toBe(4)
})

it("the time starts again when the store has lost the commit", () => {
  const kept = filled(3)
  kept.committed(3, 0, grace)
  kept.committed(1, 90, grace)
  kept.committed(3, 95, grace)
  expect(kept.committed(3, 150, grace)).toBe(false)
  expect(kept.committed(3, 190, grace)).toBe(true)
  expect(numbers(kept)).toEqual([2, 3])
  expect(kept.committed(3, 195, grace)).toBe(true)
  expect(numbers(kept)).toEqual([])
})

it("batches are returned after a given number, at least one and not much more than requested", () => {
  const kept = filled(4)
  const after = (number: number, bytes: number) => kept.after(number, bytes).map((batch) => batch.number)
  expect(after(0, 1)).toEqual([1])
  expect(after(1, 16)).toEqual([2, 3])
  expect(after(1, 1000)).toEqual([2, 3, 4])
  expect(after(4, 1000)).toEqual([])
})

it("remaining batches are renumbered when the source continues under another id", () => {
  const kept = filled(4)
  kept.renumber(3)
  expect(numbers(kept)).toEqual([1])
  expect(kept.next).toBe(2)
})
