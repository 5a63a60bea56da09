// Series whose labels are known from the schema are exported with 0 before their first event.
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import type { Kernel } from "../../src/internal/fold/kernels/kernel.ts"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { SeriesCut, shownSeries } from "../../src/internal/fold/kernels/seriesCut.ts"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { MetricData, NumberPoint } from "../../src/internal/formats/metricData.ts"
import { measuredBy } from "../../src/internal/metric/definition/measured.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { kinds } from "../support/kit.ts"
import { type Exported, streams } from "../support/streams.ts"
import { SaveEvent, Saves, SaveTimes, save } from "../support/zero.metrics.ts"

const lines = (recorderId: string) =>
  Effect.map(Prometheus.render("text"), (text) =>
    text
      .split("\n")
      .filter((line) => line.startsWith("save") && line.includes(`recorder="${recorderId}"`))
      .map((line) => line.replace(/recorder="[^"]*",namespace="[^"]*",/, ""))
  )

const times = (result: string, [low, all]: readonly [number, number], sum: number) => [
  `save_times_bucket{result="${result}",le="1"} ${low}`,
  `save_times_bucket{result="${result}",le="+Inf"} ${all}`,
  `save_times_sum{result="${result}"} ${sum}`,
  `save_times_count{result="${result}"} ${all}`
]

onBothLayers(
  "a scrape",
  (it) => {
    it.effect("a counter has series at 0 from its registration on, and after a reset", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Saves)
        yield* recorder.register(SaveTimes)
        yield* recorder.start
        const zeros = [
          'saves_total{outcome="SUCCESS"} 0',
          'saves_total{outcome="FAILURE"} 0',
          ...times("SUCCESS", [0, 0], 0),
          ...times("FAILURE", [0, 0], 0)
        ]
        expect(new Set(yield* lines(recorder.recorderId))).toEqual(new Set(zeros))
        yield* recorder.emit(save("FAILURE", 2))
        expect(new Set(yield* lines(recorder.recorderId))).toEqual(
          new Set([
            'saves_total{outcome="SUCCESS"} 0',
            'saves_total{outcome="FAILURE"} 1',
            ...times("SUCCESS", [0, 0], 0),
            ...times("FAILURE", [0, 1], 2)
          ])
        )
        // A snapshot shows what events have done.
        expect((yield* recorder.snapshot(Saves)).dimensions.series).toEqual([
          { labels: { outcome: "FAILURE" }, value: 1 }
        ])
        yield* recorder.reset()
        expect(new Set(yield* lines(recorder.recorderId))).toEqual(new Set(zeros))
      })
    )
  },
  [new URL("../support/zero.metrics.ts", import.meta.url)]
)

/** What exporters are shown of events. */
const dataOf = (metric: Metric.Any, events: ReadonlyArray<object> = []): ReadonlyArray<MetricData> => {
  const kernel = kernelOf(metric) as Kernel
  for (const event of events) foldEvent(kernel, event as never, 0)
  return metricData(metric, allSteps(shownSeries(new SeriesCut(kernel), metric, 0)))
}

const labelsOf = (metric: Metric.Any): ReadonlyArray<object> =>
  dataOf(metric).flatMap(({ points }) => points.map(({ attributes }) => attributes))

