// The difference from an earlier state is computed a few series at a time, and equals the result of a single step.
import { deepStrictEqual } from "node:assert"
import { expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { deltaViewSteps } from "../../src/internal/metric/instruments/deltaView.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { anyDefinition, anyEvent, Family } from "../support/anyKernels.ts"
import { runs } from "../support/long.ts"

it("a delta view shows the same as the definition", () => {
  fc.assert(
    fc.property(
      anyDefinition.filter(({ instrument }) => instrument !== undefined),
      fc.array(anyEvent, { maxLength: 20 }),
      fc.array(fc.tuple(anyEvent, fc.integer({ min: 1000, max: 3000 })), { maxLength: 20 }),
      (metric, first, more) => {
        const earlier = Metric.fold(metric, first as never, 1000) as never
        // Series expire meanwhile, and begin anew.
        const later = more
          .toSorted(([, left], [, right]) => left - right)
          .reduce(
            (state: unknown, [event, at]) => Metric.reduce(metric as Metric.Any, state, event as never, at),
            earlier
          ) as never
        const { instrument, minus, view } = metric
        deepStrictEqual(allSteps(deltaViewSteps(instrument!, later, undefined, 3500)), view(later, 3500))
        const since = minus === undefined ? later : (minus(later, earlier) as never)
        deepStrictEqual(allSteps(deltaViewSteps(instrument!, later, earlier, 3500)), view(since, 3500))
      }
    ),
    { numRuns: runs(60) }
  )
})

it.each([{}, { expireAfter: "1 hour" }])(
  "a delta view visits a few series in each step, with the options %j",
  (options) => {
    const Wide = Metric.counter("wide", { events: Family, when: ["request"], labels: ["path"], ...options } as never)
    const events = Array.from({ length: 1000 }, (_, i) => ({ _tag: "request", path: `/${i}` }))
    const state = Metric.fold(Wide, events as never) as never
    const steps = deltaViewSteps(Wide.instrument!, state, state, 0)
    let count = 0
    while (steps.next().done !== true) count++
    expect(count).toBeGreaterThan(6)
  }
)
