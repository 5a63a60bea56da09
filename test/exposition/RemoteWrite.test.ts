// Remote write requests: the series of a scrape with the time of the read, split to sizes that receivers accept.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { MetricData } from "../../src/internal/formats/metricData.ts"
import type { Source } from "../../src/internal/formats/prometheus/families.ts"
import { RemoteWriteExposition, type RemoteWriteSettings } from "../../src/internal/formats/prometheus/remoteWrite.ts"
import { unpackRequests } from "../../src/internal/formats/prometheus/sentSeries.ts"
import { snappy } from "../../src/internal/formats/prometheus/snappy.ts"
import type { RemoteWriteVersion } from "../../src/internal/model/format.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { counterOf, textOf } from "../support/exposition.ts"
import { entryOf, parseExposition } from "../support/expositionParser.ts"
import { kinds } from "../support/kit.ts"
import { decodeWrite, decodeWrite2, unsnap, type Written } from "../support/remoteWriteDecoder.ts"

const Event = Schema.TaggedUnion({ measured: { value: Schema.Number, ok: Schema.Boolean, of: Schema.Unknown } })

const dataOf = (metric: Metric.Any, values: ReadonlyArray<number>): ReadonlyArray<MetricData> => {
  const events = values.map((value, i) => ({ _tag: "measured", value, ok: i % 3 > 0, of: `${i % 2}` }))
  return metricData(metric, Metric.snapshot(metric, Metric.fold(metric, events as never)).dimensions)
}

const now = 1_764_484_000_123

const writtenIn = (
  version: RemoteWriteVersion,
  data: ReadonlyArray<MetricData>,
  settings: Partial<RemoteWriteSettings> = {},
  source?: Source
) => {
  const defaults = { version, labels: {}, nativeHistograms: false, maxSchema: 3, now }
  const exposition = new RemoteWriteExposition({ ...defaults, ...settings })
  for (const each of data) exposition.add(each, source)
  const decode = version === "2.0" ? decodeWrite2 : decodeWrite
  const requests = unpackRequests(allSteps(exposition.finish())).map(({ request }) => decode(unsnap(request)))
  const together = <A>(of: (request: Written) => ReadonlyArray<A>) => requests.flatMap(of)
  return {
    requests,
    samples: together(({ samples }) => samples),
    histograms: together(({ histograms }) => histograms),
    metadata: together(({ metadata }) => metadata),
    series: together(({ series = [] }) => series)
  }
}

const source: Source = { attributes: { recorder: 'r "1"' }, createdAt: 1_500_250 }

