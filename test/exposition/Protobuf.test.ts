// Prometheus' protobuf format: the same data as the text formats, and native histograms.
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { metricData } from "../../src/internal/formats/fromMetric.ts"
import type { MetricData } from "../../src/internal/formats/metricData.ts"
import type { Source } from "../../src/internal/formats/prometheus/families.ts"
import { ProtobufExposition } from "../../src/internal/formats/prometheus/protobuf.ts"
import { Exposition } from "../../src/internal/formats/prometheus/text.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { counterOf, gaugeOf, textOf } from "../support/exposition.ts"
import { entryOf, parseExposition, type Sample } from "../support/expositionParser.ts"
import { type DecodedHistogram, decodeFamilies } from "../support/familyDecoder.ts"
import { kinds } from "../support/kit.ts"

const Event = Schema.TaggedUnion({
  measured: { value: Schema.Number, ok: Schema.Boolean, of: Schema.Unknown, trace: Schema.String }
})

const bytesOf = (data: ReadonlyArray<MetricData>, source?: Source, maxSchema = 3): Uint8Array => {
  const exposition = new ProtobufExposition(maxSchema)
  for (const each of data) exposition.add(each, source)
  return Buffer.concat(allSteps(exposition.finish()))
}

const dataOf = (metric: Metric.Any, values: ReadonlyArray<number>): ReadonlyArray<MetricData> => {
  const events = values.map((value, i) => ({ _tag: "measured", value, ok: i % 3 > 0, of: `${i % 2}`, trace: `t${i}` }))
  return metricData(metric, Metric.snapshot(metric, Metric.fold(metric, events as never)).dimensions)
}

const source: Source = { attributes: { recorder: 'r "1"', namespace: "n" }, createdAt: 1_500_250 }

