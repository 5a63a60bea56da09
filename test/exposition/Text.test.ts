// The exact text of each kind of metric.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import { counterOf, gaugeOf, samplesOf, textOf } from "../support/exposition.ts"

const JobEvent = Schema.TaggedUnion({ "job.done": { queue: Schema.String, ms: Schema.Number } })
const options = { events: JobEvent, description: "Jobs." } as const

/** What a metric shows once these are done. */
const dataOf = (metric: Metric.Any, ...jobs: ReadonlyArray<readonly [queue: string, ms: number]>) => {
  const events = jobs.map(([queue, ms]) => ({ _tag: "job.done", queue, ms }) as const)
  return metricData(metric, Metric.snapshot(metric, Metric.fold(metric, events)).dimensions)
}

const source = { attributes: { recorder: "a" }, createdAt: 1500 }

describe("an exported counter", () => {
  const data = dataOf(Metric.counter("jobs", { ...options, labels: ["queue"], unit: "{job}" }), ["x", 1], ["y", 2])

  it("has its name with _total in the text format", () => {
    expect(textOf(data, "text", source)).toBe(`\
# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{recorder="a",queue="x"} 1
jobs_total{recorder="a",queue="y"} 1
`)
  })

  it("has its creation time in OpenMetrics", () => {
    expect(textOf(data, "openmetrics", source)).toBe(`\
# TYPE jobs counter
# HELP jobs Jobs.
jobs_total{recorder="a",queue="x"} 1
jobs_created{recorder="a",queue="x"} 1.5
jobs_total{recorder="a",queue="y"} 1
jobs_created{recorder="a",queue="y"} 1.5
# EOF
`)
  })

  it("has one series for everything beyond the limit", () => {
    const capped = Metric.counter("jobs", { ...options, labels: ["queue"], maxSeries: 1 })
    expect(samplesOf(dataOf(capped, ["x", 1], ["y", 1], ["z", 1]))).toEqual([
      'jobs_total{queue="x"} 1',
      'jobs_total{otel_metric_overflow="true"} 2'
    ])
  })
})

describe("an exported histogram", () => {
  const histogram = Metric.histogram("job.time", { ...options, value: "ms", unit: "ms", boundaries: [1, 10, 1000] })
  const data = dataOf(histogram, ["x", 1], ["x", 5], ["x", 5000])

  it("has cumulative buckets in base units", () => {
    expect(textOf(data)).toBe(`\
# HELP job_time_seconds Jobs.
# TYPE job_time_seconds histogram
job_time_seconds_bucket{le="0.001"} 1
job_time_seconds_bucket{le="0.01"} 2
job_time_seconds_bucket{le="1"} 2
job_time_seconds_bucket{le="+Inf"} 3
job_time_seconds_sum 5.006
job_time_seconds_count 3
`)
  })

  it("has its boundaries in the number format of OpenMetrics", () => {
    expect(textOf(data, "openmetrics", { ...source, attributes: {} })).toBe(`\
# TYPE job_time_seconds histogram
# UNIT job_time_seconds seconds
# HELP job_time_seconds Jobs.
job_time_seconds_bucket{le="0.001"} 1
job_time_seconds_bucket{le="0.01"} 2
job_time_seconds_bucket{le="1.0"} 2
job_time_seconds_bucket{le="+Inf"} 3
job_time_seconds_sum 5.006
job_time_seconds_count 3
job_time_seconds_created 1.5
# EOF
`)
  })

  it("has no sum if values may be negative, and no count without a sum in OpenMetrics", () => {
    const signed = Metric.histogram("t", { ...options, value: "ms", boundaries: [-1, 1] })
    const shown = dataOf(signed, ["x", -5], ["x", 5])
    expect(samplesOf(shown, "openmetrics")).toEqual([
      't_bucket{le="-1.0"} 1',
      't_bucket{le="1.0"} 1',
      't_bucket{le="+Inf"} 2'
    ])
    expect(samplesOf(shown).slice(-2)).toEqual(['t_bucket{le="+Inf"} 2', "t_count 2"])
  })
})

