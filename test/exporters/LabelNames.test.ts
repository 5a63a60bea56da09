// A label never replaces an attribute of the library, in any exporter.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { labelsOf } from "../../src/internal/catalogue/exposedMetrics.ts"
import { seriesSteps } from "../../src/internal/exporters/effectSeries.ts"
import { promValueSteps } from "../../src/internal/exporters/promClientFamilies.ts"
import { Duplicates } from "../../src/internal/formats/duplicates.ts"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { Attributes } from "../../src/internal/formats/metricData.ts"
import { allSteps } from "../../src/internal/util/steps.ts"

const events = Schema.TaggedUnion({ hit: { of: Schema.NullOr(Schema.String), n: Schema.Number } })
const hit = (of: string | null, n = 1) => ({ _tag: "hit", of, n }) as const

const dataOf = (metric: Metric.Any, all: ReadonlyArray<ReturnType<typeof hit>>, attributes: Attributes = {}) =>
  metricData(metric, Metric.snapshot(metric, Metric.fold(metric, all)).dimensions, attributes)

const attributesOf = (metric: Metric.Any, attributes?: Attributes) =>
  dataOf(metric, [hit("x")], attributes).flatMap(({ points }) => points.map((point) => point.attributes))

describe("the texts that a hand-written metric shows", () => {
  const long = "x".repeat(10_000)
  const cut = `${"x".repeat(255)}…`

  it("are truncated, and stay distinct if they become equal", () => {
    const metric = Metric.make("m", {
      events,
      initial: 0,
      reduce: { hit: (count) => count + 1 },
      view: (count) => ({
        series: [`${long}1`, `${long}2`, "short"].map((of) => ({ labels: { of }, value: count })),
        [long]: count
      })
    })
    expect(attributesOf(metric, { recorder: "r" })).toEqual([
      { recorder: "r", of: cut },
      { recorder: "r", of: cut, duplicate: "2" },
      { recorder: "r", of: "short" },
      { recorder: "r", dimension: cut }
    ])
  })
})

describe("a label", () => {
  it.each([
    ["recorder", { recorder: "r", exported_recorder: "x" }],
    ["namespace", { recorder: "r", exported_namespace: "x" }],
    ["re.corder", { recorder: "r", "re.corder": "x" }],
    ["recorder.", { recorder: "r", "exported_recorder.": "x" }],
    ["otel.metric.overflow", { recorder: "r", "exported_otel.metric.overflow": "x" }],
    ["otel_metric_overflow", { recorder: "r", exported_otel_metric_overflow: "x" }],
    ["duplicate", { recorder: "r", exported_duplicate: "x" }],
    ["value", { recorder: "r", value: "x" }],
    ["dimension", { recorder: "r", dimension: "x" }],
    ["toString", { recorder: "r", toString: "x" }],
    ["job", { recorder: "r", job: "x" }]
  ])("%s does not collide with the attributes of a counter", (label, expected) => {
    const metric = Metric.counter("c", { events, labels: { [label]: "of" } })
    expect(attributesOf(metric, { recorder: "r" })).toEqual([expected])
    expect(labelsOf(metric)).toEqual(
      Object.keys(expected)
        .slice(1)
        .map((name) => name.replaceAll(/\W/g, "_").replace(/_$/, ""))
    )
  })

  it("named __proto__ is exported as a label", () => {
    const labels = JSON.parse('{"__proto__": "of"}') as { readonly [label: string]: "of" }
    const [attributes] = attributesOf(Metric.counter("c", { events, labels }), { recorder: "r" })
    expect(Object.entries(attributes!)).toEqual([
      ["recorder", "r"],
      ["__proto__", "x"]
    ])
  })

  it("named value is distinct from the value of a frequency", () => {
    const metric = Metric.frequency("f", { events, value: "n", labels: { value: "of" } })
    expect(attributesOf(metric)).toEqual([{ exported_value: "x", value: "1" }])
    expect(labelsOf(metric)).toEqual(["exported_value", "value"])
  })

  it("takes the first free name, whatever the order of declaration", () => {
    for (const labels of [
      { recorder: "of", exported_recorder: () => "y" },
      { exported_recorder: () => "y", recorder: "of" }
    ] as const) {
      expect(attributesOf(Metric.counter("c", { events, labels }), { recorder: "r" })).toEqual([
        { recorder: "r", exported_exported_recorder: "x", exported_recorder: "y" }
      ])
    }
  })

  it("named dimension is distinct from the dimension of a hand-written metric", () => {
    const metric = Metric.make("m", {
      events,
      initial: { total: 0 },
      reduce: { hit: ({ total }) => ({ total: total + 1 }) },
      view: ({ total }) => ({ series: [{ labels: { dimension: "x", recorder: "y" }, total }] })
    })
    expect(attributesOf(metric, { recorder: "r" })).toEqual([
      { recorder: "r", dimension: "total", exported_dimension: "x", exported_recorder: "y" }
    ])
  })

  it("named unit is distinct from the unit in Effect's registry", () => {
    const metric = Metric.counter("c", { events, unit: "By", labels: { unit: "of" } })
    expect(
      dataOf(metric, [hit("s")])
        .flatMap((data) => allSteps(seriesSteps(data, new Duplicates())))
        .map((series) => series.metric.attributes)
    ).toEqual([{ unit: "By", exported_unit: "s" }])
  })
})

describe("values with the same text", () => {
  const typed = Metric.counter("c", {
    events,
    labels: { of: ({ n, of }) => (n === 0 ? of : n === 1 ? "1" : n === 2 ? 1 : "") }
  })
  const all = [hit(null, 0), hit("", 3), hit("", 3), hit("", 1), hit("", 2), hit("", 2), hit("", 2)]
  const expected = [
    [{ of: "" }, 1],
    [{ of: "", duplicate: "2" }, 2],
    [{ of: "1" }, 1],
    [{ of: "1", duplicate: "2" }, 3]
  ]

  it("are separate series in prom-client", () => {
    expect(
      dataOf(typed, all)
        .flatMap((data) => allSteps(promValueSteps([data], new Duplicates())))
        .map(({ labels, value }) => [labels, value])
    ).toEqual(expected)
  })

  it("are separate series in Effect's registry", () => {
    const series = dataOf(typed, all).flatMap((data) => allSteps(seriesSteps(data, new Duplicates())))
    expect(series.map(({ metric, state }) => [metric.attributes, (state as { count: number }).count])).toEqual(expected)
    expect(new Set(series.map(({ key }) => key)).size).toBe(series.length)
  })

  it("are distinct from paths of a hand-written metric", () => {
    const metric = Metric.make("m", {
      events,
      initial: 0,
      reduce: { hit: (count) => count + 1 },
      view: (count) => ({ a: { b: count }, "a.b": 7, total: 3, series: [{ labels: { of: null }, total: 2 }] })
    })
    expect(dataOf(metric, [hit("x")])).toMatchObject([
      {
        points: [
          { attributes: { dimension: "a.b" }, value: 1 },
          { attributes: { dimension: "a.b", duplicate: "2" }, value: 7 },
          { attributes: { dimension: "total" }, value: 3 },
          { attributes: { dimension: "total", of: null, duplicate: "2" }, value: 2 }
        ]
      }
    ])
  })
})
