// The answer to a read is sent in parts, and equals the whole answer.
import { deepStrictEqual } from "node:assert"
import { it } from "@effect/vitest"
import fc from "fast-check"
import { AnswerParts, PartValues, type SendPart, splitAnswer, valuesIn } from "../../src/internal/stream/answerParts.ts"
import { allSteps, known, type Steps } from "../../src/internal/util/steps.ts"

/** As it comes to another thread, with so many metrics at a time. */
const arrived = (answer: ReadonlyArray<unknown>, atATime: number): ReadonlyArray<unknown> => {
  const parts = new AnswerParts()
  const send: SendPart = (part) => {
    parts.add(structuredClone(part))
    return known(undefined)
  }
  const left = answer.map((each, of) => allSteps(splitAnswer(each, [`${of}`], send) as Steps<unknown>))
  let from = 0
  for (; from + atATime < left.length; from += atATime) {
    allSteps(send({ path: [], from, entries: left.slice(from, from + atATime), names: undefined }, 0) as Steps<void>)
  }
  return parts.join(structuredClone(left.slice(from)))
}

const anyName = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "hasOwnProperty", "\0", "\ud800", "", "1", "series"),
  fc.nat({ max: 2000 }).map((n) => `name ${n}`)
)
const anyLong = fc.nat({ max: 900 }).chain((length) =>
  fc.constantFrom<unknown>(
    Array.from({ length }, (_, i) => ({ i })),
    Object.fromEntries(Array.from({ length }, (_, i) => [`key ${i}`, [i]])),
    Object.fromEntries([["__proto__", 7], ...Array.from({ length }, (_, i) => [i, `${i}`] as const)])
  )
)
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(null, undefined, 1, new Date(3), new Map([["a", 1]]), new Uint8Array(500)),
    anyLong,
    fc.array(fc.tuple(anyName, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    fc.array(tie("value"), { maxLength: 3 })
  )
})).value

/** A word that users chose, among many. */
const words = Object.fromEntries([...Array.from({ length: 500 }, (_, i) => [`word ${i}`, i]), ["__proto__", 1]])

it("an answer sent in parts arrives intact, for any metrics", () => {
  fc.assert(
    fc.property(
      fc.array(
        anyValue.map((dimensions) => ({ name: "m", dimensions })),
        { maxLength: 3 }
      ),
      fc.integer({ min: 1, max: 3 }),
      (answer, atATime) => deepStrictEqual(arrived(answer, atATime), structuredClone(answer))
    ),
    { numRuns: 60, examples: [[[{ name: "m", dimensions: words }], 1]] }
  )
})

it("an answer part has about the same number of values, however many there are in an entry", () => {
  const sizes = [1, 20, 400].map((length) => {
    const sent: Array<number> = []
    const send: SendPart = ({ entries }, values) => {
      deepStrictEqual(values, valuesIn(entries, Number.POSITIVE_INFINITY) - 1)
      sent.push(values)
      return known(undefined)
    }
    const series = Array.from({ length: 3000 }, () => ({ counts: Array.from({ length }, (_, i) => i) }))
    allSteps(splitAnswer({ series }, ["0"], send) as Steps<unknown>)
    return sent.slice(0, -1).every((values) => values >= PartValues && values < PartValues * 1.05)
  })
  deepStrictEqual(sizes, [true, true, true])
})

it("the value count covers anything that can be sent, and stops at its limit", () => {
  const few: Array<unknown> = [1, "a", null, undefined, 1n, new Date(3)]
  deepStrictEqual(
    few.map((each) => valuesIn(each, 100)),
    [1, 1, 1, 1, 1, 1]
  )
  deepStrictEqual(valuesIn({ a: [1, 2], b: { c: "d" } }, 100), 6)
  deepStrictEqual(valuesIn(new Map([["a", [1, 2]]]), 100), 4)
  deepStrictEqual(valuesIn(new Float64Array(800), 1000), 101)
  // Each level has the one below twice: there are more ways to the last one than can be gone.
  let deep: unknown = 1
  for (let i = 0; i < 60; i++) deep = { left: deep, right: deep }
  deepStrictEqual(valuesIn(deep, 500) >= 500, true)
})
