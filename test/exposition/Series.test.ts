// A scrape reads the series of an instrument directly: they equal those of its view.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import type { Metric } from "mvx-metrics"
import { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { SeriesCut, shownSeries } from "../../src/internal/fold/kernels/seriesCut.ts"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { MetricData } from "../../src/internal/formats/metricData.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { kinds } from "../support/kit.ts"

const Job = Schema.TaggedUnion({ job: { n: Schema.NullOr(Schema.Number), queue: Schema.String, ok: Schema.Boolean } })
const fieldOf = { number: "n", answer: "ok", value: "n" } as const

const jobs = fc.array(
  fc.record({
    _tag: fc.constant("job" as const),
    n: fc.option(fc.oneof(fc.integer({ min: -5, max: 50 }), fc.double())),
    queue: fc.constantFrom("a", "b", "c", "d"),
    ok: fc.boolean(),
    after: fc.nat({ max: 500 })
  })
)
const common = fc.record({ maxSeries: fc.constantFrom(2, 100), expireAfter: fc.constantFrom(undefined, 300) })

type Point = MetricData["points"][number]

const withoutLives = (data: MetricData): object => ({
  ...data,
  points: data.points.map(({ life: _, ...point }: Point) => point)
})

describe.each(Object.entries(kinds))("%s", (_, { make, measures, option, settings }) => {
  it("exports the same values as its view", () => {
    fc.assert(
      fc.property(settings, common, jobs, ({ ...own }, { expireAfter, maxSeries }, events) => {
        const metric = make("jobs", {
          events: Job,
          labels: ["queue"],
          [option]: fieldOf[measures],
          maxSeries,
          ...(expireAfter !== undefined && { expireAfter }),
          ...own
        })
        const kernel = kernelOf(metric) as Kernel
        expect(kernel).toBeInstanceOf(Kernel)
        let now = 0
        for (const { after, ...event } of events) {
          now += after
          foldEvent(kernel, event, now)
        }
        const state = kernel.state()
        // Exporters are also told what a view does not show: that a sum can go down, and what it is without rounding.
        const exported = allSteps(shownSeries(new SeriesCut(kernel), metric, now))
        for (const each of [...exported.series, exported.overflow]) {
          if (each === undefined) continue
          delete (each as { sumFalls?: true }).sumFalls
          delete (each as { exact?: Metric.ExactSum }).exact
        }
        const shown = metricData(metric, exported)
        expect(shown.map(withoutLives)).toEqual(metricData(metric, metric.view(state as never, now)))
        for (const { attributes, life } of shown.flatMap(({ points }) => points as ReadonlyArray<Point>)) {
          const key = "queue" in attributes ? JSON.stringify([attributes.queue]) : "overflow"
          expect(life).toEqual(state.idle && { number: state.idle.lives[key], since: state.idle.born[key] })
        }
      }),
      { numRuns: 40 }
    )
  })
})
