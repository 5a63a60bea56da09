// Expired series that are kept for totals: bounded, with nothing lost from the sum.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { SeriesCut } from "../../src/internal/fold/kernels/seriesCut.ts"
import { RegisteredMetric } from "../../src/internal/fold/registeredMetric.ts"
import { OverflowKey, type SeriesState } from "../../src/internal/metric/instruments/series.ts"
import { allSteps } from "../../src/internal/util/steps.ts"
import { runs } from "../support/long.ts"

const events = Schema.TaggedUnion({ "page.seen": { page: Schema.String, times: Schema.Number } })
const pagesOf = (maxSeries: number) =>
  Metric.counter("pages", { events, value: "times", labels: ["page"], maxSeries, expireAfter: "1 second" })
const Pages = pagesOf(4)

const registered = (metric = Pages) =>
  new RegisteredMetric(metric, 0, 0, 0, {
    quarantined: () => {},
    cut: (kernel) => new SeriesCut(kernel)
  })

const seen = (metric: RegisteredMetric, page: string, at: number, times = 1) =>
  metric.reduce({ _tag: "page.seen", page, times } as never, at)

type Counted = { readonly [of in "state" | "earlier"]: SeriesState<number> | undefined }

/** What is kept by its labels, and the sum of all that was counted. */
const countedBy = (metric: RegisteredMetric) => {
  const { earlier, state } = metric.counted as Counted
  const parts = [state, earlier].flatMap((part) => part ?? [])
  const inSeries = parts.flatMap(({ series }) => Object.values(series))
  const expired = parts.map(({ idle }) => (idle!.expired as number | null) ?? 0)
  return {
    kept: earlier?.series ?? {},
    sum: [...inSeries, ...expired].reduce((sum, each) => sum + each, 0),
    rejected: parts.reduce((sum, { rejected }) => sum + rejected, 0)
  }
}

const restored = (metric: RegisteredMetric): RegisteredMetric => {
  const next = registered()
  next.load(allSteps(metric.saving()), undefined)
  return next
}

const keyOf = (page: string): string => JSON.stringify([page])

it.each([1, 4])("the most recently active series are kept, up to the limit of %i, and the sum includes all", (most) => {
  let metric = registered(pagesOf(most))
  metric.keepExpired()
  for (let i = 1; i <= 20; i++) {
    seen(metric, `page ${i}`, i * 2000)
    if (i === 11) metric = metric.next(metric.metric, i * 2000)
    const { kept, sum } = countedBy(metric)
    expect(sum).toBe(i)
    const ended = Array.from({ length: i === 11 ? i : i - 1 }, (_, j) => keyOf(`page ${j + 1}`))
    const { length } = Object.keys(kept)
    expect(length).toBeLessThanOrEqual(most)
    expect(length).toBeGreaterThanOrEqual(Math.min(ended.length, Math.ceil(most / 2)))
    expect(kept).toEqual(Object.fromEntries(ended.slice(ended.length - length).map((key) => [key, 1])))
  }
})

it("a kept series that expires again removes no other, nor does the one for what exceeds the limit", () => {
  const metric = registered()
  metric.keepExpired()
  for (const page of ["a", "b", "c", "d"]) seen(metric, page, 0)
  seen(metric, "a", 2000)
  seen(metric, "b", 4000)
  expect(countedBy(metric).kept).toEqual({ [keyOf("a")]: 2, [keyOf("b")]: 1, [keyOf("c")]: 1, [keyOf("d")]: 1 })
  for (const page of ["a", "c", "d", "e"]) seen(metric, page, 4000)
  seen(metric, "a", 6000)
  const all = { [keyOf("a")]: 3, [keyOf("b")]: 2, [keyOf("c")]: 2, [keyOf("d")]: 2, [OverflowKey]: 1 }
  expect(countedBy(metric).kept).toEqual(all)
  seen(metric, "b", 8000)
  expect(countedBy(metric).kept).toEqual({ ...all, [keyOf("a")]: 4 })
})

