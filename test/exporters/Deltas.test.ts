// Delivered deltas add up to the total, whatever is added, removed, reset or lost in transit.
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import type { Dated } from "../../src/internal/formats/datedData.ts"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { ExponentialDataPoint, HistogramDataPoint, NumberPoint } from "../../src/internal/formats/metricData.ts"
import type { Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import { done, Jobs, Spread, Times } from "../support/exported.metrics.ts"
import { type Exported, streams } from "../support/streams.ts"

const metrics: ReadonlyArray<Metric.Any> = [Jobs, Times, Spread]

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ _tag: fc.constant("job"), seconds: fc.integer({ min: -9, max: 900 }) }) },
    { weight: 4, arbitrary: fc.record({ _tag: fc.constant("export"), arrives: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ _tag: fc.constant("reset") }) }
  )
)
type Step = { readonly _tag: string; readonly seconds?: number; readonly arrives?: boolean }

interface Total {
  count: number
  sum: number
  buckets: number
}

const noTotal = (): Total => ({ count: 0, sum: 0, buckets: 0 })

/** Adds what a metric tells of jobs, in whatever way it does. */
const addTo = (total: Total, { points, type }: Streamed): void => {
  for (const { point } of points as ReadonlyArray<{ readonly point: unknown }>) {
    if (type === "sum") {
      total.count += (point as NumberPoint).value
      continue
    }
    const { count, sum } = point as HistogramDataPoint
    const counts = type === "histogram" ? (point as HistogramDataPoint).counts : countsOf(point as ExponentialDataPoint)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(0)
    total.count += count
    total.sum += sum
    total.buckets += counts.reduce((all, each) => all + each, 0)
  }
}

const countsOf = ({ negative, positive, zeroCount }: ExponentialDataPoint): ReadonlyArray<number> => [
  ...positive.counts,
  ...negative.counts,
  zeroCount
]

it("delivered deltas add up to the measured totals", () => {
  fc.assert(
    fc.property(steps, (all: ReadonlyArray<Step>) => {
      let states = metrics.map((metric) => metric.initial)
      let since = 0
      let exported: Exported
      let departed: ReadonlyArray<Dated> = []
      const arrived = new Map<string, Total>()
      const measured = noTotal()

      const dated = (now: number): ReadonlyArray<Dated> =>
        metrics.flatMap((metric, i) =>
          metricData(metric, metric.view(states[i] as never, now)).map((data) => ({ data, since }))
        )

      const send = (now: number, arrives: boolean): void => {
        const [data, seen] = streams([...departed, ...dated(now)], exported, {
          temporality: "delta",
          begun: 0n,
          now: BigInt(now)
        })
        for (const { points } of data) {
          for (const { start } of points) expect(start).toBeLessThanOrEqual(BigInt(now) * 1_000_000n)
        }
        if (!arrives) return
        exported = seen
        departed = []
        for (const each of data) {
          const total = arrived.get(each.name) ?? noTotal()
          addTo(total, each)
          arrived.set(each.name, total)
        }
      }

      for (const [i, { _tag, arrives = false, seconds = 0 }] of all.entries()) {
        const now = i + 1
        if (_tag === "export") send(now, arrives)
        if (_tag === "reset") {
          // A recorder that is removed, and made again.
          departed = [...departed, ...dated(now)]
          states = metrics.map((metric) => metric.initial)
          since = now
        }
        if (_tag === "job") {
          const event = done(seconds, ["a", "b", null][i % 3])
          states = states.map((state, m) => Metric.reduce(metrics[m]!, state, event, now))
          measured.count++
          measured.sum += seconds
          measured.buckets++
        }
      }
      send(all.length + 1, true)
      if (measured.count === 0) return
      expect(arrived.get("jobs")?.count).toBe(measured.count)
      for (const name of ["jobs.time", "jobs.spread"]) {
        const { sum, ...counts } = arrived.get(name)!
        expect(counts).toEqual({ count: measured.count, buckets: measured.count })
        expect(sum).toBe(measured.sum)
      }
    }),
    { numRuns: 300 }
  )
})

describe.each(["cumulative", "delta"] as const)("%s exports while the clock is set back", (temporality) => {
  it("have intervals that do not end before they begin, and lose nothing", () => {
    const hour = 3_600_000
    const Jobs = metrics[0]!
    let exported: Exported
    const arrived: Array<readonly [start: number, value: number]> = []
    let state = Jobs.initial
    const send = (now: number): void => {
      const dated = metricData(Jobs, Jobs.view(state as never, now)).map((data) => ({ data, since: 9 * hour }))
      const nanos = (millis: number): bigint => BigInt(millis) * 1_000_000n
      const [data, seen] = streams(dated, exported, { temporality, begun: nanos(9 * hour), now: nanos(now) })
      exported = seen
      for (const each of data) {
        for (const { point, start } of each.points) {
          arrived.push([Number(start / 1_000_000n), (point as NumberPoint).value])
        }
      }
    }
    for (const now of [9 * hour, 9 * hour + 10, hour, hour + 10, 10 * hour]) {
      state = Metric.reduce(Jobs, state as never, done(1, "a"), now)
      send(now)
    }
    expect(arrived).toEqual(
      temporality === "cumulative"
        ? [
            [9 * hour, 1],
            [9 * hour, 2],
            [hour, 3],
            [hour, 4],
            [hour, 5]
          ]
        : [
            [9 * hour, 1],
            [9 * hour, 1],
            [hour, 1],
            [hour, 1],
            [hour + 10, 1]
          ]
    )
  })
})

it("a series does not begin before its metric, whatever the time of its first event", () => {
  const data = {
    name: "n",
    type: "sum",
    monotonic: true,
    points: [{ attributes: {}, value: 1, life: { number: 0, since: 4 } }]
  }
  const [told] = streams([{ data: data as never, since: 7 }], undefined, {
    temporality: "delta",
    begun: 0n,
    now: 9_000_000n
  })
  expect(told[0]!.points).toMatchObject([{ start: 7_000_000n, end: 9_000_000n }])
})
