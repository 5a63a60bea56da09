// A value read in process belongs to its reader.
import { deepStrictEqual, notStrictEqual } from "node:assert"
import { it } from "@effect/vitest"
import fc from "fast-check"
import { copyPlain } from "../../src/internal/util/copyPlain.ts"

/** The objects in it. */
const objectsIn = (value: unknown): ReadonlyArray<object> =>
  typeof value === "object" && value !== null
    ? [value, ...(ArrayBuffer.isView(value) ? [] : Object.values(value).flatMap(objectsIn))]
    : []

it("a copy of plain data is equal to it and shares nothing with it, whatever its names", () => {
  const anyName = fc.oneof(fc.constantFrom("__proto__", "constructor", "toString", ""), fc.string())
  const anyData = fc.letrec((tie) => ({
    data: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, undefined, true, 0, -0, Number.NaN, "a", 3n),
      fc.constantFrom(1, 2).map((length) => new Uint8Array(length)),
      fc.array(tie("data"), { maxLength: 4 }),
      fc.array(fc.tuple(anyName, tie("data")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries))
    )
  })).data
  fc.assert(
    fc.property(anyData, (data) => {
      const copy = copyPlain(data)
      deepStrictEqual(copy, data)
      const [those, these] = [objectsIn(data), objectsIn(copy)]
      for (const [i, each] of these.entries()) notStrictEqual(each, those[i])
    }),
    { numRuns: 200 }
  )
})
