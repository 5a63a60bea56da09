// A label value of any length: its repetition in a scrape is bounded, and totals stay exact.
import { expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { Metric, MetricsLayer, MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { cutText } from "../../src/internal/util/cutText.ts"
import { foldEvent } from "../support/foldEvent.ts"

const Page = Schema.TaggedUnion({ page: { path: Schema.String, trace: Schema.String } })
const options = { events: Page, labels: ["path"] } as const
const ByPath = Metric.counter("pages", { ...options, exemplar: "trace" })
const ByShortPath = Metric.counter("pages.short", { ...options, maxLabelLength: 5 })
const Paths = Metric.frequency("paths", { events: Page, value: "path", maxLabelLength: 5 })
const Throwing = Metric.make("throwing", {
  events: Page,
  initial: 0,
  reduce: {
    page: (_, { path }) => {
      throw new Error(path)
    }
  }
})
const page = (path: string) => ({ _tag: "page", path, trace: path }) as const

it("a text is truncated at its limit, never within a character, and is marked", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.integer({ min: 2, max: 30 }), (text, most) => {
      const cut = cutText(text, most)
      if (text.length <= most) return void expect(cut).toBe(text)
      expect(cut.length).toBeGreaterThanOrEqual(most - 1)
      expect(cut.length).toBeLessThanOrEqual(most)
      expect(cut.endsWith("…")).toBe(true)
      expect(text.startsWith(cut.slice(0, -1))).toBe(true)
      expect(encodeURIComponent(cut), "no half of a character").not.toBe("")
    })
  )
})

it("values that become equal by truncation share a series, in the reducer and in place", () => {
  const events = ["abcdefg", "abcdxyz", "abcd…", "abc", "abc😀d"].map(page)
  const kernel = kernelOf(ByShortPath)!
  for (const event of events) foldEvent(kernel, event, 0)
  for (const state of [kernel.state(), Metric.fold(ByShortPath, events)]) {
    expect(Metric.snapshot(ByShortPath, state as never).dimensions).toEqual({
      value: 5,
      series: [
        { labels: { path: "abcd…" }, value: 3 },
        { labels: { path: "abc" }, value: 1 },
        { labels: { path: "abc…" }, value: 1 }
      ],
      cut: 2
    })
  }
  expect(Metric.snapshot(Paths, Metric.fold(Paths, events)).dimensions).toEqual({
    counts: { "abcd…": 3, abc: 1, "abc…": 1 }
  })
})

it.effect("a very long value leaves a scrape small, wherever it occurs", () =>
  Effect.gen(function* () {
    const recorder = yield* (yield* MetricsRuntime).createRecorder("pages")
    for (const metric of [ByPath, ByShortPath, Paths, Throwing]) yield* recorder.register(metric)
    for (const path of ["a".repeat(30_000), "b".repeat(300), "abcdefg", "abcdefgh"]) yield* recorder.emit(page(path))
    const text = yield* Prometheus.render("openmetrics")
    expect(text.length).toBeLessThan(20_000)
    expect(text).toContain(`path="${"a".repeat(255)}…"`)
    const { pages, "pages.short": short, throwing } = yield* recorder.snapshots
    expect(pages!.dimensions).toMatchObject({ value: 4, cut: 2 })
    expect(short!.dimensions).toMatchObject({ value: 4, cut: 3 })
    expect(throwing!.quarantine!.error).toHaveLength(1000)
  }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "long", logging: "silent" })))
)

it("maxLabelLength is an integer from 2 to 65 536", () => {
  for (const maxLabelLength of [0, 1, 1.5, 65_537, Infinity, "5", null]) {
    expect(() => Metric.counter("pages", { ...options, maxLabelLength } as never)).toThrow(/maxLabelLength/)
  }
})
