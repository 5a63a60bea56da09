// The data for deltas is processed on the application thread in short steps.
import { describe, expect, it, vi } from "@effect/vitest"
import { Metric } from "mvx-metrics"
import { PbfReader } from "pbf"
import type { Dated } from "../../src/internal/formats/datedData.ts"
import { metricData, metricDataSteps } from "../../src/internal/formats/fromMetric.ts"
import type { MetricData } from "../../src/internal/formats/metricData.ts"
import { StepPoints } from "../../src/internal/formats/otlp/streams.ts"
import { StepSeries } from "../../src/internal/metric/instruments/view.ts"
import type { Steps } from "../../src/internal/util/steps.ts"
import { JobEvent } from "../support/exported.metrics.ts"
import { streamSteps, streams } from "../support/streams.ts"

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
  it.each([0, 1, 128, 129, 256, 1000])("is encoded a few series per step, with %i series", (count) => {
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

  const options = { temporality: "delta", begun: 0n, now: 2n } as const
  const data = metricData(metric, dimensions(1000))[0]!
  const withPoints = (points: ReadonlyArray<object>) => ({ ...data, points }) as unknown as MetricData
  const dated = (points: ReadonlyArray<object>, life = "1"): Dated => ({
    ...{ data: withPoints(points), since: 1, owner: 1, life },
    bygone: { idle: withPoints([]), expired: withPoints(data.points.slice(0, 1)) }
  })

  it("is converted to deltas a few points per step", () => {
    const touched = new Set<unknown>()
    const points = (data.points as ReadonlyArray<{ readonly attributes: object }>).map((point) => ({
      ...point,
      get attributes() {
        touched.add(point)
        return point.attributes
      }
    }))
    const [, before] = streams([dated(data.points)], undefined, options)
    const [most] = widest(streamSteps([dated(points)], before, options), touched)
    expect(most).toBe(StepPoints)
  })

  it("is compared with the previous export a few points per step, including expired points", () => {
    const [, before] = streams([dated(data.points)], undefined, options)
    const touched = new Set<unknown>()
    const read = vi.spyOn(PbfReader.prototype, "readBytes").mockImplementation(function (this: PbfReader) {
      touched.add(this.pos)
      const length = this.readVarint()
      this.pos += length
      return this.buf.subarray(this.pos - length, this.pos)
    })
    try {
      // In the same order, in another one, and where most of them are gone.
      for (const points of [data.points, data.points.toReversed(), data.points.slice(500, 501)]) {
        const [most] = widest(streamSteps([dated(points)], before, options), touched)
        expect(most).toBeLessThanOrEqual(2 * StepPoints)
      }
      expect(read.mock.calls.length).toBeGreaterThan(2000)
    } finally {
      read.mockRestore()
    }
  })

  it("is kept a few metrics per step if a recorder was not read", () => {
    const lives = Array.from({ length: 1000 }, (_, i) => dated(data.points.slice(0, 1), `${i}`))
    const [, before] = streams(lives, undefined, options)
    const steps = streamSteps([], before, { ...options, unread: new Set([1]) })
    let count = 0
    let result = steps.next()
    for (; result.done !== true; result = steps.next()) count++
    expect(count).toBeGreaterThanOrEqual(2 * Math.floor(1000 / StepPoints))
    expect(result.value[1].length).toBe(before.length)
  })
})
