// High-cardinality labels: for any number of values, a metric keeps a bounded number of series, its total stays exact,
// and it names the responsible label. Idle series make room.
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { Metric } from "mvx-metrics"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder, runtimeLayers } from "../support/bothLayers.ts"
import { foldEvent } from "../support/foldEvent.ts"
import { ByQueue, done, JobEvent } from "../support/kit.metrics.ts"
import { kinds } from "../support/kit.ts"
import { asMany } from "../support/long.ts"

/** Very many more than a metric has series. */
const Values = asMany(1_000_000, 100_000)

const jobs = { events: JobEvent, when: "job.done", labels: ["queue"] } as const

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc")
  ;(runInNewContext("gc") as () => void)()
}

const shown = <S, D>(metric: Metric.Metric<string, D, S, never, MetricEvent>, state: unknown, now = 0): D =>
  metric.view(state as S, now)

describe("a high-cardinality label", () => {
  it("fills the series up to the limit, and the rest goes into one more: the total is exact", () => {
    const Done = Metric.counter("jobs.done", jobs)
    const kernel = kernelOf(Done)!
    for (let i = 0; i < Values; i++) foldEvent(kernel, done(i, `queue ${i}`), i)
    const { overflow, series, value } = shown(Done, kernel.state())
    expect(value).toBe(Values)
    expect(series.length).toBe(2000)
    expect(overflow).toEqual({
      value: Values - 2000,
      label: "queue",
      values: 2000,
      examples: ["queue 0", "queue 1", "queue 2", "queue 3", "queue 4"]
    })
  })

  it("uses no more memory than the limit allows", () => {
    const kernel = kernelOf(Metric.counter("jobs.done", jobs))!
    const fold = (from: number, to: number): number => {
      for (let i = from; i < to; i++) foldEvent(kernel, done(i, `queue ${i}`), i)
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const before = fold(0, 10_000)
    expect(fold(10_000, Values) - before).toBeLessThan(4 * 2 ** 20)
    expect(JSON.stringify(kernel.state()).length).toBeLessThan(60_000)
  })

  it("uses no more memory for series that come and go than for those that live", () => {
    const Done = Metric.counter("jobs.done", { ...jobs, expireAfter: 1000, maxSeries: 5000 })
    const kernel = kernelOf(Done)!
    const fold = (from: number, to: number): number => {
      for (let i = from; i < to; i++) foldEvent(kernel, done(i, `queue ${i}`), i)
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const before = fold(0, 10_000)
    expect(fold(10_000, 300_000) - before).toBeLessThan(4 * 2 ** 20)
    const { overflow, series, value } = shown(Done, kernel.state(), 299_999)
    expect([value, series.length, overflow]).toEqual([300_000, 1000, undefined])
  })
})

layer(runtimeLayers([new URL("../support/kit.metrics.ts", import.meta.url)])["on the worker"]!)(
  "a high-cardinality label, on the worker",
  (it) => {
    it.effect("is folded completely, and the snapshot names the label", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder({ capacity: Values })
        yield* recorder.register(ByQueue)
        for (let i = 0; i < Values; i++) recorder.emitUnsafe(done(1, `queue ${i}`))
        const { snapshots, stats } = yield* recorder.report
        expectBalanced(stats)
        expect(stats).toMatchObject({ accepted: Values, applied: Values })
        const { overflow, series, value } = snapshots[ByQueue.name]!.dimensions as Metric.Dimensions<typeof ByQueue>
        expect([value, series.length, overflow?.value]).toEqual([Values, 2000, Values - 2000])
        expect(overflow).toMatchObject({ label: "queue", values: 2000, examples: { length: 5 } })
        expect(overflow?.examples).toEqual(series.slice(0, 5).map(({ labels }) => labels.queue))
      })
    )
  }
)

const source = { number: "n", answer: "ok", value: "n" } as const
const events = Schema.TaggedUnion({
  "job.done": { n: Schema.Number, queue: Schema.String, ok: Schema.Boolean, of: Schema.Number }
})

describe.each(Object.entries(kinds))("%s", (_, { make, measures, option }) => {
  const event = (i: number): MetricEvent => Object.assign(done(i % 7, `queue ${i}`), { ok: i % 2 === 0, of: i % 5 })
  const measured = { events, unit: "s", [option]: source[measures] }

  it("has at most the allowed number of series, and names the label with too many values", () => {
    const metric = make("jobs", { ...measured, labels: ["of", "queue"], maxSeries: 100 })
    const kernel = kernelOf(metric)!
    for (let i = 0; i < 5000; i++) foldEvent(kernel, event(i), 1000)
    const { overflow, series } = shown(metric, kernel.state(), 1000) as {
      series: ReadonlyArray<object>
      overflow: object
    }
    expect(series.length).toBe(100)
    expect(overflow).toMatchObject({
      label: "queue",
      values: 100,
      examples: ["queue 0", "queue 1", "queue 2", "queue 3", "queue 4"]
    })
  })
})