it("no kept series is removed while there is room for those that expire, with what exceeds the limit beside them", () => {
  const step = fc.record({
    page: fc.constantFrom("a", "b", "c", "d", "e", "f", "g"),
    after: fc.constantFrom(0, 0, 300, 1000, 2000)
  })
  const keptOf = (metric: RegisteredMetric) => Object.keys(countedBy(metric).kept).filter((key) => key !== OverflowKey)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const metric = registered()
      metric.keepExpired()
      let at = 0
      for (const { after, page } of steps) {
        at += after
        const before = keptOf(metric)
        const live = (metric.counted as Counted).state!.idle!.seen
        const expires = Object.keys(live).filter((key) => key !== OverflowKey && live[key]! <= at - 1000)
        seen(metric, page, at)
        if (new Set([...before, ...expires]).size <= 4) expect(keptOf(metric)).toEqual(expect.arrayContaining(before))
      }
    }),
    { numRuns: runs(800) }
  )
})

it("room for a series is made by removing another one, not what exceeds the limit", () => {
  const metric = registered(pagesOf(1))
  metric.keepExpired()
  for (const [page, at] of [
    ["a", 0],
    ["b", 0],
    ["a", 500],
    ["c", 2000],
    ["d", 4000]
  ] as const)
    seen(metric, page, at)
  expect(countedBy(metric)).toEqual({ kept: { [keyOf("c")]: 1, [OverflowKey]: 1 }, sum: 5, rejected: 0 })
})

it("what is read of it remains as it was when more series expire", () => {
  const metric = registered()
  metric.keepExpired()
  seen(metric, "a", 0)
  seen(metric, "b", 2000)
  const cut = metric.shown(2000, true).earlier!
  const before = structuredClone(cut.kernel.state())
  seen(metric, "a", 4000)
  seen(metric, "b", 6000)
  expect(cut.kernel.state()).toEqual(before)
})

it("where the clock was set back, a kept series is shown for one lifetime more", () => {
  const metric = registered()
  metric.keepExpired()
  seen(metric, "a", 90_000)
  seen(metric, "b", 95_000)
  metric.rewind(1000)
  const shownAt = (now: number) =>
    (Pages.view((metric.counted as Counted).earlier as never, now) as { readonly series: ReadonlyArray<object> }).series
  expect(shownAt(1999)).toEqual([{ labels: { page: "a" }, value: 1 }])
  expect(shownAt(2000)).toEqual([])
})

it("every count is in the sum once, however metrics are reset, saved, removed and added up, by any clock", () => {
  const step = fc.record({
    do: fc.constantFrom("see", "see", "see", "see", "reject", "keep", "reset", "save", "rewind", "remove"),
    of: fc.nat({ max: 1 }),
    page: fc.constantFrom("a", "b", "c", "d", "e", "f", "g"),
    after: fc.constantFrom(0, 0, 300, 1000, 2000, -500, -5000)
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const metrics = [registered(), registered()]
      const total = registered()
      let [at, count, rejections] = [10_000, 0, 0]
      for (const { after, do: what, of, page } of steps) {
        const metric = metrics[of]!
        at += after
        if (what === "see") count++
        if (what === "reject") rejections++
        if (what === "see" || what === "reject") seen(metric, page, at, what === "see" ? 1 : -1)
        else if (what === "keep") metric.keepExpired()
        else if (what === "rewind") metric.rewind(at)
        else if (what === "reset") metrics[of] = metric.next(Pages, at)
        else if (what === "save") metrics[of] = restored(metric)
        else {
          allSteps(total.absorbing(metric, at))
          metrics[of] = registered()
        }
        const counted = [...metrics, total].map(countedBy)
        expect(counted.reduce((all, { sum }) => all + sum, 0)).toBe(count)
        expect(counted.reduce((all, { rejected }) => all + rejected, 0)).toBe(rejections)
      }
    }),
    { numRuns: runs(2000) }
  )
})

it("what expired before the first read, and what is kept over a reset and a save, is in the sum once", () => {
  const metric = registered()
  seen(metric, "a", 0)
  seen(metric, "b", 2000)
  expect(countedBy(metric)).toMatchObject({ kept: {}, sum: 2 })
  metric.keepExpired()
  seen(metric, "c", 4000)
  const kept = { [keyOf("b")]: 1 }
  expect(countedBy(metric)).toMatchObject({ kept, sum: 3 })
  const next = metric.next(Pages, 4000)
  expect(countedBy(next)).toMatchObject({ kept: { ...kept, [keyOf("c")]: 1 }, sum: 3 })
  seen(next, "d", 4000)
  const again = restored(next)
  seen(again, "e", 6000)
  expect(countedBy(again)).toMatchObject({ kept: { ...kept, [keyOf("c")]: 1, [keyOf("d")]: 1 }, sum: 5 })
})