describe("the protobuf format", () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ noNaN: true, min: 0, max: 9 })
  )
  const metrics = fc.constantFrom(...Object.keys(kinds)).chain((name) =>
    fc.record({
      kind: fc.constant(kinds[name]!),
      settings: kinds[name]!.settings,
      unit: fc.constantFrom(undefined, "s", "ms", "By", "%", "{job}"),
      labels: fc.constantFrom([], ["of"], { recorder: "ok", "ä b": () => '"\n\\' }),
      values: fc.array(value, { maxLength: 20 })
    })
  )

  it("has the families, series and values of the text format", () => {
    fc.assert(
      fc.property(fc.array(metrics, { minLength: 1, maxLength: 4 }), (all) => {
        const [lines, bytes] = [new Exposition("text"), new ProtobufExposition(3)]
        for (const [i, { kind, labels, settings, unit, values }] of all.entries()) {
          const what = { number: "value", answer: "ok", value: "value" }[kind.measures]
          const given = { events: Event, [kind.option]: what, unit, labels, ...settings }
          // Some names are the same, of other recorders.
          for (const data of dataOf(kind.make(`m${i % 3}`, given), values)) {
            for (const each of [lines, bytes]) each.add(data, { ...source, attributes: { recorder: `r "${i}"` } })
          }
        }
        const text = [...parseExposition(Buffer.concat(allSteps(lines.finish())).toString(), "text").values()]
        const families = [...decodeFamilies(Buffer.concat(allSteps(bytes.finish()))).values()]
        expect(families.map(({ help, name, type }) => [name, type, help])).toEqual(
          text.map(({ help, name, type }) => [name, type, help.replaceAll("\\n", "\n")])
        )
        for (const [i, { samples }] of families.entries()) {
          const own = new Map(samples.filter(({ name }) => !name.endsWith("_created")).map(entryOf))
          const told = new Map(text[i]!.samples.map(entryOf))
          // Where values may be below 0, text leaves out the sum, which a message cannot.
          for (const key of own.keys()) if (key.includes("_sum[") && !told.has(key)) own.delete(key)
          expect(own).toEqual(told)
        }
      }),
      { numRuns: 100 }
    )
  })

  it("has the labels of the text format, and keeps any two series distinct", () => {
    const text = fc.string({ unit: fc.constantFrom('"', "\\", "\n", "\0", "\ud800", "é", "😀", "𠀀", "a", "1", "") })
    const attributes = fc.dictionary(
      fc.oneof(text, fc.constantFrom("a.b", "a_b", "recorder", "le", "duplicate", "exported_duplicate")),
      fc.oneof(text, fc.integer({ max: 1 }), fc.constant(null), fc.boolean()),
      { maxKeys: 3 }
    )
    fc.assert(
      fc.property(fc.array(attributes, { minLength: 1, maxLength: 6 }), (all) => {
        const points = all.map((each, i) => ({ attributes: each, value: i }))
        const data = [counterOf(0, { points } as Partial<MetricData>)]
        const told = parseExposition(textOf(data, "text", source), "text")
          .get("g_total")!
          .samples.map(entryOf)
        const samples = decodeFamilies(bytesOf(data, source)).get("g_total")!.samples
        expect(samples.filter(({ name }) => name === "g_total").map(entryOf)).toEqual(told)
      }),
      // A label with the name of that by which they are numbered.
      { examples: [[[{ duplicate: null }, { duplicate: null }, {}]], [[{ duplicate: "2" }, {}, {}]]] }
    )
  })

  it("has the exemplars and creation times of OpenMetrics", () => {
    const exemplar = (value: number, traceId: string, spanId?: string) => ({ at: 1_234_567.5, spanId, traceId, value })
    const data = [
      counterOf(0, {
        points: [
          { attributes: { of: "a" }, value: 3, exemplar: exemplar(2, "t1", "s1") },
          { attributes: { of: "b" }, value: 1, life: { since: 2500, number: 1 } },
          { attributes: { of: "c" }, value: 1, exemplar: exemplar(1, "x".repeat(200)) },
          { attributes: { of: "d" }, value: 1, exemplar: exemplar(1, "x".repeat(110), "s2") }
        ]
      } as Partial<MetricData>),
      gaugeOf(0, {
        name: "h",
        unit: "ms",
        type: "histogram",
        points: [
          {
            attributes: {},
            count: 4,
            sum: 505.5,
            sumFalls: false,
            min: 0.5,
            max: 500,
            boundaries: [1, 10],
            counts: [1, 2, 1],
            exemplars: [exemplar(0.5, "t1"), undefined, exemplar(500, "t2")]
          }
        ]
      } as Partial<MetricData>)
    ]
    const told = [...parseExposition(textOf(data, "openmetrics", source), "openmetrics").values()]
    const families = [...decodeFamilies(bytesOf(data, source)).values()]
    const keyed = (samples: ReadonlyArray<Sample>) =>
      new Map(samples.map((each) => [entryOf(each)[0].replace('.0"]', '"]'), [each.value, each.exemplar]]))
    expect(families.map(({ samples }) => keyed(samples))).toEqual(told.map(({ samples }) => keyed(samples)))
    expect(families[1]!.samples.filter(({ exemplar }) => exemplar !== undefined).length).toBe(2)
    expect(families[0]!.samples.find(({ name }) => name === "g_created")!.value).toBe(1500.25)
  })

  it("has families of any size, including empty ones", () => {
    const points = Array.from({ length: 400 }, (_, i) => ({ attributes: { i, text: "x".repeat(i) }, value: i }))
    const families = decodeFamilies(
      bytesOf([counterOf(0, { points } as Partial<MetricData>), gaugeOf(1, { name: "h" })])
    )
    expect(families.get("g_total")!.samples.map(({ value }) => value)).toEqual([...points.keys()])
    expect(families.get("h")!.samples.map(({ value }) => value)).toEqual([1])
    expect(bytesOf([]).length).toBe(0)
  })

  it("has NaN for a sum that may decrease, and omits metrics that collide", () => {
    const classic = Metric.histogram("h", { events: Event, value: "value", boundaries: [1] })
    const families = decodeFamilies(
      bytesOf([...dataOf(classic, [-1, 2]), counterOf(1), gaugeOf(2), gaugeOf(3, { name: "h.sum" })])
    )
    expect(families.get("h")!.samples.find(({ name }) => name === "h_sum")!.value).toBeNaN()
    expect([...families.keys()]).toEqual(["h", "g_total"])
  })
})