describe("other kinds of metrics", () => {
  it("a summary has quantiles", () => {
    const summary = Metric.summary("t", { ...options, value: "ms", quantiles: [0.5, 1] })
    const data = dataOf(summary, ["x", 1])
    const [median, most, ...rest] = samplesOf(data, "openmetrics")
    expect(median).toMatch(/^t\{quantile="0.5"\} (1|0.99|1.00)/)
    expect(most).toMatch(/^t\{quantile="1.0"\}/)
    expect(rest).toEqual(["t_sum 1", "t_count 1"])
  })

  it("an average is a summary without quantiles", () => {
    expect(samplesOf(dataOf(Metric.average("t", { ...options, value: "ms" }), ["x", 1], ["x", 2]))).toEqual([
      "t_sum 3",
      "t_count 2"
    ])
  })

  it("a gauge without a value is omitted", () => {
    const gauge = Metric.gauge("t", { ...options, value: "ms" })
    expect(samplesOf(dataOf(gauge))).toEqual([])
    expect(samplesOf(dataOf(gauge, ["x", -2]))).toEqual(["t -2"])
  })

  it("a ratio also shows its numerator and denominator", () => {
    const slow = Metric.ratio("slow", { ...options, hits: ({ ms }) => ms > 1 })
    expect(samplesOf(dataOf(slow, ["x", 1], ["x", 2]))).toEqual([
      "slow_ratio 0.5",
      "slow_hits_total 1",
      "slow_checked_total 2"
    ])
  })

  it("a hand-written metric is a gauge for each of its numbers", () => {
    const mine = Metric.make("mine", {
      events: JobEvent,
      initial: { a: 1, b: { c: true }, d: "x" },
      reduce: { "job.done": (state) => state }
    })
    expect(samplesOf(dataOf(mine))).toEqual(['mine{dimension="a"} 1', 'mine{dimension="b.c"} 1'])
  })
})

describe("metric families", () => {
  it("group the data of all recorders", () => {
    const b = { ...source, attributes: { recorder: "b" } }
    const text = [source, b].map((each) => textOf([counterOf(1)], "text", each))
    expect(text[0]!.split("\n").length).toBe(4)
    expect(
      textOf([
        counterOf(1, { points: [{ attributes: { recorder: "a" }, value: 1 }] } as never),
        gaugeOf(2, { name: "other" }),
        counterOf(1, { points: [{ attributes: { recorder: "b" }, value: 3 }] } as never)
      ])
    ).toBe(`\
# HELP g_total The metric g.
# TYPE g_total counter
g_total{recorder="a"} 1
g_total{recorder="b"} 3
# HELP other The metric other.
# TYPE other gauge
other 2
`)
  })

  it("are omitted without a series", () => {
    expect(textOf(dataOf(Metric.counter("jobs", { ...options, labels: ["queue"] })))).toBe("")
  })

  it("with a name of another family are left out, and do no harm", () => {
    const taken = gaugeOf(7, { name: "g.total" })
    expect(samplesOf([counterOf(1), taken, gaugeOf(7), gaugeOf(2, { name: "h" })])).toEqual(["g_total 1", "h 2"])
  })
})

it.each([
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
  [1e21, "1e+21"],
  [0.1, "0.1"],
  [-0, "0"]
])("the number %d is written as %s", (value, text) => {
  expect(samplesOf([gaugeOf(value)])).toEqual([`g ${text}`])
})

it("an empty input yields a text without families", () => {
  expect(textOf([])).toBe("")
  expect(textOf([], "openmetrics")).toBe("# EOF\n")
})

it("a description is escaped as each format requires", () => {
  const data = [gaugeOf(1, { description: 'a "b"\nc \\ d' })]
  expect(textOf(data)).toContain('# HELP g a "b"\\nc \\\\ d\n')
  expect(textOf(data, "openmetrics")).toContain('# HELP g a \\"b\\"\\nc \\\\ d\n')
})
