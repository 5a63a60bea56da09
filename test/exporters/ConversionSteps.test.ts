// Exporters convert very many series in steps, each with a limited number of points.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { CarriedSeries } from "../../src/internal/exporters/carried.ts"
import { seriesSteps } from "../../src/internal/exporters/effectSeries.ts"
import { baseSteps } from "../../src/internal/exporters/otlp/continuedBases.ts"
import { promValueSteps } from "../../src/internal/exporters/promClientFamilies.ts"
import { sdkMetrics } from "../../src/internal/exporters/sdk/sdkMetrics.ts"
import { Duplicates } from "../../src/internal/formats/duplicates.ts"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import type { Steps } from "../../src/internal/util/steps.ts"
import { streams } from "../support/streams.ts"

const events = Schema.TaggedUnion({ hit: { of: Schema.String, n: Schema.Number } })
const Hits = Metric.histogram("hits", { events, value: "n", labels: ["of"], boundaries: [1, 10], maxSeries: 10_000 })
const count = 1000
const all = Array.from({ length: count }, (_, i) => ({ _tag: "hit", of: `${i}`, n: i % 20 }) as const)
const [data] = metricData(Hits, Metric.snapshot(Hits, Metric.fold(Hits, all)).dimensions, { recorder: "r" })

/** What steps come to, and the most points that one of them looked at. */
const measured = <A>(make: (points: ReadonlyArray<object>) => Steps<A>) => {
  let looked = 0
  let most = 0
  const points = data!.points.map((point) =>
    Object.defineProperty({ ...point }, "attributes", {
      enumerable: true,
      get: () => {
        looked++
        return point.attributes
      }
    })
  )
  const steps = make(points)
  for (;;) {
    const step = steps.next()
    most = Math.max(most, looked)
    looked = 0
    if (step.done) return { value: step.value, most }
  }
}

const dated = (points: ReadonlyArray<object>) => ({ ...data!, points }) as never

describe("a conversion step visits a limited number of points of a histogram", () => {
  it("for prom-client", () => {
    const { most, value } = measured((points) => promValueSteps([dated(points)], new Duplicates()))
    expect(value).toHaveLength(count * 5)
    expect(most).toBeLessThan(800)
  })

  it("for Effect's registry", () => {
    const { most, value } = measured((points) => seriesSteps(dated(points), new Duplicates()))
    expect(new Set(value.map(({ key }) => key)).size).toBe(count)
    expect(most).toBeLessThan(800)
  })

  it("for readers of OpenTelemetry's SDK", () => {
    const streamed = (points: ReadonlyArray<object>): Streamed =>
      ({
        ...data!,
        isDelta: false,
        points: points.map((point) => ({ start: 0n, end: 1n, point, hasExtremes: true }))
      }) as never
    const { most, value } = measured((points) => sdkMetrics([streamed(points)]))
    expect(value.map(({ dataPoints }) => dataPoints.length)).toEqual([count])
    expect(most).toBeLessThan(800)
  })

  it("for the base of metrics with restored state", () => {
    const clock = { currentTimeMillisUnsafe: () => 5 } as never
    const life = (points: ReadonlyArray<object>) => ({ data: dated(points), since: 0, owner: 1, life: "1" })
    const continued = (points: ReadonlyArray<object>) => ({ ...life(points), isContinued: true }) as const
    const { most, value } = measured((points) => baseSteps([continued(points)], clock))
    expect(most).toBeLessThan(800)
    const options = { temporality: "delta", begun: 0n, now: 6_000_000n } as const
    const [[withBase]] = streams([continued(data!.points)], value, options)
    expect(withBase!.points, "all of it is known").toHaveLength(0)
    const [[without]] = streams([life(data!.points)], undefined, options)
    expect(without!.points).toHaveLength(count)
    expect(measured((points) => baseSteps([life(points)], clock)).most, "not continued").toBe(0)
  })

  it("for carrying series over", () => {
    const carried = new CarriedSeries(Number.POSITIVE_INFINITY, true)
    const { most, value } = measured((points) => carried.of([{ data: dated(points), since: 0 }]))
    expect(value.map(({ points }) => points.length)).toEqual([count])
    expect(most).toBeLessThan(800)
  })
})
