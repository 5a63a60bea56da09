// The emitter of metrics for code without Effect.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Emitter, Metric, MetricsRuntime, type Outcome } from "mvx-metrics/promise"

const WorkEvent = Schema.TaggedUnion({ "work.done": { status: Schema.String, seconds: Schema.Number } })

const Done = Metric.counter("work.done", { events: WorkEvent, labels: ["status"] })

const start = async () => {
  const runtime = await MetricsRuntime.start({ namespace: "test", inProcess: true, logging: "silent" })
  const recorder = await runtime.createRecorder("work")
  const metrics: Emitter<typeof WorkEvent.Type> = await recorder.registerMetric(Done)
  const outcomes: Array<unknown> = []
  const event = (outcome: Outcome<unknown>, { seconds }: { readonly seconds: number }) => {
    outcomes.push(outcome.status === "fulfilled" ? outcome.value : outcome.reason)
    return { _tag: "work.done", status: outcome.status, seconds } as const
  }
  return { runtime, recorder, metrics, outcomes, event }
}

it("track emits one event when the work returns, throws or settles, and leaves its result unchanged", async () => {
  const { event, metrics, outcomes, recorder, runtime } = await start()
  const error = new RangeError("no work")
  const fails = (): number => {
    throw error
  }
  expect(metrics.track(() => 1, event)).toBe(1)
  expect(() => metrics.track(fails, event)).toThrow(error)
  const pending = metrics.track(async () => 2, event)
  expect(outcomes).toEqual([1, error])
  expect(await pending).toBe(2)
  await expect(metrics.track(async () => fails(), event)).rejects.toBe(error)
  expect(outcomes).toEqual([1, error, 2, error])
  expect((await recorder.getMetricSnapshot(Done)).dimensions.series).toEqual([
    { labels: { status: "fulfilled" }, value: 2 },
    { labels: { status: "rejected" }, value: 2 }
  ])
  await runtime.shutdown()
})

it("track starts a lazy thenable once, and emits one event however a thenable settles", async () => {
  const { event, metrics, outcomes, runtime } = await start()
  let starts = 0
  const lazy: PromiseLike<number> = {
    // biome-ignore lint/suspicious/noThenProperty: query builders are like this.
    then: (onFulfilled, onRejected) => Promise.resolve(++starts).then(onFulfilled, onRejected)
  }
  expect(await metrics.track(() => lazy, event)).toBe(1)
  expect([starts, outcomes]).toEqual([1, [1]])
  const twice: PromiseLike<number> = {
    // biome-ignore lint/suspicious/noThenProperty: it settles twice.
    then: (onFulfilled) => {
      onFulfilled?.(2)
      onFulfilled?.(3)
      return Promise.resolve(4) as never
    }
  }
  expect(await metrics.track(() => twice, event)).toBe(4)
  const error = new RangeError("no then")
  const throws: PromiseLike<number> = {
    // biome-ignore lint/suspicious/noThenProperty: it throws.
    then: () => {
      throw error
    }
  }
  expect(() => metrics.track(() => throws, event)).toThrow(error)
  expect(outcomes).toEqual([1, 2, error])
  await runtime.shutdown()
})

it("track counts an invalid event as invalid, and emits nothing for undefined", async () => {
  const { metrics, recorder, runtime } = await start()
  const fails = (): never => {
    throw new Error("no event")
  }
  expect(metrics.track(() => 1, fails)).toBe(1)
  expect(metrics.track(() => 2, (() => 5) as never)).toBe(2)
  expect(await metrics.track(async () => 3, fails)).toBe(3)
  expect(
    metrics.track(
      () => 4,
      () => undefined
    )
  ).toBe(4)
  expect(recorder.stats).toMatchObject({ offered: 3, refusedBy: { invalid: 3 } })
  await runtime.stopAndRemoveRecorder("work")
  expect(
    metrics.track(
      () => 5,
      () => ({ _tag: "work.done", status: "late", seconds: 0 })
    )
  ).toBe(5)
  expect(recorder.stats.refusedBy).toEqual({ overflow: 0, invalid: 3, notRunning: 1 })
  await runtime.shutdown()
})
