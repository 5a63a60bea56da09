// Both encodings of a request contain the same data.
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import { inRequests, MetricsEncoder, requestSteps } from "../../src/internal/formats/otlp/encode.ts"
import type { Interval, Streamed } from "../../src/internal/formats/otlp/streamed.ts"
import type { Resource } from "../../src/internal/model/otlp.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { encode } from "../support/encodeOtlp.ts"
import { decodeRequest, normalized } from "../support/otlpDecoder.ts"

const scope = { name: "mvx-metrics", version: "1.2.3" }

const decoded = {
  "http/json": (bytes: Uint8Array) => normalized(JSON.parse(new TextDecoder().decode(bytes))),
  "http/protobuf": (bytes: Uint8Array) => normalized(decodeRequest(bytes))
}

const text = fc.oneof(fc.constantFrom("", "a", "__proto__", 'ü "\\\n\u0000😀'), fc.string({ unit: "grapheme" }))
/** JSON has no -0, and no form of its own for numbers that are not finite. */
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
const count = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 32, 2 ** 53 - 1))
const nanos = fc.bigInt({ min: 0n, max: 2n ** 63n })
const attributes = fc.dictionary(text, fc.oneof(text, double, fc.integer(), fc.boolean(), fc.constant(null)), {
  maxKeys: 3,
  noNullPrototype: true
})

const intervals = (point: fc.Arbitrary<object>) =>
  fc.array(fc.record({ start: nanos, end: nanos, hasExtremes: fc.boolean(), point }) as fc.Arbitrary<Interval<never>>, {
    minLength: 1,
    maxLength: 3
  })

const hex = (length: number) => fc.stringMatching(new RegExp(`^[1-9a-fA-F][0-9a-fA-F]{${length - 1}}$`))
const exemplar = fc.record(
  { traceId: hex(32), spanId: hex(16), value: double, at: fc.integer({ min: 0, max: 2 ** 41 }) },
  { requiredKeys: ["traceId", "value", "at"] }
)

const extremes = { min: fc.option(double), max: fc.option(double) }
const totals = { attributes, count, sum: double, sumFalls: fc.boolean() }
const buckets = fc.record({
  offset: fc.integer({ min: -1100, max: 1100 }),
  counts: fc.array(count, { maxLength: 5 })
})

const number = fc.record({ attributes, value: double, exemplar }, { requiredKeys: ["attributes", "value"] })
const pointsOf: { readonly [type in Streamed["type"]]: fc.Arbitrary<object> } = {
  gauge: number,
  sum: number,
  histogram: fc
    .record({ ...totals, ...extremes, boundaries: fc.array(double, { maxLength: 4 }), exemplars: fc.array(exemplar) })
    .map((point) => ({ ...point, counts: [...point.boundaries.map((_, i) => i), 2 ** 40] })),
  exponentialHistogram: fc.record({
    ...totals,
    ...extremes,
    scale: fc.integer({ min: -10, max: 20 }),
    zeroCount: count,
    positive: buckets,
    negative: buckets
  }),
  summary: fc.record({ ...totals, quantiles: fc.array(fc.tuple(double, double), { maxLength: 3 }) })
}

const streamed: fc.Arbitrary<Streamed> = fc.oneof(
  ...Object.entries(pointsOf).map(
    ([type, point]) =>
      fc.record({
        name: text,
        description: fc.option(text, { nil: undefined }),
        unit: fc.option(text, { nil: undefined }),
        type: fc.constant(type),
        monotonic: fc.boolean(),
        isDelta: fc.boolean(),
        points: intervals(point)
      }) as unknown as fc.Arbitrary<Streamed>
  )
)

const resource: fc.Arbitrary<Resource> = fc.record({
  attributes: fc.dictionary(text, fc.oneof(text, double, fc.boolean()), { maxKeys: 3, noNullPrototype: true })
})

const series = (length: number): Streamed => ({
  name: "many",
  description: undefined,
  unit: undefined,
  type: "sum",
  monotonic: true,
  isDelta: false,
  points: Array.from({ length }, (_, i) => ({
    start: 1n,
    end: 2n,
    hasExtremes: true,
    point: { attributes: { i }, value: i }
  }))
})

