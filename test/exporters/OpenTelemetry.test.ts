// A meter of OpenTelemetry's SDK collects the same values as the snapshots.
import { afterEach, describe, expect, it } from "@effect/vitest"
import { AggregationTemporality, DataPointType, MeterProvider } from "@opentelemetry/sdk-metrics"
import { Effect, Layer } from "effect"
import { Metric, MetricsLayer, type RecorderService, MetricsRuntime as RuntimeService } from "mvx-metrics"
import * as OpenTelemetry from "mvx-metrics/OpenTelemetry"
import { MetricsRuntime } from "mvx-metrics/promise"
import { fixedClock } from "mvx-metrics/testing"
import { HitEvent, hit } from "../support/expiring.metrics.ts"
import { all, done, JobEvent, Jobs, waiting } from "../support/exported.metrics.ts"
import { Reader } from "../support/sdkReader.ts"

const newMeter = (temporality = AggregationTemporality.CUMULATIVE) => {
  const reader = new Reader({ aggregationTemporalitySelector: () => temporality })
  const provider = new MeterProvider({ readers: [reader] })
  const collect = async () => {
    const { errors, resourceMetrics } = await reader.collect()
    expect(errors).toEqual([])
    return (resourceMetrics.scopeMetrics[0]?.metrics ?? []).filter(
      ({ dataPoints, descriptor }) => dataPoints.length > 0 && !descriptor.name.startsWith("mvx_metrics.")
    )
  }
  return { meter: provider.getMeter("test"), collect }
}

type Collected = Awaited<ReturnType<ReturnType<typeof newMeter>["collect"]>>

/** The points of an instrument, without what tells recorders apart. */
const pointsOf = (metrics: Collected, name: string) =>
  metrics
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap(({ dataPoints }) =>
      dataPoints.map(({ attributes: { namespace: _namespace, recorder: _, ...attributes }, value }) => [
        attributes,
        value
      ])
    )

const runtimes: Array<MetricsRuntime> = []
const start = async () => {
  const runtime = await MetricsRuntime.start({
    namespace: "test.opentelemetry",
    inProcess: true,
    logging: "silent"
  })
  runtimes.push(runtime)
  return runtime
}
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.shutdown()
})

