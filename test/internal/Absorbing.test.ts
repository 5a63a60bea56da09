// A kernel that absorbs another one reaches the state that `merge` returns for both, within its limits.
import { deepStrictEqual } from "node:assert/strict"
import { expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { InPlace, Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { anyDefinition, anyEvent, type Definition, definitionOf, Family } from "../support/anyKernels.ts"
import { runs } from "../support/long.ts"

const Now = 5000

const fed = (metric: Definition, events: ReadonlyArray<MetricEvent>, from = 0): InPlace => {
  const kernel = kernelOf(metric)!
  for (const [i, event] of events.entries()) if (event._tag in metric.reduce) kernel.event(event, from + i * 50)
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
