// The answer to a read comes in parts, and is what it would have been as a whole.
import { deepStrictEqual } from "node:assert"
import { it } from "@effect/vitest"
import fc from "fast-check"
import { AnswerParts, splitAnswer } from "../../src/internal/stream/answerParts.ts"
import { allSteps, known, type Steps } from "../../src/internal/util/steps.ts"

/** As it comes to another thread. */
const arrived = (answer: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const parts = new AnswerParts()
  const read = answer.map((each, of) => {
    const steps = splitAnswer(each, of, (part) => {
      parts.add(structuredClone(part))
      return known(undefined)
    })
    return structuredClone(allSteps(steps as Steps<unknown>))
  })
  parts.join(read)
  return read
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

it("whatever metrics show", () => {
  fc.assert(
    fc.property(
      fc.array(
        anyValue.map((dimensions) => ({ name: "m", dimensions })),
        { maxLength: 3 }
      ),
      (answer) => deepStrictEqual(arrived(answer), structuredClone(answer))
    ),
    { numRuns: 60, examples: [[[{ name: "m", dimensions: words }]]] }
  )
})