describe("a native histogram", () => {
  const nativeOf = (
    values: ReadonlyArray<number>,
    settings: object = {},
    maxSchema = 8
  ): DecodedHistogram | undefined => {
    const metric = Metric.exponentialHistogram("h", { events: Event, value: "value", ...settings })
    return [...decodeFamilies(bytesOf(dataOf(metric, values), undefined, maxSchema)).values()][0]!.native[0]
  }
  const boundOf = (index: number, schema: number): number => 2 ** (index * 2 ** -schema)
  const total = (buckets: DecodedHistogram["positive"]): number => buckets.reduce((sum, [, count]) => sum + count, 0)

  it("has every value in its bucket", () => {
    const positive = fc.double({ noNaN: true, min: 1e-9, max: 1e9 })
    const values = fc.array(
      fc.oneof(
        positive,
        positive.map((each) => -each),
        fc.constantFrom(0, 1, -1, 2, 4)
      ),
      {
        minLength: 1,
        maxLength: 40
      }
    )
    fc.assert(
      fc.property(
        values,
        fc.constantFrom({}, { maxSize: 40 }, { maxScale: 0 }),
        fc.integer({ min: -4, max: 8 }),
        (all, settings, most) => {
          const { negative: below, positive: above, ...rest } = nativeOf(all, settings, most)!
          const { count, schema, sum, zeroCount, zeroThreshold } = rest
          expect(schema).toBeLessThanOrEqual(most)
          expect([count, zeroCount, zeroThreshold]).toEqual([all.length, all.filter((each) => each === 0).length, 0])
          expect(sum).toBeCloseTo(
            all.reduce((of, each) => of + each, 0),
            3
          )
          for (const [buckets, sign] of [
            [above, 1],
            [below, -1]
          ] as const) {
            for (const [index, own] of buckets) {
              // A hair's breadth: the bounds here are rounded.
              const [lower, upper] = [boundOf(index - 1, schema) * (1 - 1e-12), boundOf(index, schema) * (1 + 1e-12)]
              const inside = all.filter((each) => each * sign > lower && each * sign <= upper).length
              expect(inside).toBeGreaterThanOrEqual(own)
            }
          }
          expect(total(above) + total(below) + zeroCount).toBe(all.length)
        }
      ),
      { numRuns: 100 }
    )
  })

  it("has the schema of the scale, up to the requested maximum", () => {
    expect(nativeOf([1.5])!.schema).toBe(8)
    expect(nativeOf([1.5], {}, 3)!.schema).toBe(3)
    expect(nativeOf([1.5, 3], { maxScale: 2 })!.schema).toBe(2)
    expect(nativeOf([1, 2 ** 60], { maxSize: 20 })!.schema).toBe(-2)
  })

  it("is left out if Prometheus has no buckets as wide", () => {
    expect(nativeOf([1e-300, 1e300], { maxSize: 2 })).toBeUndefined()
  })

  it("has an empty span before the first value", () => {
    const { count, positive, schema, spans } = nativeOf([])!
    expect({ count, positive, schema, spans }).toEqual({ count: 0, positive: [], schema: 8, spans: 1 })
  })

  it("has a span for each run of buckets, including gaps of up to two", () => {
    const spans = (...values: ReadonlyArray<number>) => nativeOf(values, { maxScale: 0 })!.spans
    expect(spans(2, 4, 8)).toBe(1)
    expect(spans(2, 16)).toBe(1)
    expect(spans(2, 32)).toBe(2)
    expect(spans(2, 32, -1, -2)).toBe(3)
  })

  it.each([
    ["MiBy", 0],
    ["bit", 0],
    ["ms", 0.035],
    ["us", 0.07],
    ["ns", 0.11],
    ["min", 0.1],
    ["h", 0.07],
    ["d", 0.1],
    ["%", 0.11],
    ["kBy", 0.035]
  ])("in %s is within %d octaves of the base unit, and the same at each schema", (unit, most) => {
    const factor = {
      MiBy: 2 ** 20,
      bit: 1 / 8,
      ms: 1e-3,
      us: 1e-6,
      ns: 1e-9,
      min: 60,
      h: 3600,
      d: 86_400,
      "%": 0.01,
      kBy: 1e3
    }[unit]!
    const value = 1.5
    for (const schema of [8, 5, 3, 2]) {
      const [index] = nativeOf([value], { unit }, schema)!.positive[0]!
      const exact = Math.log2(value * factor)
      const off = Math.abs((index - 0.5) * 2 ** -schema - exact)
      expect(off).toBeLessThanOrEqual(most + 2 ** -schema / 2)
    }
  })

  it("never moves a value to another bucket when the scale falls", () => {
    const merged = ({ positive, schema }: DecodedHistogram, to: number): Map<number, number> => {
      const buckets = new Map<number, number>()
      for (const [index, count] of positive) {
        const own = ((index - 1) >> (schema - to)) + 1
        buckets.set(own, (buckets.get(own) ?? 0) + count)
      }
      return buckets
    }
    const values = fc.array(fc.double({ noNaN: true, min: 1e-4, max: 1e6 }), { minLength: 2, maxLength: 60 })
    fc.assert(
      fc.property(values, fc.constantFrom("s", "ms", "us", "min", "MiBy"), (all, unit) => {
        let before: DecodedHistogram | undefined
        for (let i = 1; i <= all.length; i++) {
          const now = nativeOf(all.slice(0, i), { unit, maxSize: 40 })!
          if (before !== undefined) {
            expect(now.schema).toBeLessThanOrEqual(before.schema)
            const counts = new Map(now.positive)
            for (const [index, count] of merged(before, now.schema)) {
              expect(counts.get(index) ?? 0).toBeGreaterThanOrEqual(count)
            }
          }
          before = now
        }
      }),
      { numRuns: 30 }
    )
  })
})
