// The metrics of this package next to those of Effect's registry: in a scrape, and in the registry.
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Metric as EffectMetric, Layer } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { MetricsRuntime } from "mvx-metrics"
import * as EffectMetrics from "mvx-metrics/EffectMetrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { badInputOf } from "../support/badInput.ts"
import { runtimeLayers } from "../support/bothLayers.ts"
import { all, done, Jobs, waiting } from "../support/exported.metrics.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { alone } from "../support/ownRegistry.ts"

const samples = (text: string) =>
  Object.fromEntries(
    [...parseExposition(text, "text").values()]
      .flatMap((family) => family.samples)
      .filter(({ name }) => !name.startsWith("mvx_metrics_fold_lag"))
      .map(({ labels, name, value }) => [`${name} ${JSON.stringify(Object.entries(labels).sort())}`, value])
  )

const layers = runtimeLayers([new URL("../support/exported.metrics.ts", import.meta.url)])

const Fibers = EffectMetric.gauge("fibers.active", { description: "Fibers." })
const Calls = EffectMetric.counter("calls", { incremental: true, attributes: { route: "/a" } })
const Level = EffectMetric.counter("level")
const Kinds = EffectMetric.frequency("kinds")
const Time = EffectMetric.timer("call.time", { attributes: { route: "/a" } })
const Size = EffectMetric.histogram("size", { boundaries: [1, 10], attributes: { unit: "bytes" } })
const Waits = EffectMetric.summary("waits", { maxAge: "1 minute", maxSize: 10, quantiles: [0.5] })

const updateAll = Effect.gen(function* () {
  yield* EffectMetric.update(Fibers, 3)
  yield* EffectMetric.update(Calls, 2)
  yield* EffectMetric.update(Level, -1)
  for (const kind of ["x", "y", "x"]) yield* EffectMetric.update(Kinds, kind)
  yield* EffectMetric.update(Time, Duration.millis(250))
  for (const size of [1, 5, 100]) yield* EffectMetric.update(Size, size)
  yield* EffectMetric.update(Waits, 4)
})

describe.each(Object.entries(layers))("a scrape with effectMetrics, %s", (_, runtime) => {
  it.effect("shows Effect's metrics next to its own, with the same naming and units", () =>
    Effect.gen(function* () {
      const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
      yield* recorder.register(Jobs)
      yield* recorder.emit(done(1))
      yield* updateAll
      const shown = yield* Prometheus.render("text", { effectMetrics: true })
      expect(samples(shown)).toMatchObject({
        "fibers_active []": 3,
        'calls_total [["route","/a"]]': 2,
        "level []": -1,
        'kinds_total [["key","x"]]': 2,
        'kinds_total [["key","y"]]': 1,
        'call_time_seconds_sum [["route","/a"]]': 0.25,
        'call_time_seconds_bucket [["le","+Inf"],["route","/a"]]': 1,
        'size_bytes_bucket [["le","1"]]': 1,
        'size_bytes_bucket [["le","10"]]': 2,
        'size_bytes_bucket [["le","+Inf"]]': 3,
        "size_bytes_sum []": 106,
        'waits [["quantile","0.5"]]': 4,
        "waits_count []": 1
      })
      expect(shown).toContain("# HELP fibers_active Fibers.\n# TYPE fibers_active gauge\n")
      expect(shown).toContain("# TYPE level gauge\n")
      expect(shown).toContain("jobs_total{")

      const openmetrics = yield* Prometheus.render("openmetrics", { effectMetrics: true })
      expect(parseExposition(openmetrics, "openmetrics").get("calls")?.type).toBe("counter")
      expect(yield* Prometheus.render()).not.toContain("fibers_active")
    }).pipe(alone, Effect.provide(runtime))
  )
})

