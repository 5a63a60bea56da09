// A kernel that absorbs another one reaches the state that `merge` returns for both, within its limits.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { type InPlace, Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { anyDefinition, anyEvent, type Definition, definitionOf, Family } from "../support/anyKernels.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { runs } from "../support/long.ts"

const Now = 5000

const fed = (metric: Definition, events: ReadonlyArray<MetricEvent>, from = 0): InPlace => {
  const kernel = kernelOf(metric)!
  for (const [i, event] of events.entries()) if (event._tag in metric.reduce) foldEvent(kernel, event, from + i * 50)
  return kernel
}

const someEvents = fc.array(anyEvent, { maxLength: 40, size: "max" })

/** Where nothing is limited: a limit bounds what one fold keeps, and `merge` knows none. */
const isUnlimited = ({ instrument }: Definition): boolean =>
  instrument !== undefined &&
  instrument.maxSeries === 2000 &&
  instrument.expireAfter === undefined &&
  (instrument.kind !== "frequency" || (instrument.settings as { maxValues?: number }).maxValues === 1000)

it("absorbing a kernel yields the merged state, for any definition and any events", () => {
  fc.assert(
    fc.property(anyDefinition.filter(isUnlimited), someEvents, someEvents, (metric, events, others) => {
      const kernel = fed(metric, events)
      const other = fed(metric, others, 17)
      const expected = metric.merge!(kernel.state() as never, other.state() as never, Now)
      const before = other.state()
      allSteps(kernel.absorbing(() => other, Now, true))
      deepStrictEqual(kernel.state(), expected)
      deepStrictEqual(other.state(), before)
    }),
    { numRuns: runs(400) }
  )
})

it("a kernel comes to another one only if absorbing that one makes both equal", () => {
  const found = new Set<boolean>()
  fc.assert(
    fc.property(
      anyDefinition,
      anyDefinition,
      fc.boolean(),
      someEvents,
      fc.boolean(),
      (metric, second, same, events, isFresh) => {
        const other = fed(same ? metric : second, events, 17)
        const kernel = fed(metric, isFresh ? [] : events)
        // A derived metric has a kernel for each of its sources.
        if (!(kernel instanceof Kernel)) return
        const comes = kernel.comesTo(other)
        found.add(comes)
        if (!same) expect(comes).toBe(false)
        if (!same || !comes) return
        allSteps(kernel.absorbing(() => other, Now))
        deepStrictEqual(kernel.state(), other.state())
      }
    ),
    { numRuns: runs(400) }
  )
  expect([...found].sort()).toEqual([false, true])
})

it("absorbing a kernel loses nothing beyond the series limit, nor of expired series", () => {
  fc.assert(
    fc.property(
      fc.array(someEvents, { minLength: 1, maxLength: 5 }),
      fc.constantFrom<object>({ maxSeries: 2 }, { expireAfter: 300 }, { maxSeries: 2, expireAfter: 300 }),
      (parts, options) => {
        const metric = definitionOf("counter", { labels: ["path"], ...options })
        const kernel = fed(metric, [])
        for (const [i, events] of parts.entries()) {
          const other = fed(metric, events, i * 100)
          allSteps(kernel.absorbing(() => other, i * 100 + 2000, false))
        }
        const { idle, series } = kernel.state() as ReturnType<Kernel["state"]>
        const all = [...Object.values(series), idle?.expired ?? 0] as ReadonlyArray<number>
        const events = parts.flat().filter(({ _tag }) => _tag in metric.reduce)
        expect(all.reduce((sum, each) => sum + each, 0)).toBe(events.length)
        expect(Object.keys(series).length).toBeLessThanOrEqual("maxSeries" in options ? 3 : events.length)
      }
    ),
    { numRuns: runs(200) }
  )
})

describe("a series that expires, taken over from another kernel,", () => {
  const metric = definitionOf("counter", { labels: ["path"], maxSeries: 2, expireAfter: 1000 })
  const kernelWith = (...events: ReadonlyArray<readonly [path: string, at: number]>): Kernel => {
    const kernel = kernelOf(metric) as Kernel
    for (const [path, at] of events) foldEvent(kernel, { _tag: "request", path } as MetricEvent, at)
    return kernel
  }
  const absorb = (kernel: Kernel, other: Kernel, at: number) => allSteps(kernel.absorbing(() => other, at))
  const join = (kernel: Kernel, other: Kernel, at: number) =>
    allSteps(kernel.joining(() => other, other.indexes(at, "live"), at))
  const early = () => kernelWith(["/", 100], ["/", 700])
  const late = () => kernelWith(["/", 500], ["/", 900])

  it.each([
    ["absorbed", absorb],
    ["joined", join]
  ])("has the start of the first and the time of the last event of both, if %s", (_, take) => {
    for (const parts of [
      [early(), late()],
      [late(), early()]
    ]) {
      const kernel = kernelWith()
      for (const each of parts) take(kernel, each, 1000)
      const { idle, series } = kernel.state()
      const key = '["/"]'
      expect([series[key], idle!.born[key], idle!.seen[key]]).toEqual([4, 100, 900])
    }
  })

  it.each([
    ["absorbed", absorb],
    ["joined", join]
  ])("has no time after that of the takeover, where the clock of its events was ahead, if %s", (_, take) => {
    const kernel = kernelWith()
    take(kernel, kernelWith(["/", 9000]), 1000)
    const { idle } = kernel.state()
    expect([idle!.born, idle!.seen]).toEqual([{ '["/"]': 1000 }, { '["/"]': 1000 }])
  })

  it("has room where those from before have expired", () => {
    const kernel = kernelWith(["/1", 0], ["/2", 0])
    absorb(kernel, kernelWith(["/3", 1900], ["/4", 1900]), 2000)
    expect(kernel.state()).toMatchObject({ series: { '["/3"]': 1, '["/4"]': 1 }, idle: { expired: 2, expiries: 2 } })
  })

  it("adds the number of expiries before", () => {
    const kernel = kernelWith(["/", 0], ["/", 1000])
    absorb(kernel, kernelWith(["/", 0], ["/", 1000], ["/", 2000]), 2000)
    expect(kernel.state().idle!.expiries).toBe(4)
  })
})

it("absorbing a kernel merges the sources of a derived metric, and includes levels only if requested", () => {
  const Largest = Metric.make("largest", {
    events: Family,
    initial: 0,
    reduce: { request: (largest, { seconds }) => Math.max(largest, seconds) },
    merge: (left, right) => Math.max(left, right)
  })
  const metric = Metric.derive("derived", {
    from: {
      count: Metric.counter("count", { events: Family, when: "request" }),
      open: Metric.upDownCounter("open", { events: Family, when: "request", value: "seconds" }),
      Largest
    },
    view: () => ({})
  }) as unknown as Definition
  const request = (seconds: number) => ({ _tag: "request", seconds })
  const after = (levels: boolean): unknown => {
    const kernel = fed(metric, [request(3), request(4)])
    allSteps(kernel.absorbing(() => fed(metric, [request(5)]), Now, levels))
    return kernel.state()
  }
  const of = (value: number) => ({ series: { "[]": value }, rejected: 0 })
  expect(after(true)).toEqual({ count: of(3), open: of(12), Largest: 5 })
  expect(after(false)).toEqual({ count: of(3), open: of(7), Largest: 5 })
})
