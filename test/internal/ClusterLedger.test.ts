// The ledger of a cluster's primary against a model: totals are exact, never go backwards, and the retained data of
// ended processes is bounded.
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { Ledger } from "../../src/internal/cluster/ledger.ts"
import { isBuiltInLevel } from "../../src/internal/metric/definition/levels.ts"
import { stateOf } from "../../src/internal/metric/definition/stateShape.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { type ShopEvent as events, Lowest, ShopEvent, Sold, Stock, sale } from "../cluster/fixtures/shop.metrics.ts"

const makeLedger = (metrics: ReadonlyArray<Metric.Any>, maxEnded = 1000) => {
  const problems: Array<string> = []
  const ledger = new Ledger({
    metrics,
    isLevel: isBuiltInLevel,
    maxEnded,
    onProblem: (problem) => void problems.push(problem)
  })
  return { ledger, problems }
}

const states = (metric: Metric.Any, ...all: ReadonlyArray<events>) => ({
  [metric.name]: stateOf(metric, Metric.fold(metric, all))
})

const part = (instance: number, recorderId: string, sold: number) => ({
  instance,
  recorderId,
  states: states(Sold, sale(sold))
})

interface Totals {
  readonly recorders: { readonly [id: string]: number }
  readonly others: number
  readonly sum: number
}

const totals = (ledger: Ledger): Totals => {
  const value = (snapshots: object): number =>
    (snapshots as { readonly [name: string]: { readonly dimensions: { readonly value: number } } })[Sold.name]
      ?.dimensions.value ?? 0
  const entries = Object.entries(allSteps(ledger.totals(0))).map(
    ([id, { snapshots }]) => [id, value(snapshots)] as const
  )
  const others = value(allSteps(ledger.others(0)).snapshots)
  const recorders = Object.fromEntries(entries)
  return { recorders, others, sum: entries.reduce((sum, [, each]) => sum + each, others) }
}

/** A recorder sells, tells what it has sold, is removed with or without a last word; or its process ends. */
const step = fc.record({
  what: fc.constantFrom("sell", "sell", "tell", "end", "end without a word", "end of the process"),
  process: fc.integer({ min: 1, max: 3 }),
  recorder: fc.constantFrom("a", "b", "c", "d"),
  pieces: fc.integer({ min: 1, max: 9 })
})