describe("a scrape with effectMetrics", () => {
  const inProcess = layers["in process"]!

  it.effect("shows once what EffectMetrics has put into the registry", () =>
    Effect.gen(function* () {
      const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
      yield* recorder.register(Jobs)
      yield* recorder.emit(done(1))
      yield* EffectMetrics.refresh
      yield* EffectMetric.update(Fibers, 3)
      const shown = yield* Prometheus.render("text", { effectMetrics: true })
      expect(shown.split("\n").filter((line) => line.startsWith("jobs"))).toHaveLength(1)
      expect(shown).toContain("fibers_active 3\n")
    }).pipe(Effect.provide(Layer.provideMerge(EffectMetrics.layer(), inProcess)), alone)
  )

  it.effect("leaves out metrics that cannot be read, and those with the name of another kind of metric", () =>
    Effect.gen(function* () {
      const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
      yield* recorder.register(Jobs)
      yield* recorder.emit(done(1))
      const get = (): never => {
        throw new Error("not now")
      }
      EffectMetric.registerUnsafe(EffectMetric.gauge("broken"), yield* Effect.context<never>(), {
        get,
        update: () => {},
        modify: () => {}
      })
      yield* EffectMetric.update(EffectMetric.gauge("jobs_total"), 7)
      yield* EffectMetric.update(Fibers, 3)
      const shown = yield* Prometheus.render("text", { effectMetrics: true })
      expect(shown).not.toContain("broken")
      expect(shown).not.toContain("jobs_total 7")
      expect(shown).toContain("fibers_active 3\n")
    }).pipe(alone, Effect.provide(inProcess))
  )

  it.effect("numbers the series of metrics that are one in Prometheus", () =>
    Effect.gen(function* () {
      yield* (yield* MetricsRuntime).createRecorder("one")
      yield* EffectMetric.update(EffectMetric.gauge("queue.size"), 1)
      yield* EffectMetric.update(EffectMetric.gauge("queue_size"), 2)
      yield* EffectMetric.update(EffectMetric.gauge("queue-size", { attributes: { of: "x" } }), 3)
      yield* EffectMetric.update(EffectMetric.gauge("wait", { attributes: { unit: "ms" } }), 4000)
      yield* EffectMetric.update(EffectMetric.gauge("wait_seconds"), 5)
      for (const format of ["text", "openmetrics"] as const) {
        const shown = yield* Prometheus.render(format, {
          effectMetrics: true,
          labels: { zone: "z" },
          selfMetrics: false
        })
        const families = parseExposition(shown, format)
        const values = (name: string) =>
          families.get(name)!.samples.map(({ labels: { zone, ...labels }, value }) => [zone, labels, value])
        expect(values("queue_size")).toEqual([
          ["z", {}, 1],
          ["z", { duplicate: "2" }, 2],
          ["z", { of: "x" }, 3]
        ])
        expect(values("wait_seconds")).toEqual([
          ["z", {}, 4],
          ["z", { duplicate: "2" }, 5]
        ])
      }
    }).pipe(alone, Effect.provide(inProcess))
  )

  it.effect("shows each registry its own metrics if several are scraped at once", () =>
    Effect.gen(function* () {
      const scrape = (active: number) =>
        Effect.andThen(EffectMetric.update(Fibers, active), Prometheus.render("text", { effectMetrics: true })).pipe(
          alone
        )
      const texts = yield* Effect.all([scrape(1), scrape(2)], { concurrency: "unbounded" })
      expect(texts.map((text) => samples(text)["fibers_active []"])).toEqual([1, 2])
    }).pipe(Effect.provide(inProcess))
  )

  it.effect("rejects another value", () =>
    Effect.gen(function* () {
      expect(yield* badInputOf(Prometheus.render("text", { effectMetrics: "yes" as never }))).toMatchObject({
        argument: "effectMetrics"
      })
    }).pipe(Effect.provide(inProcess))
  )
})

describe("Effect's registry with Prometheus names", () => {
  it.effect("has the samples of a scrape in PrometheusMetrics", () =>
    Effect.gen(function* () {
      const recorder = yield* (yield* MetricsRuntime).createRecorder("one")
      for (const metric of all) yield* recorder.register(metric)
      for (const seconds of [0.2, 3, 7]) yield* recorder.emit(done(seconds))
      yield* recorder.emit(done(1, null, false))
      yield* recorder.emit(waiting(-3))
      yield* EffectMetrics.refresh
      const theirs = samples(yield* PrometheusMetrics.format())
      expect(theirs).toMatchObject(samples(yield* Prometheus.render()))
    }).pipe(
      Effect.provide(Layer.provideMerge(EffectMetrics.layer({ names: "prometheus" }), layers["in process"]!)),
      alone
    )
  )

  it.effect("rejects other names", () =>
    Effect.gen(function* () {
      const wrong = Layer.build(EffectMetrics.layer({ names: "statsd" as never }))
      expect(yield* badInputOf(wrong)).toMatchObject({ argument: "names" })
    }).pipe(Effect.provide(layers["in process"]!), alone)
  )
})
