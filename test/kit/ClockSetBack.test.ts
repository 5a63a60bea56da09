// The clock may be set back by any amount, or be wrong for one event. One window later, everything time-dependent
// equals what the events since then yield in a model without slots.
import { deepStrictEqual } from "node:assert/strict"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { Metric, Snapshot } from "mvx-metrics"
import { kernelOf } from "../../src/internal/fold/kernels/kernelOf.ts"
import { stateOf } from "../../src/internal/metric/definition/stateShape.ts"
import { foldEvent } from "../support/foldEvent.ts"

const Job = Schema.TaggedUnion({ job: { n: Schema.Number, queue: Schema.String } })
type Job = typeof Job.Type
type Moment = readonly [event: Job, at: number]

const Window = 10_000
const jobs = { events: Job, window: Window }
const Rate = Metric.rate("rate", { ...jobs, slots: 20 })
const RateByQueue = Metric.rate("rate_by_queue", { ...jobs, slots: 5, labels: ["queue"] })
const Recent = Metric.window("recent", { ...jobs, slots: 10, value: "n", labels: ["queue"] })
const Quantiles = Metric.summary("quantiles", { ...jobs, value: "n", quantiles: [0, 1], labels: ["queue"] })
const Live = Metric.counter("live", { events: Job, labels: ["queue"], expireAfter: Window })
const RateOfLive = Metric.rate("rate_of_live", { ...jobs, labels: ["queue"], expireAfter: Window })
const Level = Metric.gauge("level", { events: Job, value: "n", labels: ["queue"] })

// --- any clock

const someJob = fc.record({ _tag: fc.constant("job" as const), n: fc.nat(9), queue: fc.constantFrom("a", "b", "c") })
const someSteps = fc.array(fc.tuple(someJob, fc.nat(2500)), { minLength: 1, maxLength: 12 })
const Hour = 3_600_000
const jump = fc.oneof(
  fc.constantFrom(-8 * Hour, 8 * Hour, -Hour, Hour),
  fc.integer({ min: -3 * Window, max: 3 * Window }),
  fc.integer({ min: -3 * Hour, max: 3 * Hour })
)

/** Times of a clock that jumps, and at the end runs for more than a window; and where it jumped last. */
const anyClock = fc
  .tuple(fc.array(fc.tuple(jump, someSteps), { maxLength: 5 }), jump, someSteps, fc.integer({ min: 1, max: Window }))
  .map(([eras, lastJump, steps, more]) => {
    const moments: Array<Moment> = []
    let now = 1.7e12
    const run = (era: ReadonlyArray<readonly [Job, number]>): void => {
      for (const [event, after] of era) {
        now += after
        moments.push([event, now])
      }
    }
    for (const [by, era] of eras) {
      run(era)
      now += by
    }
    now += lastJump
    const jumpedAt = now
    const before = moments.length
    // A slot may be late, so this is how long it takes.
    run([...steps, ...steps.map(([event]) => [event, Window / steps.length] as const)])
    now = Math.max(now, jumpedAt + Window + Window / 5) + more
    run(steps)
    return { moments, since: moments.slice(before), now }
  })

/** Events whose slot is one of the last ones, of those since the clock jumped. */
const inWindow = (since: ReadonlyArray<Moment>, now: number, slots: number): ReadonlyArray<Job> => {
  const slot = (at: number): number => Math.floor(at / (Window / slots))
  return since.filter(([, at]) => slot(now) - slot(at) < slots).map(([event]) => event)
}

const byReducer = (metric: Metric.Any, moments: ReadonlyArray<Moment>): unknown =>
  moments.reduce((state, [event, at]) => Metric.reduce(metric, state, event, at), metric.initial)

const inPlace = (metric: Metric.Any, moments: ReadonlyArray<Moment>): unknown => {
  const kernel = kernelOf(metric)!
  for (const [event, at] of moments) foldEvent(kernel, event, at)
  return kernel.state()
}

