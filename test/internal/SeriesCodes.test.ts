// A runtime has one dictionary for the strings of all its recorders. The index with which a metric finds its series by
// label codes is bounded by the number of its series, however many strings the runtime has seen.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { CodeIndex, lookUp, partsOf } from "../../src/internal/fold/kernels/codeIndex.ts"
import { CodeTable } from "../../src/internal/fold/kernels/codeTable.ts"
import type { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { FirstLasting, type Rows } from "../../src/internal/stream/rows/format.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { Folding } from "../support/folding.ts"

/**
 * Numbers of an index, and those it may have: for each series 8 codes, 4 pairs, the table a quarter full or more, and 16
 * words of bits.
 */
const sizeOf = ({ codes, overflowing, places }: CodeIndex): number => codes.length + places.length + overflowing.length
const mostOf = (series: number): number => 8 * series + 4 * series * 2 * 8 + 16 * series

/** The look-up of the generated loop. */
const generated = new Function("code", "index", `const ${partsOf("index").join(", ")}; return ${lookUp("code")}`) as (
  code: number,
  index: CodeIndex
) => number

const lookUps = [(code: number, index: CodeIndex) => index.get(code), generated]

describe("the index of the codes of a label", () => {
  it("has exactly what was added to it", () => {
    const anyCode = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 65_603 }))
    fc.assert(
      fc.property(fc.uniqueArray(anyCode, { maxLength: 300 }), fc.array(anyCode), (codes, others) => {
        const index = new CodeIndex()
        for (const [i, code] of codes.entries()) index.set(code, i, i + 1, false)
        const known = new Map(codes.map((code, i) => [code, i]))
        for (const find of lookUps) {
          // Those that turned up before there were as many series may have to be found again.
          for (const [code, i] of known) expect([i, -1]).toContain(find(code, index))
          for (const [code, i] of known) if (find(code, index) < 0) index.set(code, i, codes.length, false)
          for (const code of [...codes, ...others]) expect(find(code, index)).toBe(known.get(code) ?? -1)
        }
        expect(sizeOf(index)).toBeLessThanOrEqual(mostOf(Math.max(1, codes.length)))
      })
    )
  })

  it("is as small for a series with a late code as for one with an early code", () => {
    for (const code of [0, 4, 68, 4711, 60_000, 65_603]) {
      const index = new CodeIndex()
      index.set(code, 0, 1, false)
      for (const find of lookUps) expect(find(code, index)).toBe(0)
      expect(sizeOf(index)).toBeLessThanOrEqual(8 + 2 + 1)
    }
  })

  it("finds as many series as there are codes, whatever the increments of the codes", () => {
    for (const step of [1, 2, 6, 16, 60, 64, 65]) {
      const index = new CodeIndex()
      const codes = Array.from({ length: 1000 }, (_, i) => 68 + i * step)
      for (const [i, code] of codes.entries()) index.set(code, i, i + 1, false)
      // Once more for those whose place has become one of the array meanwhile.
      for (const [i, code] of codes.entries()) if (index.get(code) < 0) index.set(code, i, 1000, false)
      for (const find of lookUps) expect(codes.map((code) => find(code, index))).toEqual([...codes.keys()])
      expect(sizeOf(index)).toBeLessThanOrEqual(mostOf(1000))
    }
  })

  it.each([true, false])("does not grow with codes that share a series (beyond the limit: %s)", (overflows) => {
    const index = new CodeIndex()
    for (let code = 4; code < 65_604; code++) {
      index.set(code, 0, 1, overflows)
      for (const find of lookUps) expect(find(code, index)).toBe(0)
    }
    expect(sizeOf(index)).toBeLessThanOrEqual(mostOf(1))
  })

  it("has all codes beyond the limit of a metric with many series", () => {
    const index = new CodeIndex()
    for (let code = 68; code < 268; code++) index.set(code, code - 68, 200, false)
    for (let code = 268; code < 65_604; code += 3) index.set(code, 200, 201, true)
    for (let code = 0; code < 65_604; code++) {
      const right = code < 68 ? -1 : code < 268 ? code - 68 : (code - 268) % 3 === 0 ? 200 : -1
      for (const find of lookUps)
        if (find(code, index) !== right) expect([code, find(code, index)]).toEqual([code, right])
    }
    expect(sizeOf(index)).toBeLessThanOrEqual(mostOf(201))
  })
})

it("a table of several labels does not grow with combinations that share a series", () => {
  const table = new CodeTable(2)
  const row = new Int32Array(2)
  for (let i = 0; i < 60_000; i++) {
    row.set([i, 60_000 - i])
    table.add(row, i % 3, 3)
    expect(table.find(row)).toBe(i % 3)
  }
  expect(table.places).toBeLessThanOrEqual(4 * 3 * 2 * 2)
  expect(table.find(Int32Array.of(70_000, 1))).toBe(-1)
})

it("a metric counts the same with a late label and with labels beyond its limit", () => {
  const Family = Schema.TaggedUnion({ visit: { user: Schema.String } })
  const visits = (maxSeries: number) =>
    Metric.counter("visits", { events: Family, when: "visit", labels: ["user"], maxSeries })
  const visit = (user: string) => ({ _tag: "visit", user })
  const folding = new Folding()
  const all = folding.recorder([visits(3)])
  for (let i = 0; i < 20_000; i++) all.emit(visit(`user-${i}`), 0)
  const late = folding.recorder([visits(2000)])
  for (let i = 0; i < 10; i++) for (const user of ["user-19999", "new", "user-0"]) late.emit(visit(user), 0)
  expect(all.read()).toMatchObject([{ value: 20_000, overflow: { value: 19_997 } }])
  expect(late.read()).toEqual([
    {
      value: 30,
      series: ["user-19999", "new", "user-0"].map((user) => ({ labels: { user }, value: 10 }))
    }
  ])
})

it("several known labels are found by their codes, without their strings", () => {
  const Family = Schema.TaggedUnion({ visit: { user: Schema.String, page: Schema.String } })
  const metric = Metric.counter("visits", { events: Family, when: "visit", labels: ["user", "page"] })
  const layout = layoutOf("visit", Family.cases.visit.ast)!
  const { finder } = (kernelOf(metric) as Kernel).plan(layout)!
  const [ann, bob] = [FirstLasting, FirstLasting + 1]
  const strings: Array<string> = []
  strings[ann] = "ann"
  strings[bob] = "bob"
  const [user, page] = ["user", "page"].map((name) => layout.fields.find(([each]) => each === name)![1].half)
  const rows = (a: number, b: number, strings: ReadonlyArray<string>): Rows => {
    const f64 = new Float64Array(layout.words)
    const i32 = new Int32Array(f64.buffer)
    i32[user!] = a
    i32[page!] = b
    return { f64, i32, i64: new BigInt64Array(f64.buffer), strings }
  }
  expect([finder.find(rows(ann, bob, strings), 0), finder.find(rows(bob, ann, strings), 0)]).toEqual([0, 1])
  expect([finder.find(rows(bob, ann, []), 0), finder.find(rows(ann, bob, []), 0)]).toEqual([1, 0])
})
