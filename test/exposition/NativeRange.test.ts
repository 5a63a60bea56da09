// Native histograms of metrics with a declared range never appear to have restarted while values are within it.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric, MetricsRuntime } from "mvx-metrics/promise"
import { type DecodedHistogram, decodeFamilies } from "../support/familyDecoder.ts"

const events = Schema.TaggedUnion({ done: { value: Schema.Number } })
const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

/** As Prometheus finds out: the earlier buckets at the later schema, of which none may have lost a value. */
const lost = (before: DecodedHistogram, after: DecodedHistogram): ReadonlyArray<number> => {
  const factor = 2 ** (before.schema - after.schema)
  const reduced = new Map<number, number>()
  for (const [index, count] of before.positive) {
    const own = Math.ceil(index / factor)
    reduced.set(own, (reduced.get(own) ?? 0) + count)
  }
  const present = new Map(after.positive)
  return [...reduced].flatMap(([index, count]) => ((present.get(index) ?? 0) < count ? [index] : []))
}

const units = ["h", "d", "%", "min", "ms", "s"] as const
const sizes = [10, 20, 40, 160]

it.each(units.flatMap((unit) => sizes.map((maxSize) => ({ unit, maxSize }))))(
  "in $unit with $maxSize buckets, all scrapes have one schema, and no bucket loses a value",
  async ({ maxSize, unit }) => {
    const powers = 30
    const range = [2 ** -2, 2 ** (powers - 1)] as const
    const Times = Metric.exponentialHistogram("t", { events, value: "value", unit, maxSize, range })
    await using runtime = await MetricsRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
    const recorder = await runtime.createRecorder("one")
    const metrics = await recorder.registerMetric(Times)
    const { handler } = runtime.prometheus({ maxSchema: 8 })
    const scrape = async (): Promise<DecodedHistogram> => {
      const response = await handler(new Request("http://test/metrics", { headers: { accept } }))
      const families = decodeFamilies(new Uint8Array(await response.arrayBuffer()))
      return families.get(unit === "%" ? "t_ratio" : "t_seconds")!.native[0]!
    }
    let before: DecodedHistogram | undefined
    // From the middle outwards, so that the scale falls step by step, on both sides of every bound.
    for (let i = 0; i < powers - 3; i++) {
      const power = powers / 2 + (i % 2 === 0 ? i / 2 : -(i + 1) / 2)
      for (const part of [1.01, 1.3, 1.7]) metrics.emit({ _tag: "done", value: part * 2 ** (power - 2) })
      const after = await scrape()
      expect(after.count).toBe(3 * (i + 1))
      if (before !== undefined) expect([after.schema, lost(before, after)]).toEqual([before.schema, []])
      before = after
    }
    // No coarser than the range takes.
    expect(powers * 2 ** (before!.schema + 1) + 2).toBeGreaterThan(maxSize)
  }
)
