// In-place points of each kind equal the results of its pure functions, for any series and any number of copies.
import { deepStrictEqual } from "node:assert/strict"
import { describe, it } from "@effect/vitest"
import fc from "fast-check"
import { kindOf } from "../../src/internal/metric/instruments/kinds.ts"
import type { Points } from "../../src/internal/metric/instruments/points.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { definitionOf } from "../support/anyKernels.ts"
import { type KitKind, kinds } from "../support/kit.ts"

const anyValue: { readonly [measures in KitKind["measures"]]: fc.Arbitrary<unknown> } = {
  number: fc.constantFrom(0, -0, 1, 0.1, -2, 1e300, -1e300, 5e-324),
  answer: fc.boolean(),
  // More than are few, for one that keeps few in another way.
  value: fc.oneof(
    { weight: 4, arbitrary: fc.nat(40).map((n) => `/${n}`) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, true, 1.5, "", "__proto__") }
  )
}
const anyTime = fc.oneof(fc.integer({ min: -30, max: 3000 }), fc.constantFrom(60_000, -1e9, 1e9, -Number.MAX_VALUE))

const Series = 4
const anyStep = (value: fc.Arbitrary<unknown>) =>
  fc.record({
    do: fc.oneof(
      { weight: 14, arbitrary: fc.constant("add") },
      { weight: 1, arbitrary: fc.constantFrom("begin", "copy", "move", "rewind", "save") }
    ),
    // Most of it comes to one of them.
    index: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: Series - 1 }) }),
    value,
    at: anyTime
  })

describe.each(Object.entries(kinds))("points of kind %s", (name, { measures, settings }) => {
  it("are the same in place as in the reducer, after any steps", () => {
    fc.assert(
      fc.property(
        settings,
        fc.array(anyStep(anyValue[measures]), { maxLength: 60, size: "max" }),
        (settings, steps) => {
          const kind = kindOf(
            definitionOf(name, { ...(name === "counter" && { value: "seconds" }), ...settings }).instrument!
          )
          const { accepts, first, next, rewind } = kind.measure
          let points = kind.points()
          let known: Array<unknown> = new Array(Series).fill(undefined)
          let copies: Array<readonly [copy: Points, known: ReadonlyArray<unknown>]> = []
          let latest = Number.NEGATIVE_INFINITY
          const rewound = (at: number): void => {
            if (rewind !== undefined && at < latest) known = known.map((point) => point && rewind(point, at))
          }
          const expectKnown = (points: Points, known: ReadonlyArray<unknown>): void => {
            for (const [index, point] of known.entries()) {
              if (point !== undefined) deepStrictEqual(points.point(index), point)
            }
          }
          for (let index = 0; index < Series; index++) points.reserve(index)
          for (const { at, do: what, index, value } of steps) {
            if (what === "add" && accepts(value)) {
              rewound(at)
              latest = at
              points.add(index, value as never, at)
              known[index] = known[index] === undefined ? first(value, at) : next(known[index], value, at)
            } else if (what === "rewind") {
              rewound(at)
              latest = Math.min(latest, at)
              points.rewind?.(at)
            } else if (what === "begin") {
              points.reserve(index)
              known[index] = undefined
            } else if (what === "copy") copies.push([points.copy(Series), [...known]])
            else if (what === "move" && known[index] !== undefined) {
              const to = (index + 1) % Series
              points.put(to, points.point(index) as never, undefined)
              known[to] = known[index]
            } else if (what === "save") {
              const saved = structuredClone([points.save(0, 2), points.save(2, Series)]) as Array<never>
              for (const copy of copies) expectKnown(...copy)
              copies = []
              points = kind.points()
              allSteps(points.loading(saved))
            }
            expectKnown(points, known)
          }
          for (const copy of copies) expectKnown(...copy)
        }
      ),
      { numRuns: 100 }
    )
  })
})
