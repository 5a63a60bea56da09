// A scrape or a push never has a creation time after the time of its read, which receivers reject.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import type { MetricData } from "../../src/internal/formats/metricData.ts"
import { makeExposition } from "../../src/internal/formats/prometheus/exposition.ts"
import { unpackRequests } from "../../src/internal/formats/prometheus/sentSeries.ts"
import type { ExpositionRendering } from "../../src/internal/model/format.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { expiring, hit } from "../support/expiring.metrics.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { decodeFamilies } from "../support/familyDecoder.ts"
import { decodeWrite2, unsnap } from "../support/remoteWriteDecoder.ts"

const [now, later] = [2000, 9000]

/** Series that began before the clock was set back, and after that. */
const data: MetricData = {
  name: "c",
  description: undefined,
  unit: undefined,
  type: "sum",
  monotonic: true,
  points: [
    { attributes: { of: "earlier" }, value: 1, life: { since: later, number: 0 } },
    { attributes: { of: "later" }, value: 1, life: { since: 1500, number: 1 } },
    { attributes: { of: "metric" }, value: 1 }
  ]
}

const written = (rendering: ExpositionRendering): ReadonlyArray<Uint8Array> => {
  const exposition = makeExposition(rendering, now)
  exposition.add(data, { attributes: {}, createdAt: later })
  return allSteps(exposition.finish())
}

it("a creation time is at most the time of the read, in every format", () => {
  const expected = [2, 1.5, 2]
  const created = (families: ReadonlyMap<string, { samples: ReadonlyArray<{ name: string; value: number }> }>) =>
    [...families.values()]
      .flatMap(({ samples }) => samples)
      .flatMap(({ name, value }) => (name === "c_created" ? [value] : []))
  const text = Buffer.concat(written({ format: "openmetrics" })).toString()
  expect(created(parseExposition(text, "openmetrics"))).toEqual(expected)
  expect(created(decodeFamilies(Buffer.concat(written({ format: "protobuf", maxSchema: 3 }))))).toEqual(expected)
  const shared = { format: "remote-write", labels: {}, maxSchema: 3, nativeHistograms: false } as const
  const pieces = written({ ...shared, version: "2.0" }) as ReadonlyArray<Uint8Array<ArrayBuffer>>
  const series = unpackRequests(pieces).flatMap(({ request }) => decodeWrite2(unsnap(request)).series!)
  expect(series.map((each) => each.created / 1000)).toEqual(expected)
})

it.effect("series that began before the clock was set back have the time of the scrape", () =>
  Effect.gen(function* () {
    const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
    yield* TestClock.setTime(36_000_000)
    for (const metric of expiring) yield* recorder.register(metric)
    yield* recorder.emit(hit("a"))
    yield* TestClock.setTime(3_600_000)
    const families = parseExposition(yield* Prometheus.render("openmetrics"), "openmetrics")
    const created = [...families.values()]
      .flatMap(({ samples }) => samples)
      .filter(({ name }) => /^hits.*_created$/.test(name))
    expect(created.length).toBeGreaterThan(expiring.length - 1)
    expect(new Set(created.map(({ value }) => value))).toEqual(new Set([3600]))
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "creation" })))
)