describe.each([
  ["by the pure reducer", byReducer],
  ["in place", inPlace]
])("a window after the clock jumped, %s,", (_, fold) => {
  const shown = (metric: Metric.Any, moments: ReadonlyArray<Moment>, now: number) =>
    Metric.snapshot(metric, fold(metric, moments), now).dimensions as {
      readonly [field: string]: unknown
      readonly series: ReadonlyArray<{ readonly labels: { readonly queue: string }; readonly [field: string]: unknown }>
    }

  it("rates and windows cover the events in the window", () => {
    fc.assert(
      fc.property(anyClock, ({ moments, now, since }) => {
        const rate = (events: ReadonlyArray<Job>) => events.length / (Window / 1000)
        expect(shown(Rate, moments, now)).toEqual({ perSecond: rate(inWindow(since, now, 20)) })
        for (const [metric, slots] of [
          [RateByQueue, 5],
          [RateOfLive, 60]
        ] as const) {
          const dimensions = shown(metric, moments, now)
          const events = inWindow(since, now, slots)
          expect(dimensions.perSecond).toBe(rate(events))
          for (const { labels, perSecond } of dimensions.series) {
            expect(perSecond).toBe(rate(events.filter(({ queue }) => queue === labels.queue)))
          }
        }
        const values = inWindow(since, now, 10).map(({ n }) => n)
        const recent = { count: values.length, min: Math.min(...values), max: Math.max(...values) }
        expect(shown(Recent, moments, now)).toMatchObject(recent)
      })
    )
  })

  it("a summary has the quantiles of the values in the window, and count and sum of all values", () => {
    fc.assert(
      fc.property(anyClock, ({ moments, now, since }) => {
        const values = inWindow(since, now, 6).map(({ n }) => n)
        const { count, quantiles } = shown(Quantiles, moments, now) as never as { count: number; quantiles: object }
        expect(count).toBe(moments.length)
        expect(quantiles).toEqual({ "0": Math.min(...values), "1": Math.max(...values) })
      })
    )
  })

  it("series exist that had an event within their lifetime, and the total includes all", () => {
    fc.assert(
      fc.property(anyClock, ({ moments, now, since }) => {
        const alive = new Set(since.filter(([, at]) => now - at < Window).map(([{ queue }]) => queue))
        const { series, value } = shown(Live, moments, now)
        expect(value).toBe(moments.length)
        deepStrictEqual(new Set(series.map(({ labels }) => labels.queue)), alive)
      })
    )
  })

  it("a gauge has the last value that came, wherever the clock moved", () => {
    fc.assert(
      fc.property(anyClock, ({ moments, now }) => {
        for (const { at, labels, value } of shown(Level, moments, now).series) {
          const [event, time] = moments.findLast(([{ queue }]) => queue === labels.queue)!
          expect([value, at]).toEqual([event.n, time])
        }
      })
    )
  })

  it("one event in the future hides no other event", () => {
    const future = 9 * Hour
    const moments: ReadonlyArray<Moment> = [
      ...Array.from({ length: 50 }, (_, i): Moment => [{ _tag: "job", n: 1, queue: "a" }, i * 100]),
      [{ _tag: "job", n: 7, queue: "b" }, future],
      ...Array.from({ length: 100 }, (_, i): Moment => [{ _tag: "job", n: 2, queue: "a" }, 5000 + i * 100])
    ]
    const now = 14_999
    expect(shown(Rate, moments, now)).toEqual({ perSecond: 10 })
    expect(shown(RateByQueue, moments, now).perSecond, "slots of 2 seconds").toBe(9)
    expect(shown(Recent, moments, now)).toMatchObject({ count: 100, min: 2, max: 2 })
    // Nor does it come back when the clock gets there.
    expect(shown(RateByQueue, moments, future).perSecond).toBe(0)
  })
})

describe("merging states, one of which has a time in the future", () => {
  const now = 100_000
  const at = (times: ReadonlyArray<number>, n: number, queue = "a") =>
    times.map((time): Moment => [{ _tag: "job", n, queue }, time])
  const merged = (metric: Metric.Any, ...parts: ReadonlyArray<ReadonlyArray<Moment>>) => {
    const states = parts.map((moments) => ({ [metric.name]: stateOf(metric, byReducer(metric, moments) as never) }))
    const [shown, reversed] = [states, states.toReversed()].map(
      (each) =>
        Effect.runSync(Snapshot.merge([metric], each, now))[metric.name]!.dimensions as {
          readonly series?: Array<object>
        }
    )
    const inAnyOrder = ({ series, ...rest }: { readonly series?: Array<object> }) => [rest, new Set(series)]
    deepStrictEqual(inAnyOrder(reversed!), inAnyOrder(shown!))
    return shown
  }
  const ahead = at([now + 8 * Hour], 1)
  const right = at([now - 2000, now - 1000], 2)

  it("rates keep all plausible values", () => {
    expect(merged(Rate, ahead, right)).toEqual({ perSecond: 0.2 })
    expect(merged(RateByQueue, at([now + 8 * Hour], 1, "b"), right)).toMatchObject({ perSecond: 0.2 })
    expect(merged(Recent, ahead, right)).toMatchObject({ count: 2, min: 2, max: 2 })
    expect(merged(Quantiles, ahead, right)).toMatchObject({ count: 3, quantiles: { "0": 2, "1": 2 } })
  })

  it("a gauge has the latest plausible value, or otherwise the latest of all", () => {
    const level = (value: number, at: number) => ({ series: [{ labels: { queue: "a" }, value, at }] })
    expect(merged(Level, ahead, right)).toEqual(level(2, now - 1000))
    expect(merged(Level, ahead, right, at([now - 500], 3))).toEqual(level(3, now - 500))
    expect(merged(Level, ahead, at([now + Hour], 3))).toEqual(level(1, now + 8 * Hour))
    const state = (moments: ReadonlyArray<Moment>) => ({ level: stateOf(Level, byReducer(Level, moments) as never) })
    const whenever = Effect.runSync(Snapshot.mergeStates([Level], [state(ahead), state(right)])).level!.state
    expect(Metric.snapshot(Level, whenever as never, now).dimensions).toEqual(level(1, now + 8 * Hour))
  })

  it("a series expires by its last plausible event", () => {
    expect(merged(Live, ahead, at([now - Window], 2))).toMatchObject({ value: 2, series: [] })
    expect(merged(Live, ahead, right)).toMatchObject({ value: 3, series: [{ value: 3 }] })
  })
})
