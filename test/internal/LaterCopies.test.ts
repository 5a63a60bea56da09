// A reader of very many series sees them as of one moment while the fold continues: each is copied when it changes or
// is read, and no copy outlives the read.
import { deepStrictEqual } from "node:assert/strict"
import { expect, it } from "@effect/vitest"
import fc from "fast-check"
import { rowsFold } from "../../src/internal/fold/kernels/generatedLoop.ts"
import type { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { SeriesCut } from "../../src/internal/fold/kernels/seriesCut.ts"
import { FirstCode, FirstLasting } from "../../src/internal/stream/rows/format.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { anyEvent, definitionOf, Family } from "../support/anyKernels.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { runs } from "../support/long.ts"

const anyOptions = fc.constantFrom(
  { labels: ["path"] },
  { labels: ["path", "ok"] },
  { labels: ["path"], expireAfter: 1000 }
)
const anyTime = fc.constantFrom(0, 900, 1900, 2100.5, 5000)
const anyNumbers = fc.array(fc.tuple(fc.nat(30), fc.constantFrom(-1, 0.1, 1e300, 2, NaN)), { maxLength: 9 })
const anyStep = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("emit" as const), event: anyEvent, at: anyTime }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("rows" as const), of: anyNumbers }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("look" as const, "release" as const), n: fc.nat(9) }) }
)

const layout = layoutOf("request", Family.cases.request.ast)!
const strings = [...Array<undefined>(FirstLasting), ...Array.from({ length: 31 }, (_, i) => `/row ${i}`)]

/** Rows of the layout with these paths and values. */
const rowsOf = (all: ReadonlyArray<readonly [path: number, seconds: number]>) => {
  const f64 = new Float64Array(all.length * layout.words)
  const i32 = new Int32Array(f64.buffer)
  for (const [i, [path, seconds]] of all.entries()) {
    for (const [name, field] of layout.fields) {
      const half = 2 * i * layout.words + field.half
      if (name === "seconds" && field.kind === "number") f64[i * layout.words + field.word] = seconds
      else if (name === "path") i32[half] = FirstLasting + path
      else if (name === "ok") i32[half] = FirstCode + (path % 2)
    }
  }
  return { f64, i32, i64: new BigInt64Array(f64.buffer), strings }
}

/** A kernel that is fed by rows, where it takes those, and by events. */
class Fed {
  readonly kernel: Kernel
  readonly #fold: ReturnType<typeof rowsFold>
  readonly #tags: object

  constructor(metric: ReturnType<typeof definitionOf>) {
    this.kernel = kernelOf(metric) as Kernel
    this.#tags = metric.reduce
    const plan = this.kernel.plan(layout)
    this.#fold = rowsFold(plan === undefined ? [] : [plan], layout.words)
  }

  emit(event: MetricEvent, at: number): void {
    if (Object.hasOwn(this.#tags, event._tag)) foldEvent(this.kernel, event, at)
  }

  rows(of: ReadonlyArray<readonly [path: number, seconds: number]>): void {
    this.#fold?.(rowsOf(of), 0, of.length, 0)
  }
}

const kinds = ["histogram", "exponentialHistogram", "summary"]

it.each(kinds)("copies that overlap, and are read and released in any order, show the moment of each: %s", (kind) => {
  fc.assert(
    fc.property(anyOptions, fc.array(anyStep, { maxLength: 60, size: "max" }), (options, steps) => {
      const metric = definitionOf(kind, options)
      const [fed, twin] = [new Fed(metric), new Fed(metric)]
      const { kernel } = fed
      const cuts: Array<{ readonly cut: SeriesCut; readonly state: unknown }> = []
      for (const step of steps) {
        if (step.do === "emit") for (const each of [fed, twin]) each.emit(step.event, step.at)
        else if (step.do === "rows") for (const each of [fed, twin]) each.rows(step.of)
        else if (step.do === "cut") {
          const cut = new SeriesCut(kernel)
          cut.detach()
          cuts.push({ cut, state: twin.kernel.state() })
        } else if (cuts.length > 0) {
          const at = step.n % cuts.length
          const { cut, state } = cuts[at]!
          if (step.do === "look") deepStrictEqual(cut.kernel.state(), state)
          else {
            cut.release()
            cuts.splice(at, 1)
          }
        }
      }
      deepStrictEqual(kernel.state(), twin.kernel.state())
      for (const { cut, state } of cuts) {
        const saved = kernelOf(metric) as Kernel
        saved.load(structuredClone(cut.kernel.save()))
        deepStrictEqual([saved.state(), cut.kernel.state()], [state, state])
        cut.release()
      }
      expect(kernel.points.copies).toBe(undefined)
    }),
    { numRuns: runs(100) }
  )
})
