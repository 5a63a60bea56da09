// Metrics of one family whose units differ, such as milliseconds and seconds, are each shown as if they were alone.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Metric as EffectMetric, Schema } from "effect"
import { Metric, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { MetricData } from "../../src/internal/formats/metricData.ts"
import { makeExposition } from "../../src/internal/formats/prometheus/exposition.ts"
import { unpackRequests } from "../../src/internal/formats/prometheus/sentSeries.ts"
import type { ExpositionRendering } from "../../src/internal/model/format.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { decodeFamilies } from "../support/familyDecoder.ts"
import { alone } from "../support/ownRegistry.ts"
import { decodeWrite, unsnap } from "../support/remoteWriteDecoder.ts"

const events = Schema.TaggedUnion({ waited: { time: Schema.Number } })
const waited = (time: number) => ({ _tag: "waited", time }) as const

const kinds: { readonly [kind: string]: (unit: string) => Metric.Any } = {
  counter: (unit) => Metric.counter("wait", { events, value: "time", unit }),
  gauge: (unit) => Metric.gauge("wait", { events, value: "time", unit }),
  histogram: (unit) => Metric.histogram("wait", { events, value: "time", unit, boundaries: [1, 2000] }),
  exponentialHistogram: (unit) => Metric.exponentialHistogram("wait", { events, value: "time", unit }),
  summary: (unit) => Metric.summary("wait", { events, value: "time", unit })
}

const given = [
  { unit: "ms", time: 1500 },
  { unit: "s", time: 1.75 },
  { unit: "h", time: 1 }
]

const dataOf = (kind: string, { time, unit }: (typeof given)[number]): ReadonlyArray<MetricData> => {
  const metric = kinds[kind]!(unit)
  const state = Metric.fold(metric, [waited(time)])
  return metricData(metric, Metric.snapshot(metric, state).dimensions, { of: unit })
}

const renderings: { readonly [name: string]: ExpositionRendering } = {
  text: { format: "text" },
  openmetrics: { format: "openmetrics" },
  protobuf: { format: "protobuf", maxSchema: 3 },
  "remote write": { format: "remote-write", version: "1.0", labels: {}, maxSchema: 3, nativeHistograms: false },
  "native remote write": { format: "remote-write", version: "1.0", labels: {}, maxSchema: 3, nativeHistograms: true }
}

/** The series of data as text. */
const seriesOf = (rendering: ExpositionRendering, data: ReadonlyArray<MetricData>): ReadonlyArray<string> => {
  const exposition = makeExposition(rendering, 1000)
  for (const each of data) exposition.add(each)
  const pieces = allSteps(exposition.finish())
  const { format } = rendering
  if (format === "remote-write") {
    const decoded = unpackRequests(pieces as Array<Uint8Array<ArrayBuffer>>).map(({ request }) =>
      decodeWrite(unsnap(request))
    )
    return decoded.flatMap(({ histograms, samples }) => [...histograms, ...samples].map((each) => JSON.stringify(each)))
  }
  const bytes = Buffer.concat(pieces)
  if (format !== "protobuf") {
    const families = parseExposition(bytes.toString(), format as "openmetrics" | "text")
    return [...families.values()].flatMap(({ samples }) => samples.map((each) => JSON.stringify(each)))
  }
  return [...decodeFamilies(bytes).values()].flatMap(({ native, samples }) =>
    [...samples, ...native].map((each) => JSON.stringify(each))
  )
}

describe.each(Object.entries(renderings))("%s", (_, rendering) => {
  it.each(Object.keys(kinds))("shows each unit of a %s as if it were alone", (kind) => {
    const alone = given.flatMap((each) => seriesOf(rendering, dataOf(kind, each)))
    const together = seriesOf(
      rendering,
      given.flatMap((each) => dataOf(kind, each))
    )
    expect(together.toSorted()).toEqual(alone.toSorted())
  })
})

describe("a scrape", () => {
  const runtime = MetricsLayer.layerInProcess({ namespace: "units" })

  it.effect("has a total of removed recorders in its own unit next to a metric in another one", () =>
    Effect.gen(function* () {
      const { createRecorder, stopAndRemoveRecorder } = yield* MetricsRuntime
      const before = yield* createRecorder("before")
      yield* before.register(kinds.counter!("ms"))
      yield* before.emit(waited(1500))
      yield* stopAndRemoveRecorder("before")
      const after = yield* createRecorder("after")
      yield* after.register(kinds.counter!("s"))
      yield* after.emit(waited(7))
      expect(yield* Prometheus.render("text", { selfMetrics: false })).toBe(
        "# HELP wait_seconds_total The metric wait.\n# TYPE wait_seconds_total counter\n" +
          'wait_seconds_total{recorder="after",namespace="units"} 7\n' +
          'wait_seconds_total{recorder="removed",namespace="units"} 1.5\n'
      )
    }).pipe(Effect.provide(runtime))
  )

  it.effect("has Effect's metrics in their own units", () =>
    Effect.gen(function* () {
      const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
      yield* recorder.register(kinds.gauge!("ms"))
      yield* recorder.emit(waited(1500))
      yield* EffectMetric.update(EffectMetric.gauge("wait_seconds", { attributes: { of: "seconds" } }), 3)
      yield* EffectMetric.update(EffectMetric.gauge("wait", { attributes: { of: "hours", unit: "h" } }), 1)
      const shown = yield* Prometheus.render("text", { selfMetrics: false, effectMetrics: true })
      expect(shown.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
        'wait_seconds{recorder="one",namespace="units"} 1.5',
        'wait_seconds{of="seconds"} 3',
        'wait_seconds{of="hours"} 3600',
        ""
      ])
    }).pipe(alone, Effect.provide(runtime))
  )
})