describe("the series from zero", () => {
  const counter = (options: object) =>
    Metric.counter("c", { events: SaveEvent, when: "save", ...options } as never) as Metric.Any

  it("are all combinations that the schema allows, including an absent field", () => {
    expect(labelsOf(counter({ labels: ["outcome", "cached"] }))).toEqual(
      ["SUCCESS", "FAILURE"].flatMap((outcome) => [false, true, null].map((cached) => ({ outcome, cached })))
    )
    // Each event has its own values.
    expect(labelsOf(counter({ when: ["save", "load"], labels: ["outcome", "cached"] }))).toEqual([
      ...["SUCCESS", "FAILURE"].flatMap((outcome) => [false, true, null].map((cached) => ({ outcome, cached }))),
      { outcome: "MISSING", cached: null }
    ])
  })

  it("support literals, enums and unions of them", () => {
    const Level = { Low: 1, High: 2 } as const
    const Event = Schema.TaggedUnion({
      e: { of: Schema.Union([Schema.Enum(Level), Schema.Literals(["x", 0]), Schema.Boolean, Schema.Null]) }
    })
    const metric = Metric.counter("c", { events: Event, labels: ["of"] })
    expect(labelsOf(metric)).toEqual([1, 2, "x", 0, false, true, null].map((of) => ({ of })))
  })

  it("are omitted if a label may have any value, if series expire, or if there would be many", () => {
    for (const options of [
      { labels: ["outcome", "user"] },
      { labels: { outcome: ({ outcome }: { outcome: string }) => outcome } },
      { labels: ["outcome"], expireAfter: "1 minute" },
      { labels: ["outcome"], maxSeries: 1 },
      { labels: ["outcome"], fromZero: false }
    ]) {
      expect(labelsOf(counter(options))).toEqual([])
    }
    const Numbered = (count: number) =>
      Schema.TaggedUnion({ e: { n: Schema.Literals(Array.from({ length: count }, (_, i) => i)) } })
    const ofMany = (count: number, options: object = {}) =>
      labelsOf(Metric.counter("c", { events: Numbered(count), labels: ["n"], ...options }))
    expect(ofMany(32)).toHaveLength(32)
    expect(ofMany(33)).toHaveLength(0)
    expect(ofMany(33, { fromZero: true })).toHaveLength(33)
  })

  it("are rejected if they are requested but impossible", () => {
    for (const [options, reason] of [
      [{ labels: ["outcome", "user"] }, 'needs labels whose values the schema knows, and "user" may have any'],
      [{ labels: ["outcome"], expireAfter: "1 minute" }, "cannot be combined with expireAfter"],
      [{ labels: ["outcome"], maxSeries: 1 }, "there are more than 1 combinations of label values. Raise maxSeries"]
    ] as const) {
      expect(() => counter({ ...options, fromZero: true })).toThrow(reason)
    }
    expect(() => Metric.gauge("g", { events: SaveEvent, value: "seconds", fromZero: true } as never)).toThrow(
      "fromZero"
    )
  })

  it("are in cumulative exports from the first one on, and in deltas once they count", () => {
    const metric = counter({ labels: ["outcome"] })
    const exported = (temporality: "cumulative" | "delta", before: Exported, now: bigint, events: number) => {
      const [data] = dataOf(
        metric,
        Array.from({ length: events }, () => save("FAILURE"))
      )
      const dated = { data: data!, since: 0, owner: 1, life: "1" }
      const [[streamed], seen] = streams([dated], before, { temporality, begun: 0n, now })
      const told = streamed!.points.map(({ end, point, start }) => [point.attributes.outcome, start, end, point])
      return [
        told.map(([outcome, start, end, point]) => [outcome, start, end, (point as NumberPoint).value]),
        seen
      ] as const
    }
    const [zeros, cumulative] = exported("cumulative", undefined, 10n, 0)
    expect(zeros).toEqual([
      ["SUCCESS", 0n, 10n, 0],
      ["FAILURE", 0n, 10n, 0]
    ])
    expect(exported("cumulative", cumulative, 20n, 2)[0]).toEqual([
      ["FAILURE", 0n, 20n, 2],
      ["SUCCESS", 0n, 20n, 0]
    ])
    const [none, delta] = exported("delta", undefined, 10n, 0)
    expect(none).toEqual([])
    expect(exported("delta", delta, 20n, 2)[0]).toEqual([["FAILURE", 10n, 20n, 2]])
  })

  it("change neither the state nor the hash that decides whether it is restored", () => {
    const plain = counter({ labels: ["outcome"] })
    const asked = counter({ labels: ["outcome"], fromZero: true })
    expect(asked.initial).toEqual({ series: {}, rejected: 0 })
    expect(measuredBy(asked).hash).toBe(measuredBy(plain).hash)
  })
})

const Job = Schema.TaggedUnion({
  job: { n: Schema.Number, ok: Schema.Boolean, kind: Schema.Literals(["a", "b", "c"]) }
})
const fieldOf = { number: "n", answer: "ok", value: "n" } as const
const jobs = fc.array(
  fc.record({
    _tag: fc.constant("job" as const),
    n: fc.integer({ min: 0, max: 50 }),
    ok: fc.boolean(),
    // Nobody checks events against their schema.
    kind: fc.constantFrom("a", "b", "c", "other")
  })
)

const counted = ["average", "counter", "exponentialHistogram", "histogram", "ratio", "summary", "upDownCounter"]

describe.each(Object.entries(kinds))("%s", (name, { make, measures, option, settings }) => {
  it("is exported the same as without series from zero, except for those series", () => {
    const counts = counted.includes(name)
    fc.assert(
      fc.property(settings, jobs, ({ ...own }, events) => {
        const common = { events: Job, labels: ["kind"], [option]: fieldOf[measures], maxSeries: 3, ...own }
        const plain = dataOf(make("jobs", { ...common, ...(counts && { fromZero: false }) }), events)
        const data = dataOf(make("jobs", common), events)
        for (const [i, { points, ...rest }] of data.entries()) {
          const { points: before, ...same } = plain[i]!
          expect(rest).toEqual(same)
          const known = before.map(({ attributes }) => JSON.stringify(attributes))
          const isKnown = ({ attributes }: (typeof points)[number]) => known.includes(JSON.stringify(attributes))
          expect(points.filter(isKnown)).toEqual(before)
          const zeros = points.filter((point) => !isKnown(point))
          for (const { count, value } of zeros as ReadonlyArray<{ readonly count?: number; readonly value?: number }>) {
            expect(count ?? value).toBe(0)
          }
          // The ratio of nothing is not a number, and an event of a label beyond the limit would be counted there.
          const isWhole = before.some(({ attributes }) => "otel.metric.overflow" in attributes)
          const kinds = new Set(points.flatMap(({ attributes: { kind } }) => (kind === undefined ? [] : [kind])))
          if (!counts || isWhole) expect(zeros).toEqual([])
          else if (rest.type !== "gauge") expect(["a", "b", "c"].filter((kind) => !kinds.has(kind))).toEqual([])
        }
      }),
      { numRuns: 20 }
    )
  })
})