describe("a meter", () => {
  it("observes metrics of all kinds, including those registered later", async () => {
    const runtime = await start()
    const { collect, meter } = newMeter()
    OpenTelemetry.observe(meter, runtime)
    const recorder = await runtime.createRecorder("one")
    for (const metric of all) await recorder.registerMetric(metric)
    for (const seconds of [0.2, 3, 7]) recorder.registerEvent(done(seconds, "a"))
    recorder.registerEvent(done(1, null, false))
    recorder.registerEvent(waiting(-3))
    const metrics = await collect()

    expect(metrics.find(({ descriptor }) => descriptor.name === "jobs")).toMatchObject({
      descriptor: { description: "Jobs.", unit: "{job}" },
      dataPointType: DataPointType.SUM,
      isMonotonic: true
    })
    expect(pointsOf(metrics, "jobs")).toEqual([
      [{ queue: "a", ok: true }, 3],
      [{ ok: false }, 1]
    ])
    expect(metrics.find(({ descriptor }) => descriptor.name === "jobs.waiting")).toMatchObject({
      dataPointType: DataPointType.SUM,
      isMonotonic: false
    })
    expect(pointsOf(metrics, "jobs.waiting")).toEqual([[{}, -3]])
    expect(metrics.find(({ descriptor }) => descriptor.name === "jobs.latest")).toMatchObject({
      dataPointType: DataPointType.GAUGE
    })
    expect(pointsOf(metrics, "jobs.latest")).toEqual([[{}, 1]])
    expect(pointsOf(metrics, "jobs.time.count")).toContainEqual([{ queue: "a" }, 3])
    expect(pointsOf(metrics, "jobs.time.sum")).toContainEqual([{ queue: "a" }, 10.2])
    expect(pointsOf(metrics, "jobs.time.bucket").filter(([attributes]) => "queue" in (attributes as object))).toEqual([
      [{ queue: "a", le: "0.5" }, 1],
      [{ queue: "a", le: "5" }, 2],
      [{ queue: "a", le: "+Inf" }, 3]
    ])
    const spread = pointsOf(metrics, "jobs.spread.bucket") as unknown as ReadonlyArray<
      [{ queue?: string; le: string }, number]
    >
    for (const [{ le, queue }, count] of spread) {
      const values = queue === "a" ? [0.2, 3, 7] : [1]
      expect(count).toBe(values.filter((seconds) => seconds <= (le === "+Inf" ? Infinity : Number(le))).length)
    }
    expect(spread.length).toBeGreaterThan(8)
    const { dimensions } = (await recorder.getMetricSnapshots())["jobs.quantiles"]!
    const { quantiles } = dimensions as { readonly quantiles: { readonly [quantile: string]: number } }
    expect(pointsOf(metrics, "jobs.quantiles")).toEqual([
      [{ quantile: 0.5 }, quantiles["0.5"]],
      [{ quantile: 0.9 }, quantiles["0.9"]]
    ])
    expect(pointsOf(metrics, "jobs.few")).toContainEqual([{ "otel.metric.overflow": true }, 1])
    expect(pointsOf(metrics, "jobs.by_hand")).toContainEqual([{ dimension: "good" }, 3])
  })

  it("collects the current state of existing recorders and metrics", async () => {
    const runtime = await start()
    const { collect, meter } = newMeter()
    const stop = OpenTelemetry.observe(meter, runtime)
    const [one, two] = [await runtime.createRecorder("one"), await runtime.createRecorder("two")]
    await one.registerMetric(Jobs)
    await two.registerMetric(Jobs)
    one.registerEvent(done(1))
    expect(pointsOf(await collect(), "jobs")).toEqual([[{ queue: "a", ok: true }, 1]])
    one.registerEvent(done(1))
    two.registerEvent(done(1))
    const jobs = (await collect()).find(({ descriptor }) => descriptor.name === "jobs")
    expect(jobs?.dataPoints.map(({ attributes, value }) => [attributes.recorder, value])).toEqual([
      ["one", 2],
      ["two", 1]
    ])
    stop()
    one.registerEvent(done(1))
    // A reader of OpenTelemetry goes on with what it had; nothing new comes.
    const [after] = pointsOf(await collect(), "jobs")
    expect(after?.[1] ?? 2).toBe(2)
  })

  it.each([
    ["delta", AggregationTemporality.DELTA, [5, 7, 9, 2]],
    ["cumulative", AggregationTemporality.CUMULATIVE, [5, 12, 21, 23]]
  ] as const)("loses nothing with a %s reader when a series restarts", async (_, temporality, expected) => {
    const { collect, meter } = newMeter(temporality)
    const Metrics = OpenTelemetry.layer(meter).pipe(
      Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "test.opentelemetry", logging: "silent" }))
    )
    const Hits = Metric.counter("hits", { events: HitEvent, labels: ["page"], expireAfter: "1 day" })
    const hours = 3_600_000
    const begun = Date.now() - 10 * hours
    const program = Effect.gen(function* () {
      const runtime = yield* RuntimeService
      const made = Effect.tap(runtime.createRecorder("one"), (recorder) => recorder.register(Hits))
      const shown: Array<unknown> = []
      const visit = (recorder: RecorderService, times: number, at: number) =>
        Effect.gen(function* () {
          for (let i = 0; i < times; i++) yield* Effect.provide(recorder.emit(hit("a")), fixedClock(new Date(at)))
          shown.push(...pointsOf(yield* Effect.promise(collect), "hits"))
        })
      const first = yield* made
      yield* visit(first, 5, begun)
      // It has expired meanwhile.
      yield* visit(first, 7, begun + 30 * hours)
      yield* first.reset()
      yield* visit(first, 9, begun + 31 * hours)
      yield* runtime.stopAndRemoveRecorder("one")
      yield* visit(yield* made, 2, begun + 32 * hours)
      return shown
    })
    const shown = await Effect.runPromise(Effect.provide(program, Metrics))
    expect(shown).toEqual(expected.map((value) => [{ page: "a" }, value]))
  })

  it.each([
    ["delta", AggregationTemporality.DELTA, [2, 3, 1, 10]],
    ["cumulative", AggregationTemporality.CUMULATIVE, [2, 5, 6, 16]]
  ] as const)(
    "includes with a %s reader everything that a recorder counted before its removal",
    async (_, temporality, expected) => {
      const runtime = await start()
      const { collect, meter } = newMeter(temporality)
      OpenTelemetry.observe(meter, runtime)
      const shown: Array<unknown> = []
      const made = async () => {
        const recorder = await runtime.createRecorder("one")
        await recorder.registerMetric(Jobs)
        return recorder
      }
      const count = (recorder: Awaited<ReturnType<typeof made>>, times: number) => {
        for (let i = 0; i < times; i++) recorder.registerEvent(done(1))
      }
      const see = async () => shown.push(...pointsOf(await collect(), "jobs"))
      const first = await made()
      count(first, 2)
      await see()
      count(first, 3)
      await runtime.stopAndRemoveRecorder("one")
      await see()
      const second = await made()
      count(second, 1)
      await see()
      count(second, 10)
      await runtime.shutdown()
      await see()
      expect(shown).toEqual(expected.map((value) => [{ queue: "a", ok: true }, value]))
    }
  )

  it("includes everything that a recorder counted before its removal, if another metric has the name then", async () => {
    const runtime = await start()
    const { collect, meter } = newMeter(AggregationTemporality.DELTA)
    OpenTelemetry.observe(meter, runtime)
    const counted = { events: JobEvent, when: "job.done", value: "seconds" } as const
    const numbers = async () =>
      (await collect()).flatMap(({ dataPoints, dataPointType, descriptor: { name, unit } }) =>
        dataPoints.map(({ value }) => [DataPointType[dataPointType], name, unit, value])
      )
    const first = await runtime.createRecorder("one")
    await first.registerMetric(Metric.counter("spent", { ...counted, unit: "ms" }))
    await first.registerMetric(Metric.counter("work", counted))
    first.registerEvent(done(1500))
    await numbers()
    first.registerEvent(done(100))
    await runtime.stopAndRemoveRecorder("one")
    const second = await runtime.createRecorder("one")
    await second.registerMetric(Metric.counter("spent", { ...counted, unit: "s" }))
    await second.registerMetric(Metric.gauge("work", counted))
    second.registerEvent(done(7))
    expect((await numbers()).toSorted()).toEqual([
      ["GAUGE", "work", "", 7],
      ["SUM", "spent", "ms", 100],
      ["SUM", "spent", "s", 7],
      ["SUM", "work", "", 100]
    ])
  })

  it("observes for the scope of a layer", async () => {
    const { collect, meter } = newMeter()
    const Metrics = OpenTelemetry.layer(meter).pipe(
      Layer.provideMerge(MetricsLayer.layerInProcess({ namespace: "test.opentelemetry", logging: "silent" }))
    )
    const program = Effect.gen(function* () {
      const recorder = yield* (yield* RuntimeService).createRecorder("one")
      yield* recorder.register(Jobs)
      yield* recorder.emit(done(1))
      return pointsOf(yield* Effect.promise(collect), "jobs")
    })
    expect(await Effect.runPromise(Effect.provide(program, Metrics))).toEqual([[{ queue: "a", ok: true }, 1]])
  })

  it("and a runtime are validated", async () => {
    const runtime = await start()
    const refused = (argument: string) => expect.objectContaining({ _tag: "mvx-metrics/InvalidArgument", argument })
    expect(() => OpenTelemetry.observe({} as never, runtime)).toThrow(refused("meter"))
    expect(() => OpenTelemetry.observe(newMeter().meter, {} as never)).toThrow(refused("runtime"))
  })
})