describe("the ledger of a cluster", () => {
  it("has exactly the reported counts, never decreases, and bounds what is kept by id", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), fc.integer({ min: 1, max: 3 }), (steps, maxEnded) => {
        const { ledger } = makeLedger([Sold], maxEnded)
        const live = new Map<string, { readonly instance: number; sold: number; told: number }>()
        let instances = 0
        let left = 0
        for (const { pieces, process, recorder, what } of steps) {
          const before = totals(ledger).sum
          const key = `${process} ${recorder}`
          const its = live.get(key) ?? { instance: instances++, sold: 0, told: 0 }
          if (what === "sell") live.set(key, { ...its, sold: its.sold + pieces })
          if (what === "tell" && live.has(key)) {
            ledger.take(process, part(its.instance, recorder, its.sold), 0)
            live.set(key, { ...its, told: its.sold })
          }
          if (what.startsWith("end") && what !== "end of the process" && live.has(key)) {
            const last = what === "end" ? states(Sold, sale(its.sold)) : undefined
            ledger.end(process, { instance: its.instance, recorderId: recorder, ...(last && { states: last }) }, 0)
            left += what === "end" ? its.sold : its.told
            live.delete(key)
          }
          if (what === "end of the process") {
            ledger.endProcess(process, 0)
            for (const [each, { told }] of live) {
              if (!each.startsWith(`${process} `)) continue
              left += told
              live.delete(each)
            }
          }
          const now = totals(ledger)
          expect(now.sum).toBe(Array.from(live.values()).reduce((sum, { told }) => sum + told, left))
          expect(now.sum).toBeGreaterThanOrEqual(before)
          const ids = new Set(Array.from(live).flatMap(([each, { told }]) => (told > 0 ? [each.split(" ")[1]] : [])))
          expect(Object.keys(now.recorders).filter((id) => !ids.has(id)).length).toBeLessThanOrEqual(maxEnded)
        }
      }),
      { numRuns: 300 }
    )
  })

  it("keeps its counts if a process reports one recorder under two ids", () => {
    const { ledger } = makeLedger([Sold], 1)
    ledger.take(1, part(0, "a", 1), 0)
    ledger.take(1, part(0, "b", 2), 0)
    ledger.end(1, { instance: 0, recorderId: "c" }, 0)
    ledger.take(1, part(1, "b", 3), 0)
    ledger.endProcess(1, 0)
    expect(totals(ledger)).toEqual({ recorders: { b: 3 }, others: 2, sum: 5 })
    for (const [instance, recorderId] of ["a", "d", "e"].entries()) {
      ledger.take(2, part(instance, recorderId, 1), 0)
      ledger.end(2, { instance, recorderId }, 0)
    }
    expect(totals(ledger), "an id that is told no more is not taken for a running one").toEqual({
      recorders: { e: 1 },
      others: 7,
      sum: 8
    })
  })

  it("merges very many series in steps, all as of the moment of the request", () => {
    const Wide = Metric.counter("wide", {
      events: ShopEvent,
      when: "shop.sale",
      value: "pieces",
      labels: { of: (event) => `${event.pieces}` }
    })
    const { ledger } = makeLedger([Wide])
    const of = (from: number) => states(Wide, ...Array.from({ length: 1000 }, (_, i) => sale(from + i + 1)))
    for (const process of [1, 2])
      ledger.take(process, { instance: process, recorderId: "shop", states: of(500 * process) }, 0)
    const steps = ledger.totals(0)
    let count = 0
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) {
        const { processes, snapshots } = step.value.shop!
        expect([processes, (snapshots.wide!.dimensions as { series: ReadonlyArray<unknown> }).series.length]).toEqual([
          2, 1500
        ])
        break
      }
      // What is told meanwhile is of the next report.
      if (count++ === 3) ledger.take(1, { instance: 3, recorderId: "shop", states: of(9000) }, 0)
    }
    expect(count).toBeGreaterThan(20)
  })

  it("does not grow, however often processes restart", () => {
    const { ledger } = makeLedger([Sold], 10)
    for (let process = 1; process <= 500; process++) {
      ledger.take(process, part(process, "shop", 1), 0)
      ledger.take(process, part(process + 1000, `connection-${process}`, 1), 0)
      ledger.endProcess(process, 0)
    }
    const { others, recorders } = totals(ledger)
    expect(Object.keys(recorders)).toHaveLength(10)
    expect(recorders.shop).toBe(500)
    expect(others).toBe(490 + 1)
  })

  it("keeps the counts of a derived metric, and drops the levels of its process", () => {
    const Turnover = Metric.derive("shop.turnover", {
      from: { sold: Sold, stock: Stock },
      view: ({ sold, stock }) => ({ sold: sold.value, stock: stock.value })
    })
    const OnlyStock = Metric.derive("shop.only_stock", { from: { stock: Stock }, view: ({ stock }) => stock })
    const { ledger } = makeLedger([Turnover, OnlyStock, Lowest])
    const told = (pieces: number) => {
      const all: ReadonlyArray<events> = [sale(pieces), { _tag: "shop.stocked", pieces }]
      return { ...states(Turnover, ...all), ...states(OnlyStock, ...all), ...states(Lowest, ...all) }
    }
    ledger.take(1, { instance: 0, recorderId: "shop", states: told(5) }, 0)
    ledger.take(2, { instance: 0, recorderId: "shop", states: told(20) }, 0)
    const shown = () => {
      const { snapshots } = allSteps(ledger.totals(0)).shop!
      return [Turnover, OnlyStock, Lowest].map(({ name }) => snapshots[name]?.dimensions)
    }
    expect(shown()).toMatchObject([{ sold: 25, stock: 25 }, { value: 25 }, { least: 5 }])
    ledger.endProcess(1, 0)
    expect(shown()).toMatchObject([{ sold: 25, stock: 20 }, { value: 20 }, { least: 5 }])
    ledger.endProcess(2, 0)
    expect(shown()).toMatchObject([{ sold: 25, stock: null }, undefined, { least: 5 }])
  })

  it("does not treat a future time as the latest, whatever processes have left", () => {
    const kept = { events: ShopEvent, when: "shop.sale" } as const
    const Last = Metric.gauge("shop.last", { ...kept, value: "pieces" })
    const Rate = Metric.rate("shop.rate", { ...kept, window: 10_000 })
    const Living = Metric.counter("shop.living", { ...kept, labels: { all: () => "all" }, expireAfter: 10_000 })
    const metrics: ReadonlyArray<Metric.Any> = [Last, Rate, Living]
    const [now, ahead] = [100_000, 8 * 3_600_000]
    const told = (pieces: number, at: number) =>
      Object.fromEntries(
        metrics.map((metric) => [metric.name, stateOf(metric, Metric.fold(metric, [sale(pieces)], at))])
      )
    const shownOf = (ledger: Ledger, at: number) => {
      const { snapshots } = allSteps(ledger.totals(at)).shop!
      return metrics.map(({ name }) => snapshots[name]?.dimensions)
    }
    for (const endedAt of [now, ahead]) {
      const ledger = new Ledger({ metrics, isLevel: () => false, maxEnded: 9, onProblem: expect.fail })
      for (const [process, pieces, at] of [
        [1, 1, ahead],
        [2, 2, now - 500]
      ] as const) {
        ledger.take(process, { instance: 0, recorderId: "shop", states: told(pieces, at) }, endedAt)
        ledger.endProcess(process, endedAt)
      }
      const living = { value: 2, series: [{ labels: { all: "all" }, value: 2 }] }
      const last = endedAt === now ? { value: 2, at: now - 500 } : { value: 1, at: ahead }
      const rate = { perSecond: endedAt === now ? 0.1 : 0 }
      expect(shownOf(ledger, now)).toEqual([last, rate, living])
      expect(shownOf(ledger, now + 10_000).slice(1)).toEqual([{ perSecond: 0 }, { value: 2, series: [] }])
      expect(shownOf(ledger, ahead).slice(1)).toEqual([{ perSecond: 0 }, { value: 2, series: [] }])
    }
  })

  it("reports once why states cannot be merged, and shows the other metrics", () => {
    const { ledger, problems } = makeLedger([Sold, Stock])
    for (const process of [1, 2]) {
      const odd = { ...part(0, "shop", 1).states, [Stock.name]: stateOf(Stock, 7) }
      ledger.take(process, { instance: 0, recorderId: "shop", states: odd }, 0)
    }
    for (let read = 0; read < 2; read++) {
      const { snapshots } = allSteps(ledger.totals(0)).shop!
      expect(snapshots[Sold.name]?.dimensions).toMatchObject({ value: 2 })
      expect(snapshots[Stock.name]?.quarantine?.error).toContain(`the states of "${Stock.name}" cannot be merged`)
    }
    ledger.endProcess(1, 0)
    ledger.endProcess(2, 0)
    expect(allSteps(ledger.totals(0)).shop?.snapshots[Sold.name]?.dimensions).toMatchObject({ value: 2 })
    expect(problems).toEqual([expect.stringContaining("All processes must have the same definition")])
  })

  const of = { events: ShopEvent, when: ["shop.sale"], value: "pieces" } as const
  const all: ReadonlyArray<Metric.Any> = [
    Metric.counter("shop.counted", { ...of, labels: ["product"], expireAfter: "1 minute" }),
    Metric.histogram("shop.histogram", { ...of, boundaries: [1] }),
    Metric.exponentialHistogram("shop.exponential", of),
    Metric.window("shop.window", { ...of, window: "1 minute" }),
    Metric.summary("shop.summary", of),
    Metric.distinct("shop.distinct", of),
    Metric.derive("shop.derived", { from: { sold: Sold, stock: Stock }, view: ({ sold }) => sold })
  ]

  it.each(all.map((metric) => [metric.name, metric] as const))(
    "leaves out an invalid state of %s, whatever becomes of its recorder, and includes all others",
    (name, metric) => {
      for (const bad of [
        null,
        1,
        "x",
        {},
        [],
        { series: null },
        { series: { a: null } },
        { series: [1] },
        { sole: {} }
      ]) {
        const { ledger, problems } = makeLedger([metric, Sold], 1)
        const told = (instance: number, recorderId: string) => {
          const { states } = part(instance, recorderId, 1)
          return { instance, recorderId, states: { ...states, [name]: stateOf(metric, bad) } }
        }
        for (const process of [1, 2]) ledger.take(process, told(1, "one"), 100)
        ledger.take(3, told(1, "other"), 100)
        const soldNow = (): number => {
          for (const _ of ledger.parts(0).parts);
          return totals(ledger).sum
        }
        expect(soldNow()).toBe(3)
        // Each time the clock was set back.
        for (const [i, process] of [1, 3, 2].entries()) {
          ledger.endProcess(process, -1 - i)
          expect(soldNow()).toBe(3)
        }
        expect(problems.every((problem) => problem.includes(`"${name}"`))).toBe(true)
      }
    }
  )
})
