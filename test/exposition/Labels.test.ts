// Labels with any names and values survive a round trip, and all series stay distinct.
import { describe, expect, it } from "@effect/vitest"
import fc from "fast-check"
import type { Attributes, MetricData } from "../../src/internal/formats/metricData.ts"
import { samplesOf, textOf } from "../support/exposition.ts"
import { parseExposition } from "../support/expositionParser.ts"

const counterWith = (...attributes: ReadonlyArray<Attributes>): MetricData => ({
  name: "c",
  description: undefined,
  unit: undefined,
  type: "sum",
  monotonic: true,
  points: attributes.map((each, value) => ({ attributes: each, value }))
})

const nasty = fc.string({
  unit: fc.constantFrom('"', "\\", "\n", "\r", "{", "}", ",", "=", " ", "é", "日", "😀", "a", "#")
})
const text = fc.oneof(nasty, fc.string({ unit: "binary" }))
const anyValue = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null))
const formats = ["text", "openmetrics"] as const

describe.each(formats)("in %s", (format) => {
  it("any text survives a round trip", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          text.filter((each) => !each.includes("\0")),
          { minLength: 1 }
        ),
        (values) => {
          const families = parseExposition(textOf([counterWith(...values.map((value) => ({ value })))], format), format)
          const { samples } = families.get(format === "text" ? "c_total" : "c")!
          expect(samples.map(({ labels }) => labels.value)).toEqual(values)
          expect(samples.map(({ value }) => value)).toEqual([...values.keys()])
        }
      )
    )
  })

  it("series with any names and values stay distinct, and none is lost", () => {
    const attributes = fc.dictionary(fc.oneof(text, fc.constantFrom("a.b", "a_b", "recorder", "le")), anyValue, {
      maxKeys: 3
    })
    const source = { attributes: { recorder: 'r"' }, createdAt: 0 }
    fc.assert(
      fc.property(fc.array(attributes, { minLength: 1 }), (all) => {
        const families = parseExposition(textOf([counterWith(...all)], format, source), format)
        const samples = families
          .get(format === "text" ? "c_total" : "c")!
          .samples.filter(({ name }) => name === "c_total")
        expect(samples.map(({ value }) => value)).toEqual([...all.keys()])
        for (const { labels } of samples) expect(labels.recorder).toBe('r"')
      })
    )
  })
})

it("a label of a metric does not replace a label that Prometheus needs", () => {
  const source = { attributes: { recorder: "r" }, createdAt: undefined }
  expect(samplesOf([counterWith({ recorder: "mine" })], "text", source)).toEqual([
    'c_total{recorder="r",exported_recorder="mine"} 0'
  ])
  const histogram: MetricData = {
    ...counterWith(),
    type: "histogram",
    points: [
      { attributes: { le: "x" }, count: 0, sum: 0, sumFalls: false, min: null, max: null, boundaries: [], counts: [0] }
    ]
  }
  expect(samplesOf([histogram])[0]).toBe('c_bucket{exported_le="x",le="+Inf"} 0')
})

it('1 and "1" are different series', () => {
  expect(samplesOf([counterWith({ a: 1 }, { a: "1" })])).toEqual(['c_total{a="1"} 0', 'c_total{a="1",duplicate="2"} 1'])
})

it("a label named duplicate keeps its name, and the duplicate number gets another name", () => {
  expect(samplesOf([counterWith({ duplicate: "2" }, {}, { duplicate: 2 })])).toEqual([
    'c_total{duplicate="2"} 0',
    "c_total 1",
    'c_total{duplicate="2",exported_duplicate="2"} 2'
  ])
  const source = { attributes: { duplicate: "a" }, createdAt: undefined }
  expect(samplesOf([counterWith({ a: 1 }, { a: "1" })], "text", source)).toEqual([
    'c_total{duplicate="a",a="1"} 0',
    'c_total{duplicate="a",a="1",exported_duplicate="2"} 1'
  ])
})

it("characters that no parser accepts become the replacement character", () => {
  expect(samplesOf([counterWith({ a: "x\0y\ud800" })])).toEqual(['c_total{a="x\ufffdy\ufffd"} 0'])
})
