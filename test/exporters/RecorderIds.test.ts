// Recorders stay apart in every exporter, whatever their ids are.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { collect } from "../../src/internal/exporters/collect.ts"
import type { Attributes } from "../../src/internal/formats/metricData.ts"
import { done, Jobs } from "../support/exported.metrics.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { decodeFamilies } from "../support/familyDecoder.ts"
import { renderedOtlp } from "../support/renderedOtlp.ts"

const ids = ["a", "a\ud800", "a\ud801", "a\0", "\udc00a", "a\ufffd", "a\u{1f600}", 'a"\n\\', "__proto__"]
const shown = ["a", "a\ufffdd800", "a\ufffdd801", "a\ufffd0000", "\ufffddc00a", ...ids.slice(5)]

it.effect("recorders whose ids cannot be encoded have distinct, well-formed labels", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    for (const [i, id] of ids.entries()) {
      const recorder = yield* runtime.createRecorder(id)
      yield* recorder.register(Jobs)
      for (let times = 0; times <= i; times++) yield* recorder.emit(done(1))
    }
    const expected = shown.map((id, i) => [id, i + 1])
    for (const format of ["text", "openmetrics"] as const) {
      const families = parseExposition(yield* Prometheus.render(format), format)
      const { samples } = families.get(format === "text" ? "jobs_total" : "jobs")!
      const counts = samples.filter(({ name }) => name === "jobs_total")
      expect(counts.map(({ labels, value }) => [labels.recorder, value])).toEqual(expected)
    }
    const { samples } = decodeFamilies(yield* Prometheus.render("protobuf")).get("jobs_total")!
    const counts = samples.filter(({ name }) => name === "jobs_total")
    expect(counts.map(({ labels, value }) => [labels.recorder, value])).toEqual(expected)
    for (const protocol of ["http/json", "http/protobuf"] as const) {
      const { metrics } = yield* renderedOtlp(runtime, protocol)
      const { dataPoints } = metrics.find(({ name }) => name === "jobs")!.sum as {
        readonly dataPoints: ReadonlyArray<{
          readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: { readonly stringValue: string } }>
          readonly asDouble: number
        }>
      }
      const idOf = ({ attributes }: (typeof dataPoints)[number]) =>
        attributes.find(({ key }) => key === "recorder")!.value.stringValue
      expect(dataPoints.map((each) => [idOf(each), each.asDouble])).toEqual(expected)
    }
    const { all } = yield* collect(runtime)
    const collected = all
      .filter(({ data }) => data.name === "jobs")
      .flatMap(({ data }) => data.points as ReadonlyArray<{ readonly attributes: Attributes }>)
    expect(collected.map(({ attributes }) => attributes.recorder)).toEqual(shown)
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "ids" })))
)
