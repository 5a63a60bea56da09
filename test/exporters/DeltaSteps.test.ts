// What deltas are made of is gone through on the application's thread, and no step of that is long.
import { describe, expect, it } from "@effect/vitest"
import { Metric } from "mvx-metrics"
import type { Dated } from "../../src/internal/exporters/collect.ts"
import { StepPoints, streamSteps } from "../../src/internal/exporters/otlp/temporality.ts"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { MetricData } from "../../src/internal/formats/metricData.ts"
import { metricDataSteps } from "../../src/internal/formats/metricDataSteps.ts"
import { StepSeries } from "../../src/internal/metric/instruments/view.ts"
import { allSteps, type Steps } from "../../src/internal/util/steps.ts"
import { JobEvent } from "../support/exported.metrics.ts"

const labelled = { events: JobEvent, when: "job.done", labels: ["queue"] } as const
const metrics = [
  Metric.counter("many", labelled),
  Metric.histogram("many.times", { ...labelled, value: "seconds", boundaries: [1] }),
  Metric.frequency("many.values", { ...labelled, labels: ["ok"], value: "queue" })
]

const shown = { value: 1, count: 1, sum: 1, min: 1, max: 1, counts: [1, 0], others: 1 }

/** What a metric shows of many series, which tells `touch` when one is looked at. */
const dimensions = (count: number, touch: (i: number) => void = () => {}) => ({
  boundaries: [1],
  series: Array.from({ length: count }, (_, i) => ({
    ...shown,
    get labels() {
      touch(i)
      return { queue: `q${i}` }
    }
  })),
  overflow: shown
})

/** The most that one of these steps touches, and what they come to. */
const widest = <A>(steps: Steps<A>, touched: Set<unknown>): readonly [number, A] => {
  let most = 0
  for (;;) {
    touched.clear()
    const step = steps.next()
    most = Math.max(most, touched.size)
    if (step.done === true) return [most, step.value]
  }
}

describe.each(metrics.map((metric) => [metric.name, metric as Metric.Any] as const))("%s", (_, metric) => {
  it.each([0, 1, 128, 129, 256, 1000])("is told in steps of some series, of %i", (count) => {
    const touched = new Set<number>()
    const steps = metricDataSteps(
      metric,
      dimensions(count, (i) => touched.add(i)),
      { recorder: "one" }
    )
    const [most, data] = widest(steps, touched)
    expect(most).toBe(Math.min(count, StepSeries))
    expect(data).toEqual(metricData(metric, dimensions(count), { recorder: "one" }))
  })

  it("becomes deltas in steps of some points, of those that have expired as well", () => {
    const touched = new Set<unknown>()
    const dated = (watched: boolean): Dated => {
      const data = metricData(metric, dimensions(1000))[0]!
      const points = (data.points as ReadonlyArray<{ readonly attributes: object }>).map((point) => ({
        ...point,
        get attributes() {
          if (watched) touched.add(point)
          return point.attributes
        }
      }))
      const withPoints = (points: ReadonlyArray<object>) => ({ ...data, points }) as unknown as MetricData
      return {
        ...{ data: withPoints(points), since: 1, owner: 1, life: "1" },
        bygone: { idle: withPoints([]), expired: withPoints(data.points.slice(0, 1)) }
      }
    }
    const options = { temporality: "delta", begun: 0n, now: 2n } as const
    const [, before] = allSteps(streamSteps([dated(false)], new Map(), options))
    const watchedBefore = new Map(before)
    watchedBefore[Symbol.iterator] = function* () {
      for (const entry of before) {
        touched.add(entry[0])
        yield entry
      }
      return undefined
    }
    for (const unread of [new Set<number>(), new Set([1])]) {
      const [most] = widest(streamSteps([dated(true)], watchedBefore, { ...options, unread }), touched)
      expect(most).toBeLessThanOrEqual(2 * StepPoints)
      expect(most).toBeGreaterThanOrEqual(StepPoints - 1)
    }
  })
})