describe("series with an expiry time", () => {
  const Life = 800
  const expiring = (maxSeries: number) =>
    Metric.counter("jobs", { ...jobs, value: "n", labels: { queue: "queue" }, expireAfter: Life, maxSeries })

  const moments = fc
    .array(
      fc.record({ after: fc.oneof(fc.nat(50), fc.nat(900)), n: fc.nat(9), queue: fc.constantFrom("a", "b", "c", "d") }),
      { maxLength: 40 }
    )
    .map((steps) => {
      let at = 0
      return steps.map(({ after, n, queue }) => {
        at += after
        return { at, n, queue }
      })
    })

  it("are shown while they live, from their start time; expired ones remain in the total, for any events", () => {
    fc.assert(
      fc.property(moments, fc.nat(2000), (all, later) => {
        const metric = expiring(10)
        const now = (all.at(-1)?.at ?? 0) + later
        const live = new Map<string, { value: number; seen: number }>()
        let state = metric.initial
        for (const { at, n, queue } of all) {
          state = Metric.reduce(metric, state, done(n, queue), at)
          const before = live.get(queue)
          const goesOn = before !== undefined && at - before.seen < Life
          live.set(queue, { value: (goesOn ? before.value : 0) + n, seen: at })
        }
        const { overflow, series, value } = shown(metric, state, now)
        expect(value).toBe(all.reduce((sum, { n }) => sum + n, 0))
        expect(overflow).toBeUndefined()
        expect(new Map(series.map((each) => [each.labels.queue, each.value]))).toEqual(
          new Map([...live].flatMap(([queue, { seen, value }]) => (now - seen < Life ? [[queue, value]] : [])))
        )
      }),
      { numRuns: 300 }
    )
  })

  it("make room: the limit counts live series", () => {
    const metric = expiring(3)
    const kernel = kernelOf(metric)!
    for (let i = 0; i < 1000; i++) foldEvent(kernel, done(1, `queue ${i}`), i * 300)
    const last = 999 * 300
    expect(shown(metric, kernel.state(), last)).toEqual({
      value: 1000,
      series: [997, 998, 999].map((i) => ({ labels: { queue: `queue ${i}` }, value: 1 }))
    })
    foldEvent(kernel, done(1, "one too many"), last + 1)
    expect(shown(metric, kernel.state(), last + 1)).toMatchObject({ value: 1001, overflow: { value: 1 } })
  })

  it("start again when their label returns, and so does the overflow series", () => {
    const metric = expiring(1)
    const fold = (...moments: ReadonlyArray<readonly [queue: string, at: number]>) =>
      moments.reduce((state, [queue, at]) => Metric.reduce(metric, state, done(1, queue), at), metric.initial)
    const before = fold(["a", 0], ["b", 0], ["b", 500])
    expect(shown(metric, before, 500)).toMatchObject({ value: 3, series: [{ value: 1 }], overflow: { value: 2 } })
    expect(shown(metric, before, 799)).toMatchObject({ value: 3, series: [{ value: 1 }], overflow: { value: 2 } })
    expect(shown(metric, before, 800)).toMatchObject({ value: 3, series: [], overflow: { value: 2 } })
    expect(shown(metric, before, 1300)).toEqual({ value: 3, series: [] })
    const after = Metric.reduce(metric, before, done(1, "a"), 1300)
    expect(shown(metric, after, 1300)).toEqual({ value: 4, series: [{ labels: { queue: "a" }, value: 1 }] })
  })

  it("live on from their last event, even if the clock was set back before it", () => {
    const metric = expiring(10)
    const state = [1000, 100, 500].reduce((state, at) => Metric.reduce(metric, state, done(1, "a"), at), metric.initial)
    expect(shown(metric, state, 1299).series).toEqual([{ labels: { queue: "a" }, value: 3 }])
    expect(shown(metric, state, 1300)).toEqual({ value: 3, series: [] })
  })

  it("expire if the clock was set back after their last event, while others continue", () => {
    const metric = expiring(10)
    const moments = [
      ["a", 9_000_000],
      ["b", 100],
      ["b", 899],
      ["b", 900],
      ["b", 901]
    ] as const
    const state = moments.reduce(
      (state, [queue, at]) => Metric.reduce(metric, state, done(1, queue), at),
      metric.initial
    )
    const b = { labels: { queue: "b" }, value: 4 }
    expect(shown(metric, state, 899).series).toEqual([{ labels: { queue: "a" }, value: 1 }, b])
    expect(shown(metric, state, 901)).toEqual({ value: 5, series: [b] })
  })
})
