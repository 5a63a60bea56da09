// Long answers in pieces: their memory, and their joined content.
import { expect, it } from "@effect/vitest"
import fc from "fast-check"
import { TextBlocks } from "../../src/internal/formats/prometheus/textBlocks.ts"
import { inOne, PieceBytes, PieceWriter, textOf } from "../../src/internal/util/pieces.ts"
import { allSteps } from "../../src/internal/util/steps.ts"

const lengths = fc.array(fc.oneof(fc.nat(100), fc.nat(20_000), fc.nat(PieceBytes)), { maxLength: 30 })

it("pieces contain everything that was added, and can be transferred", () => {
  fc.assert(
    fc.property(lengths, (all) => {
      const added = all.map((length, i) => new Uint8Array(length).fill(i + 1))
      const writer = new PieceWriter()
      for (const each of added) writer.add(each)
      const expected = Buffer.concat(added)
      const pieces = structuredClone(writer.finish(), { transfer: [] })
      expect(Buffer.concat(pieces).equals(expected)).toBe(true)
      expect(Buffer.from(allSteps(inOne(pieces))).equals(expected)).toBe(true)
      expect(pieces.every(({ length }) => length > 0 && length <= PieceBytes)).toBe(true)
      const memory = writer.finish().map(({ buffer }) => buffer)
      // Transferring one twice throws.
      structuredClone(memory, { transfer: memory })
    }),
    { numRuns: 30 }
  )
})

it("pieces are few if many short ones were added", () => {
  const writer = new PieceWriter()
  for (let i = 0; i < 10_000; i++) writer.add(new Uint8Array(100))
  expect(writer.finish().length).toBeLessThan(20)
})

it("pieces form one text, whichever piece the bytes of a character are in", () => {
  const text = "añ€😀".repeat(100)
  const bytes = new TextEncoder().encode(text)
  for (const length of [1, 2, 3, 7, 999]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) =>
      bytes.slice(i * length, (i + 1) * length)
    )
    expect(allSteps(textOf(pieces))).toBe(text)
  }
})

it("pieces of a text added at once are split at character boundaries", () => {
  const text = `${"añ€😀".repeat(100_000)}.`
  const blocks = new TextBlocks()
  for (const each of ["begin ", text, " end"]) blocks.add(each)
  const pieces = blocks.finish()
  expect(pieces.length).toBeGreaterThan(3)
  expect(Math.max(...pieces.map(({ buffer }) => buffer.byteLength))).toBe(PieceBytes)
  expect(Buffer.concat(pieces).toString() === `begin ${text} end`).toBe(true)
})
