/** What it costs that sums are exact: rows folded by the code that is generated, and by the same with a plain addition. */
import * as Schema from "effect/Schema"
import { Metric } from "mvx-metrics"
import { type RowsFold, rowsFold } from "../../src/internal/fold/kernels/generatedLoop.ts"
import { Kernel, type PlannedKernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kindOf } from "../../src/internal/metric/instruments/kinds.ts"
import type { Points } from "../../src/internal/metric/instruments/points.ts"
import { FirstCode, type Rows } from "../../src/internal/stream/rows/format.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { boundaries } from "../document.metrics.ts"
import { costOf, inTurn, median } from "../measure.ts"
import type { Run } from "../part.ts"
import { spreadTable, title } from "../report.ts"

const Tag = "payment"
const Outcomes = ["SUCCESS", "FAILURE"] as const
const events = Schema.TaggedUnion({ [Tag]: { outcome: Schema.Literals(Outcomes), amount: Schema.Number } })
const layout = layoutOf(Tag, events.cases[Tag].ast)!
const halves = Object.fromEntries(layout.fields.map(([name, field]) => [name, field]))

/** They fit in a page. */
const Count = 4096
const Pages = 64

const rowsOf = (valueAt: (i: number) => number): Rows => {
  const memory = new SharedArrayBuffer(Count * Pages * layout.words * 8)
  const rows: Rows = {
    i32: new Int32Array(memory),
    f64: new Float64Array(memory),
    i64: new BigInt64Array(memory),
    strings: []
  }
  const { amount, outcome } = halves as { readonly [name: string]: { readonly word: number; readonly half: number } }
  for (let i = 0; i < Count * Pages; i++) {
    rows.f64[i * layout.words + amount!.word] = valueAt(i)
    rows.i32[i * layout.words * 2 + outcome!.half] = FirstCode + Number(Math.random() < 0.2)
  }
  return rows
}

/** Values by how many of their additions round. */
const values: { readonly [name: string]: (i: number) => number } = {
  "none rounds": () => Math.floor(Math.random() * 1000),
  "half round": () => (Math.random() < 0.5 ? Math.floor(Math.random() * 1000) : Math.random() * 1000),
  "all round": () => Math.random() * 1000,
  "over twelve decades": () => 10 ** (Math.random() * 12 - 6),
  "up and down": () => Math.random() * 1000 - 500
}

const labels = ["outcome"] as const
const value = "amount"
const metrics: { readonly [name: string]: ReadonlyArray<Metric.Any> } = {
  "a counter": [Metric.upDownCounter("sums.counter", { events, value })],
  "a counter by label": [Metric.upDownCounter("sums.labelled", { events, value, labels })],
  "a histogram": [Metric.histogram("sums.histogram", { events, value, labels, boundaries })],
  "three metrics": [
    Metric.counter("sums.events", { events, labels }),
    Metric.histogram("sums.amounts", { events, value, labels, boundaries }),
    Metric.gauge("sums.last", { events, value })
  ]
}

/** Code of its own for each contender: what the compiler learns from one is not known to another. */
const foldOf = (metrics: ReadonlyArray<Metric.Any>, name: string, isExact: boolean): RowsFold => {
  const planned = metrics.map(({ instrument }) => {
    const { measure, points } = kindOf(instrument!)
    const plan = new Kernel(instrument!, measure, points()).plan(layout)!
    return isExact ? named(plan, name) : withPlainSum(named(plan, name))
  })
  return rowsFold(planned, layout.words)!
}

const named = (plan: PlannedKernel, name: string): PlannedKernel => {
  const { points } = plan.kernel
  const code = points.code!.bind(points)
  Object.assign(points, { code: (high: string) => `/* ${name} */ ${code(high)}` })
  return plan
}

/** As it would be if sums were rounded with each addition. */
const withPlainSum = (plan: PlannedKernel): PlannedKernel => {
  const { points } = plan.kernel
  if (points.sum === undefined) return plan
  const code = (high: string) => `${points.sum![0]} += v; ${points.code!(high)}`
  const plain: Points = Object.assign(Object.create(points), { code, sum: undefined })
  return { ...plan, kernel: { points: plain, rejected: 0 } as Kernel }
}

export const run: Run = async ({ quick }) => {
  const rounds = quick ? { rounds: 9, warmUps: 3, seconds: 20 } : { rounds: 31, warmUps: 5, seconds: 60 }
  const contenders = Object.entries(values).flatMap(([kind, valueAt]) => {
    const rows = rowsOf(valueAt)
    return Object.entries(metrics).flatMap(([metric, definitions]) =>
      [true, false].map((isExact) => {
        const fold = foldOf(definitions, `${kind} ${isExact}`, isExact)
        const work = () => {
          for (let page = 0; page < Pages; page++) fold(rows, page * Count * layout.words, Count, 0)
        }
        return { name: `${metric}, ${kind}`, isExact, work }
      })
    )
  })
  const all = await inTurn(contenders, rounds, ({ work }) => costOf(work) / (Count * Pages))
  const ratios: { [name: string]: ReadonlyArray<number> } = {}
  for (let i = 0; i < all.length; i += 2) {
    const [exact, plain] = [all[i]!.results, all[i + 1]!.results]
    ratios[`${all[i]!.name} (${median(exact).toFixed(2)} ns)`] = exact.map((nanos, round) => nanos / plain[round]!)
  }
  title(`Exact sums against plain ones, ${all[0]!.results.length} rounds: cost of the fold, as a ratio`)
  spreadTable(ratios)
  const most = (isOf: (name: string) => boolean) =>
    Math.max(...Object.entries(ratios).flatMap(([name, each]) => (isOf(name) ? median(each) : [])))
  const isThree = (name: string) => name.startsWith("three metrics")
  const isWide = (name: string) => name.includes("twelve decades")
  return {
    exactSumsOverPlain: most((name) => isThree(name) && !isWide(name)),
    exactSumOverPlain: most((name) => !isThree(name) && !isWide(name)),
    wideSumsOverPlain: most((name) => isThree(name) && isWide(name))
  }
}
