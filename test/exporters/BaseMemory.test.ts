// The memory of a base is reused, but never while anything may still depend on its content.
import { expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Batches, type Told } from "../../src/internal/exporters/otlp/batches.ts"
import { type Base, sharedMemory } from "../../src/internal/formats/otlp/baseWriter.ts"
import { allSteps } from "../../src/internal/util/steps.ts"

interface Step {
  /** Of the base that the fold gives. `undefined`: it does not answer. */
  readonly length: number | undefined
  readonly outcome: string
}

const lengths = fc.constantFrom(100, 120, 300, 5000)
const step = fc.record({
  length: fc.option(lengths, { nil: undefined, freq: 4 }),
  outcome: fc.constantFrom("arrives", "is refused", "may have arrived", "is not sent")
})
/** All is well, and the bases are of about one size. */
const steady = fc.record({ length: fc.constantFrom(100, 120), outcome: fc.constant("arrives") })
const anySteps = fc.boolean().chain((isSteady) =>
  fc.record({
    isSteady: fc.constant(isSteady),
    steps: fc.array<Step>(isSteady ? steady : step, { maxLength: 20 })
  })
)

it("the fold never receives memory of a base that is still in use", () => {
  let given = 0
  fc.assert(
    fc.property(anySteps, fc.boolean(), ({ isSteady, steps }, readsAtTheEnd) => {
      const batches = new Batches<{ readonly told: Told }>("delta", 0n)
      const memory = new Set<ArrayBufferLike>()
      /** What has to be as it was written: the bases, by what they have in each byte. */
      const written = new Map<Base, number>()
      let marks = 0

      const read = (length: number | undefined): void => {
        const { asked } = batches
        if (asked.free !== undefined) given++
        // It may have written before it was given up.
        const base = sharedMemory(asked.free)(length ?? 100)
        const mark = (marks++ % 250) + 1
        base.fill(mark)
        if (length !== undefined) memory.add(base.buffer)
        if (length === undefined) return batches.read({ all: [], unread: new Set() })
        written.set(base, mark)
        batches.read({ all: [], unread: new Set() }, { ...asked, base, encoded: [] })
      }
      const next = (isLast: boolean) => {
        const { told } = allSteps(batches.next(1n, isLast, () => {}))
        expectWhole(told.base)
        return { told }
      }
      const expectWhole = (base: Base | undefined): void => {
        if (base !== undefined) expect(new Set(base)).toEqual(new Set([written.get(base)]))
      }

      for (const { length, outcome } of steps) {
        const held = batches.held
        if (held !== undefined) {
          expectWhole(held.told.base)
          if (outcome === "is refused") batches.undelivered(held, false)
          else if (outcome !== "arrives") continue
          else batches.delivered(held)
        }
        read(length)
        for (const base of batches.asked.bases) expectWhole(base)
        if (outcome === "is not sent") continue
        const batch = next(false)
        if (outcome === "arrives") {
          batches.delivered(batch)
          batches.forget()
        } else batches.undelivered(batch, outcome === "may have arrived")
        for (const base of batches.asked.bases) expectWhole(base)
      }
      batches.close()
      if (readsAtTheEnd) read(100)
      next(true)
      // That of what has arrived, and that of what is read now. What is given up now and then is left to the collector.
      if (isSteady) expect(memory.size).toBeLessThanOrEqual(2)
    }),
    { numRuns: 500 }
  )
  expect(given).toBeGreaterThan(100)
})
