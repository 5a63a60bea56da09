// Blocks of numbers: each has one owner, however blocks are allocated and freed, and starts with zeros.
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Blocks, bitsFor, MostOfBlock } from "../../src/internal/metric/instruments/blocks.ts"

const anyBits = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 3, max: 8 }) }, fc.integer({ min: 9, max: 14 }))
const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ take: anyBits }) },
  { weight: 2, arbitrary: fc.record({ give: fc.nat(1000) }) }
)

interface Owned {
  readonly address: number
  readonly bits: number
  readonly mark: number
}

const numbersOf = (blocks: Blocks, { address, bits }: Pick<Owned, "address" | "bits">): Float64Array =>
  blocks.of(address).subarray(blocks.at(address), blocks.at(address) + 2 ** bits)

describe("blocks", () => {
  it("are zeroed when they are allocated, and have one writer", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 200, size: "max" }), (steps) => {
        const blocks = new Blocks()
        const owned: Array<Owned> = []
        for (const [mark, step] of steps.entries()) {
          if ("take" in step) {
            const block = { address: blocks.take(step.take), bits: step.take, mark: mark + 1 }
            const numbers = numbersOf(blocks, block)
            expect([numbers.length, numbers.every((number) => number === 0)]).toEqual([2 ** step.take, true])
            numbers.fill(block.mark)
            owned.push(block)
          } else if (owned.length > 0) {
            const [block] = owned.splice(step.give % owned.length, 1)
            blocks.give(block!.address, block!.bits)
          }
          for (const each of owned) expect(numbersOf(blocks, each).every((number) => number === each.mark)).toBe(true)
        }
      }),
      { numRuns: 50 }
    )
  })

  it("have the requested capacity, and less than twice that", () => {
    for (const length of [1, 8, 9, 16, 17, 160, MostOfBlock - 1, MostOfBlock]) {
      const size = 2 ** bitsFor(length)
      expect(size).toBeGreaterThanOrEqual(length)
      expect(size === 8 || size < 2 * length).toBe(true)
    }
  })

  it("are reused after they were freed, before more memory is allocated", () => {
    const blocks = new Blocks()
    const first = Array.from({ length: 3000 }, () => blocks.take(4))
    for (const address of first) blocks.give(address, 4)
    const again = Array.from({ length: 3000 }, () => blocks.take(4))
    expect(again.toSorted()).toEqual(first.toSorted())
  })
})
