// Expired series that are kept for totals: bounded, with nothing lost from the sum.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { RegisteredMetric } from "../../src/internal/fold/registeredMetric.ts"
import type { SeriesState } from "../../src/internal/metric/instruments/series.ts"
import { allSteps } from "../../src/internal/util/steps.ts"

const events = Schema.TaggedUnion({ "page.seen": { page: Schema.String } })
const Pages = Metric.counter("pages", { events, labels: ["page"], maxSeries: 4, expireAfter: "1 second" })

const registered = () =>
  new RegisteredMetric(Pages, 0, 0, 0, {
    quarantined: () => {},
    cut: () => {
      throw new Error("No series are read.")
    }
  })

const seen = (metric: RegisteredMetric, page: string, at: number) =>
  metric.reduce({ _tag: "page.seen", page } as never, at)

/** What is kept by its labels, and the sum of all that was counted. */
const countedBy = (metric: RegisteredMetric) => {
  const { earlier, state } = metric.counted as { readonly [of in "state" | "earlier"]: SeriesState<number> | undefined }
  const parts = [state, earlier].flatMap((part) => part ?? [])
  const inSeries = parts.flatMap(({ series }) => Object.values(series))
  const expired = parts.map(({ idle }) => (idle!.expired as number | null) ?? 0)
  return {
    kept: Object.keys(earlier?.series ?? {}),
    sum: [...inSeries, ...expired].reduce((sum, each) => sum + each, 0)
  }
}

it("the most recently active series are kept, up to the limit, and the sum includes all", () => {
  const metric = registered()
  metric.keepExpired()
  for (let i = 1; i <= 20; i++) {
    seen(metric, `page ${i}`, i * 2000)
    const { kept, sum } = countedBy(metric)
    expect(sum).toBe(i)
    expect(kept.length).toBeLessThanOrEqual(4)
    // The one before has expired.
    if (i > 1) expect(kept).toContain(JSON.stringify([`page ${i - 1}`]))
  }
})

it("what expired before the first read, and what is kept over a reset and a save, is in the sum once", () => {
  const metric = registered()
  seen(metric, "a", 0)
  seen(metric, "b", 2000)
  expect(countedBy(metric)).toEqual({ kept: [], sum: 2 })
  metric.keepExpired()
  seen(metric, "c", 4000)
  expect(countedBy(metric)).toEqual({ kept: ['["b"]'], sum: 3 })
  const next = metric.next(Pages, 4000)
  expect(countedBy(next)).toEqual({ kept: ['["b"]', '["c"]'], sum: 3 })
  seen(next, "d", 4000)
  const restored = registered()
  restored.load(allSteps(next.saving()), undefined)
  seen(restored, "e", 6000)
  expect(countedBy(restored)).toEqual({ kept: ['["b"]', '["c"]', '["d"]'], sum: 5 })
})
