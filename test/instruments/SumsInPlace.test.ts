// In-place folds add values with code generated for the rows, or one by one: both keep everything that additions round
// away.
import { deepStrictEqual } from "node:assert/strict"
import { expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { SumPoints } from "../../src/internal/metric/instruments/counter.ts"
import { type ExactSum, plus } from "../../src/internal/metric/instruments/exactSum.ts"
import { HistogramPoints } from "../../src/internal/metric/instruments/histogram.ts"
import { addCode } from "../../src/internal/metric/instruments/sumRests.ts"
import { definitionOf } from "../support/anyKernels.ts"
import { awkwardValues, sumOf } from "../support/exactSums.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { kinds } from "../support/kit.ts"
import { runs } from "../support/long.ts"

type Summing = SumPoints | HistogramPoints
type Add = (points: Summing, index: number, value: number) => void

const byCode = (points: Summing): Add => {
  const code = addCode(points.sum!, points.least, points.code("0"), "points.add(s, v);")
  const run = new Function("points", "a", "b", "k", "s", "v", code)
  return (points, index, value) => run(points, points.a, points.b, (points as HistogramPoints).constants, index, value)
}

const oneByOne: Add = (points, index, value) => points.add(index, value)

const ways: ReadonlyArray<readonly [what: string, make: () => Summing]> = [
  ["a total", () => new SumPoints(-Number.MAX_VALUE, false)],
  ["a histogram", () => new HistogramPoints([0, 10])]
]

const sumAt = (points: Summing, index: number): ExactSum => {
  const point = points.point(index)
  return typeof point === "object" && "sum" in point ? point.sum : point
}

for (const [what, make] of ways) {
  for (const [how, adding] of [
    ["by code", byCode],
    ["one by one", () => oneByOne]
  ] as const) {
    it(`${what} adds values ${how}`, () => {
      const add = adding(make())
      fc.assert(
        fc.property(awkwardValues(), awkwardValues(), (values, others) => {
          const points = make()
          const parts = [values, others]
          for (const i of parts.keys()) points.reserve(i)
          for (let i = 0; i < Math.max(values.length, others.length); i++) {
            for (const [index, part] of parts.entries()) if (i < part.length) add(points, index, part[i]!)
          }
          for (const [index, part] of parts.entries()) {
            expect(points.rounded(index)).toBe(sumOf(part))
            deepStrictEqual(sumAt(points, index), part.reduce<ExactSum>(plus, 0))
          }
        }),
        { numRuns: runs(1500) }
      )
    })
  }
}

const ofNumbers = Object.keys(kinds).filter((kind) => kinds[kind]!.measures === "number")

it.each(ofNumbers)("%s: values added in place yield the same state as its reducer", (kind) => {
  const metric = definitionOf(kind, {})
  fc.assert(
    fc.property(awkwardValues(), (values) => {
      const kernel = kernelOf(metric)!
      let state = metric.initial
      for (const [at, seconds] of values.entries()) {
        const event = { _tag: "upload", seconds, path: "/", ok: true, parts: [] }
        foldEvent(kernel, event, at)
        state = Metric.reduce(metric, state, event, at)
      }
      deepStrictEqual(kernel.state(), state)
    }),
    { numRuns: runs(200) }
  )
})