describe.each(["1.0", "2.0"] as const)("remote write %s", (version) => {
  const written = (data: ReadonlyArray<MetricData>, settings: Partial<RemoteWriteSettings> = {}, source?: Source) =>
    writtenIn(version, data, settings, source)

  const metrics = fc.constantFrom(...Object.keys(kinds)).chain((name) =>
    fc.record({
      kind: fc.constant(kinds[name]!),
      settings: kinds[name]!.settings,
      unit: fc.constantFrom(undefined, "s", "ms", "%"),
      labels: fc.constantFrom([], ["of"], { recorder: "ok", "ä b": () => '"\n\\' }),
      values: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 20 })
    })
  )

  it("has the series and values of OpenMetrics, with the time of the read", () => {
    fc.assert(
      fc.property(metrics, ({ kind, labels, settings, unit, values }) => {
        const what = { number: "value", answer: "ok", value: "value" }[kind.measures]
        const metric = kind.make("m", { events: Event, [kind.option]: what, unit, labels, ...settings })
        const data = dataOf(metric, values)
        const { metadata, samples, series } = written(data, {}, source)
        const families = [...parseExposition(textOf(data, "openmetrics", source), "openmetrics").values()]
        const own = new Map(samples.map(entryOf))
        for (const { name, samples: told } of families) {
          for (const each of told.filter((sample) => sample.name !== `${name}_created`)) {
            const [key, value] = entryOf(each)
            expect([key, own.get(key)]).toEqual([key, value])
            own.delete(key)
          }
        }
        // OpenMetrics leaves out counts without a sum, and quantiles below 0.
        for (const key of own.keys()) expect(key).toMatch(/_count\[|"quantile"/)
        expect(new Set(samples.map(({ time }) => time))).toEqual(new Set(samples.length === 0 ? [] : [now]))
        const bare = (name: string) => name.replace(/_(total|bucket|sum|count)$/, "")
        const told =
          version === "2.0" ? new Set(series.map(({ name }) => bare(name))) : metadata.map(({ name }) => bare(name))
        expect([...told].sort()).toEqual(families.map(({ name }) => bare(name)).sort())
      }),
      { numRuns: 100 }
    )
  })

  it("adds labels to all series, and no label of a metric replaces them", () => {
    const data = counterOf(1, { points: [{ attributes: { job: "mine", A: 1 }, value: 1 }] } as Partial<MetricData>)
    const { metadata, samples, series } = written([data], { labels: { job: "batch", instance: "a\0" } }, source)
    expect(samples).toMatchObject([
      {
        name: "g_total",
        labels: { job: "batch", instance: "a\ufffd", exported_job: "mine", A: "1", recorder: 'r "1"' }
      }
    ])
    const [first] = version === "2.0" ? series : metadata
    expect(first).toMatchObject({ type: 1, name: "g_total", help: "The metric g." })
  })

  it("omits labels without a value", () => {
    const points = [{ attributes: { m: "", n: null, of: "1" }, value: 1 }]
    const { samples } = written([counterOf(1, { points } as never)], { labels: { empty: "" } })
    expect(samples.map(({ labels }) => labels)).toEqual([{ of: "1" }])
  })

  it("has exponential histograms as native histograms if configured", () => {
    const metric = Metric.exponentialHistogram("h", { events: Event, value: "value", unit: "s", maxScale: 0 })
    const data = dataOf(metric, [0, 1, 2, 2, 16, 300])
    const { histograms, samples } = written(data, { nativeHistograms: true }, source)
    expect(samples).toEqual([])
    expect(histograms).toEqual([
      {
        name: "h_seconds",
        labels: { recorder: 'r "1"' },
        count: 6,
        sum: 321,
        schema: 0,
        zeroCount: 1,
        spans: [
          [0, 5],
          [4, 1]
        ],
        deltas: [1, 1, -2, 0, 1, 0],
        time: now
      }
    ])
    const classic = written(data, {}, source)
    expect(classic.histograms).toEqual([])
    expect(classic.samples.length).toBe(33 + 2 + 2)
  })

  it("is split into requests of 2000 series", () => {
    const points = Array.from({ length: 4500 }, (_, i) => ({ attributes: { i }, value: i }))
    const { requests, samples } = written([counterOf(0, { points } as Partial<MetricData>)])
    expect(requests.map((each) => each.samples.length)).toEqual([2000, 2000, 500])
    expect(samples.map(({ value }) => value)).toEqual([...points.keys()])
    expect(written([]).requests).toEqual([])
  })
})

it("remote write 2.0 has the type, the help, the unit and the start of each series, and each text once", () => {
  const labels = { recorder: () => "the help" }
  const options = { events: Event, labels, description: "the help" } as const
  const data = [
    Metric.counter("counts", { ...options, unit: "By" }),
    Metric.gauge("levels", { ...options, value: "value" }),
    Metric.histogram("times", { ...options, value: "value", unit: "ms", boundaries: [1000] }),
    Metric.summary("sizes", { ...options, value: "value" })
  ].flatMap((metric) => dataOf(metric, [1]))
  const { series } = writtenIn("2.0", data, {}, { attributes: {}, createdAt: 1_500_250.5 })
  const told = new Map(series.map(({ name, ...rest }) => [name, rest]))
  const help = "the help"
  expect(told.get("counts_bytes_total")).toEqual({ type: 1, help, unit: "bytes", created: 1_500_250 })
  expect(told.get("levels")).toEqual({ type: 2, help, unit: "", created: 0 })
  for (const name of ["times_seconds_bucket", "times_seconds_sum", "times_seconds_count"])
    expect(told.get(name)).toEqual({ type: 3, help, unit: "seconds", created: 1_500_250 })
  const ofSizes = expect.stringMatching(/^the help\. Quantiles/)
  expect(told.get("sizes_count")).toEqual({ type: 5, help: ofSizes, unit: "", created: 1_500_250 })
})

it("snappy blocks of literals decode to their input, whatever its size", () => {
  for (const length of [0, 1, 59, 60, 61, 127, 128, 65_535, 65_536, 65_537, 300_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i % 251)
    expect(Buffer.compare(unsnap(snappy(bytes)), bytes)).toBe(0)
  }
})
