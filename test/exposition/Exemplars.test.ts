// Exemplars: the last traced event of each series and of each bucket, in OpenMetrics and not in the text format.
import { expect, it as plain } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Metric } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { exemplarText } from "../../src/internal/formats/prometheus/exemplar.ts"
import { differences, fingerprint } from "../../src/internal/metric/definition/fingerprint.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { parseExposition } from "../support/expositionParser.ts"
import {
  TracedBriefly,
  TracedCalls,
  TracedEvent,
  TracedSteps,
  TracedTime,
  Untraced
} from "../support/scrape.metrics.ts"

const metrics = new URL("../support/scrape.metrics.ts", import.meta.url)

type Call = readonly [route: string, millis: number, trace: string | null, span?: string]

const call = ([route, millis, trace, span]: Call) =>
  ({ _tag: "traced.call", route, millis, trace, ...(span !== undefined && { span }) }) as const

/** The lines of a recorder that end in an exemplar, without the recorder. */
const exemplars = (recorderId: string, format: "text" | "openmetrics" = "openmetrics") =>
  Effect.map(Prometheus.render(format), (text) => {
    parseExposition(text, format)
    return text
      .split("\n")
      .filter((line) => line.includes(" # {") && line.includes(`recorder="${recorderId}"`))
      .map((line) => line.replace(/recorder="[^"]*",namespace="[^"]*",/, ""))
  })

onBothLayers(
  "exemplars",
  (it) => {
    it.effect("exemplars are the last of each series of a counter", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(TracedCalls)
        yield* TestClock.setTime(1500)
        for (const each of [
          ["/a", 1, "t1"],
          ["/b", 1, "t2", "s2"],
          ["/a", 1, "t3"],
          ["/a", 1, null]
        ] as const) {
          yield* recorder.emit(call(each))
        }
        expect(yield* exemplars(recorder.recorderId)).toEqual([
          'traced_calls_total{route="/a"} 3 # {trace_id="t3"} 1 1.5',
          'traced_calls_total{route="/b"} 1 # {trace_id="t2",span_id="s2"} 1 1.5'
        ])
        expect(yield* exemplars(recorder.recorderId, "text")).toEqual([])
      })
    )

    it.effect("exemplars are the last of each bucket of a histogram, in base units", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(TracedTime)
        yield* TestClock.setTime(2000)
        for (const each of [
          ["/", 5, "t1"],
          ["/", 7, "t2"],
          ["/", 500, "t3"],
          ["/", Number.NaN, "t4"]
        ] as const) {
          yield* recorder.emit(call(each))
        }
        expect(yield* exemplars(recorder.recorderId)).toEqual([
          'traced_time_seconds_bucket{le="0.01"} 2 # {trace_id="t2"} 0.007 2',
          'traced_time_seconds_bucket{le="+Inf"} 3 # {trace_id="t3"} 0.5 2'
        ])
      })
    )

    it.effect("exemplars are dropped with a series that expires", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(TracedBriefly)
        yield* recorder.emit(call(["/a", 1, "t1"]))
        expect((yield* exemplars(recorder.recorderId)).length).toBe(1)
        yield* TestClock.adjust("1 minute")
        yield* recorder.emit(call(["/a", 1, null]))
        expect(yield* exemplars(recorder.recorderId)).toEqual([])
      })
    )

    it.effect("exemplars come from the events that an event is mapped to", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(TracedSteps)
        yield* TestClock.setTime(1000)
        for (const [trace, own] of [
          ["t1", "o1"],
          ["t2", null]
        ] as const) {
          yield* recorder.emit({ _tag: "traced.step", context: { trace: own, span: "s" }, trace })
        }
        expect(yield* exemplars(recorder.recorderId)).toEqual([
          'traced_steps_total{route="/step"} 2 # {trace_id="o1",span_id="s"} 1 1'
        ])
      })
    )

    it.effect("exemplars are cleared when a metric is reset, and do not change what it shows", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        for (const metric of [TracedCalls, TracedTime, Untraced]) yield* recorder.register(metric)
        const events = (
          [
            ["/a", 5, "t1"],
            ["/b", 50, "t2"]
          ] as const
        ).map(call)
        for (const event of events) yield* recorder.emit(event)
        const snapshots = yield* recorder.snapshots
        for (const metric of [TracedCalls, TracedTime, Untraced]) {
          const expected = Metric.snapshot(metric as Metric.Any, Metric.fold(metric as Metric.Any, events))
          expect(snapshots[metric.name]).toEqual(expected)
        }
        expect((yield* exemplars(recorder.recorderId)).length).toBe(4)
        yield* recorder.reset()
        expect(yield* exemplars(recorder.recorderId)).toEqual([])
      })
    )
  },
  [metrics]
)

const exemplar = { traceId: "t".repeat(32), spanId: "s".repeat(16), value: 1, at: 0 }

plain("an exemplar too long for the format loses its span, or is omitted", () => {
  expect(exemplarText(exemplar, 1)).toBe(` # {trace_id="${exemplar.traceId}",span_id="${exemplar.spanId}"} 1 0`)
  const long = "😀".repeat(120)
  expect(exemplarText({ ...exemplar, traceId: long }, 1)).toBe(` # {trace_id="${long}"} 1 0`)
  expect(exemplarText({ ...exemplar, traceId: `${long}x` }, 1)).toBe("")
})

plain("invalid exemplar fields are rejected", () => {
  for (const field of ["", 1, null, {}, { traceId: "" }, { traceId: "a", span: "b" }]) {
    expect(() => Metric.counter("c", { events: TracedEvent, exemplar: field as never })).toThrow(/exemplar/)
  }
})

plain("a field named span is distinct from the span", () => {
  const [span, field, other] = (["span", { traceId: "span" }, "trace"] as const).map((exemplar) =>
    Metric.counter("c", { events: TracedEvent, exemplar })
  )
  expect([span, field, other].map((metric) => metric!.instrument!.settings.exemplar)).toEqual([
    "span",
    { traceId: "span" },
    { traceId: "trace" }
  ])
  expect(differences(fingerprint(span!), fingerprint(field!))).toEqual(["exemplar"])
  expect(differences(fingerprint(span!), fingerprint(other!))).toEqual(["exemplar"])
})