type Decoded = {
  readonly resourceMetrics: readonly [
    {
      readonly scopeMetrics: readonly [
        {
          readonly scope: object
          readonly metrics?: ReadonlyArray<{ readonly sum: { readonly dataPoints: ReadonlyArray<object> } }>
        }
      ]
    }
  ]
}

it("JSON and protobuf encode the same data", () => {
  fc.assert(
    fc.property(fc.array(streamed, { maxLength: 4 }), resource, (data, of) => {
      const [json, protobuf] = (["http/json", "http/protobuf"] as const).map((protocol) =>
        decoded[protocol](encode(protocol, data, of, scope))
      )
      expect(protobuf).toEqual(json)
    }),
    { numRuns: 200 }
  )
})

describe.each(["http/json", "http/protobuf"] as const)("a request in %s", (protocol) => {
  const pointsIn = (request: Uint8Array): ReadonlyArray<object> => {
    const { resourceMetrics } = decoded[protocol](request) as Decoded
    const [{ metrics = [], scope: shown }] = resourceMetrics[0].scopeMetrics
    expect(shown).toEqual(scope)
    return metrics.flatMap(({ sum }) => sum.dataPoints)
  }

  it.each([0, 1, 127, 128, 129, 1000])("has %i points, in their order", (length) => {
    const points = pointsIn(encode(protocol, [series(length)], { attributes: {} }, scope))
    expect(points.map((point) => (point as { asDouble: number }).asDouble)).toEqual(Array.from({ length }, (_, i) => i))
  })

  it("has at most the requested number of points, and the next ones continue where it ends", () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 4 })
    fc.assert(
      fc.property(lengths, lengths, fc.integer({ min: 1, max: 400 }), (one, other, most) => {
        const data = (name: string, lengths: ReadonlyArray<number>) =>
          lengths.map((length) => ({ ...series(length), name }) as Streamed)
        const all = [one, other].map((lengths, i) => {
          const encoder = new MetricsEncoder(protocol, most)
          for (const metric of data(`metric ${i}`, lengths)) encoder.add(metric)
          return allSteps(encoder.finish())
        })
        const requests = inRequests(all.flat(), most).map((each) => ({
          said: each.reduce((sum, { points }) => sum + points, 0),
          points: pointsIn(allSteps(requestSteps(protocol, each, { attributes: {} }, scope)))
        }))
        for (const { points, said } of requests) {
          expect(points.length).toBeLessThanOrEqual(most)
          expect(points.length).toBeGreaterThan(0)
          expect(said).toBe(points.length)
        }
        const shown = requests.flatMap(({ points }) => points)
        expect(shown).toEqual(
          pointsIn(encode(protocol, [...data("metric 0", one), ...data("metric 1", other)], { attributes: {} }, scope))
        )
      }),
      { numRuns: 50 }
    )
  })

  it("groups data with the same name and shape, and separates other data", () => {
    const one = series(1)
    const data: ReadonlyArray<Streamed> = [one, { ...one, monotonic: false } as Streamed, one, { ...one, points: [] }]
    const { resourceMetrics } = decoded[protocol](encode(protocol, data, { attributes: {} }, scope)) as Decoded
    expect(resourceMetrics[0].scopeMetrics[0].metrics!.map(({ sum }) => sum.dataPoints.length)).toEqual([2, 1])
  })
})

it("numbers without a JSON form are encoded as text, as in the protobuf JSON mapping", () => {
  const gauge = (value: number): Streamed => ({
    ...series(0),
    type: "gauge",
    points: [{ start: 0n, end: 0n, hasExtremes: true, point: { attributes: {}, value } }]
  })
  const shown = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => {
    const json = new TextDecoder().decode(encode("http/json", [gauge(value)], { attributes: {} }, scope))
    return /"asDouble":([^,}]*)/.exec(json)![1]
  })
  expect(shown).toEqual(['"NaN"', '"Infinity"', '"-Infinity"'])
})
