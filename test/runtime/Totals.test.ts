// The counts of removed recorders go into a total: for any order of creating, removing and reading, no event is missing
// from a scrape or counted twice, and no total goes backwards.
import { expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { Metric, MetricsLayer, MetricsRuntime, type RecorderService } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { collectData } from "../../src/internal/exporters/collect.ts"
import { onBothLayers } from "../support/bothLayers.ts"
import { parseExposition } from "../support/expositionParser.ts"
import { recordLogs } from "../support/logs.ts"
import { runs } from "../support/long.ts"
import { forEvery } from "../support/property.ts"
import { JobSpread, Jobs, JobTime, job, RecentJobs } from "../support/scrape.metrics.ts"
import { GatedTicks, gatedTick, gatedWorker } from "../worker/fixtures/gated.metrics.ts"

/** The samples of a scrape: by name and labels but for the namespace. */
const samplesOf = (options: Prometheus.ScrapeOptions) =>
  Effect.map(Prometheus.render("openmetrics", options), (text) =>
    Array.from(parseExposition(text, "openmetrics").values()).flatMap(({ samples }) =>
      samples.map(({ labels: { namespace: _, ...labels }, name, value }) => ({ name, labels, value }))
    )
  )

const samples = samplesOf({})

const of = (recorder: string) =>
  Effect.map(samples, (all) =>
    Object.fromEntries(
      all
        .filter(({ labels }) => labels.recorder === recorder)
        .map(({ labels: { recorder: _, ...labels }, name, value }) => [
          [name, ...Object.values(labels)].join(" "),
          value
        ])
    )
  )

const counted = (recorder: RecorderService, queue: string, seconds: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    yield* recorder.register(Metric.combine(Jobs, JobTime, JobSpread, RecentJobs))
    for (const each of seconds) yield* recorder.emit(job(queue, each))
  })

onBothLayers(
  "the total of removed recorders",
  (it) => {
    it.effect("has the counts of all of them, and their accounting", () =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        const totalOfRemoved = "connections"
        for (const [id, queue, seconds] of [
          ["1", "a", [0.1, 1]],
          ["2", "b", [9]],
          ["1", "a", [2, 0.3]]
        ] as const) {
          const recorder = yield* runtime.createRecorder(id, { totalOfRemoved })
          yield* counted(recorder, queue, seconds)
          yield* recorder.emit({ _tag: "unheard.of" })
          recorder.emitUnsafe(null as never)
          yield* runtime.stopAndRemoveRecorder(id)
        }
        expect(yield* of("connections")).toMatchObject({
          "jobs_total a": 4,
          "jobs_total b": 1,
          "job_time_seconds_bucket 0.5": 2,
          "job_time_seconds_bucket 5.0": 4,
          job_time_seconds_count: 5,
          job_spread_seconds_count: 5,
          jobs_recent_values: 5,
          mvx_metrics_events_accepted_total: 8,
          mvx_metrics_events_applied_total: 5,
          mvx_metrics_events_ignored_total: 3,
          "mvx_metrics_events_refused_total invalid": 3,
          mvx_metrics_events_pending: 0,
          mvx_metrics_recorder_failed: 0,
          mvx_metrics_metrics_registered: 4
        })
        expect(yield* of("1")).toEqual({})
        expect(yield* runtime.recorderIds).toEqual([])
      })
    )

    it.effect('has the id "removed" by default, and does not exist for recorders without a total', () =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        yield* counted(yield* runtime.createRecorder("gone", { totalOfRemoved: false }), "gone", [1])
        yield* runtime.stopAndRemoveRecorder("gone")
        yield* counted(yield* runtime.createRecorder("kept"), "kept", [1])
        yield* runtime.stopAndRemoveRecorder("kept")
        const found = yield* of("removed")
        expect(found).toMatchObject({ "jobs_total kept": 1 })
        expect(found).not.toHaveProperty("jobs_total gone")
      })
    )

    it.effect("shares its id with no recorder", () =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        const taken = (id: string) => ({ _tag: "mvx-metrics/RecorderAlreadyExists", recorderId: id })
        expect(yield* Effect.flip(runtime.createRecorder("removed"))).toMatchObject(taken("removed"))
        yield* runtime.createRecorder("one", { totalOfRemoved: "some" })
        expect(yield* Effect.flip(runtime.createRecorder("some"))).toMatchObject(taken("some"))
        expect(yield* Effect.flip(runtime.createRecorder("two", { totalOfRemoved: "one" }))).toMatchObject(taken("one"))
        expect(yield* Effect.flip(runtime.createRecorder("own", { totalOfRemoved: "own" }))).toMatchObject(taken("own"))
        yield* runtime.stopAndRemoveRecorder("one")
      })
    )
  },
  [new URL("../support/scrape.metrics.ts", import.meta.url)]
)

const inProcess = MetricsLayer.layerInProcess({ namespace: "test.totals", logging: "silent" })

type Step =
  | { readonly do: "emit" | "remove" | "create"; readonly id: string; readonly seconds: number }
  | { readonly do: "scrape" }

const ids = ["a", "b", "c"]
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("emit", "emit", "emit", "create", "remove"),
      id: fc.constantFrom(...ids),
      seconds: fc.constantFrom(0.1, 1, 3, 7)
    })
  },
  { weight: 1, arbitrary: fc.constant({ do: "scrape" } as const) }
)

it.effect("is exact for any program", () =>
  forEvery(
    fc.array(anyStep, { maxLength: 40, size: "max" }),
    (steps) =>
      Effect.gen(function* () {
        const runtime = yield* MetricsRuntime
        const emitted = new Map<number, number>()
        let accepted = 0
        let before = new Map<string, number>()
        const recorders = new Map<string, RecorderService>()
        /** Every series that there was: it stays, and only goes up. */
        const addedUp = [
          ["none", new Map<string, number>()],
          ["total", new Map<string, number>()]
        ] as const
        const scrape = Effect.gen(function* () {
          const all = yield* samples
          const sum = (name: string, queue?: string) =>
            all
              .filter((each) => each.name === name && (queue === undefined || each.labels.queue === queue))
              .reduce((sum, { value }) => sum + value, 0)
          expect(sum("mvx_metrics_events_accepted_total")).toBe(accepted)
          expect(sum("mvx_metrics_events_applied_total")).toBe(accepted)
          expect(sum("job_time_seconds_count")).toBe(accepted)
          expect(sum("job_spread_seconds_count")).toBe(accepted)
          for (const [seconds, count] of emitted) expect(sum("jobs_total", `${seconds}`)).toBe(count)
          const totals = new Map<string, number>()
          for (const { labels, name, value } of all) {
            const counts = ["removed", "others"].includes(labels.recorder ?? "") && /_(total|count|bucket)$/.test(name)
            if (counts) totals.set(JSON.stringify([name, labels]), value)
          }
          for (const [series, value] of before) expect(totals.get(series)).toBeGreaterThanOrEqual(value)
          before = totals
          for (const [recorderLabel, seen] of addedUp) {
            const all = yield* samplesOf({ recorderLabel })
            const sum = (name: string) =>
              all.filter((each) => each.name === name).reduce((sum, { value }) => sum + value, 0)
            expect(sum("job_time_seconds_count")).toBe(accepted)
            expect(sum("jobs_total")).toBe(accepted)
            expect(sum("mvx_metrics_events_applied_total")).toBe(accepted)
            const series = new Map(all.map(({ labels, name, value }) => [JSON.stringify([name, labels]), value]))
            expect(series.size).toBe(all.length)
            for (const [each, value] of seen) expect(series.get(each), each).toBeGreaterThanOrEqual(value)
            for (const [each, value] of series) {
              if (/^\["jobs?_\w*(total|count|bucket|sum)"/.test(each)) seen.set(each, value)
            }
          }
        })
        for (const step of steps) {
          if (step.do === "scrape") {
            yield* scrape
            continue
          }
          const { id, seconds } = step
          const recorder = recorders.get(id)
          if (step.do === "create" && recorder === undefined) {
            const made = yield* runtime.createRecorder(id, id === "c" ? { totalOfRemoved: "others" } : undefined)
            yield* made.register(Metric.combine(Jobs, JobTime, JobSpread))
            recorders.set(id, made)
          } else if (step.do === "emit" && recorder?.emitUnsafe(job(`${seconds}`, seconds)) === true) {
            emitted.set(seconds, (emitted.get(seconds) ?? 0) + 1)
            accepted++
          } else if (step.do === "remove" && recorder !== undefined) {
            recorders.delete(id)
            yield* runtime.stopAndRemoveRecorder(id)
          }
        }
        yield* scrape
      }).pipe(Effect.provide(inProcess)),
    runs(40)
  )
)

const TickEvent = Schema.TaggedUnion({ tick: { n: Schema.Number } })

it.effect("separates definitions of one name that measure something else, and reports it once", () =>
  Effect.gen(function* () {
    const { layer, lines } = recordLogs()
    yield* Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const of = (boundaries: ReadonlyArray<number>) =>
        Metric.histogram("ticks", { events: TickEvent, value: "n", boundaries })
      for (const metric of [of([1]), of([2]), of([1]), of([2])]) {
        const recorder = yield* runtime.createRecorder("short")
        yield* recorder.register(metric)
        yield* recorder.emit({ _tag: "tick", n: 1 })
        yield* runtime.stopAndRemoveRecorder("short")
      }
      const text = yield* Prometheus.render()
      expect(text).toContain('ticks_count{recorder="removed",namespace="test.totals"} 2\n')
    }).pipe(Effect.provide(MetricsLayer.layerInProcess({ namespace: "test.totals" })), Effect.provide(layer))
    expect(lines.filter(({ level }) => level === "Warn").map(({ text }) => text)).toEqual([
      "the metric ticks of the recorder short is not in the total removed, which has another definition of that name. Give recorders whose definitions differ totals of their own: totalOfRemoved"
    ])
  })
)

it.effect("does not prevent another metric under a name that only it has", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    const counter = Metric.counter("ticks", { events: TickEvent })
    const histogram = Metric.histogram("ticks", { events: TickEvent, value: "n", boundaries: [1] })
    for (const [id, metric] of [
      ["one", counter],
      ["two", histogram]
    ] as const) {
      const recorder = yield* runtime.createRecorder(id)
      yield* recorder.register(metric)
      yield* recorder.emit({ _tag: "tick", n: 1 })
      if (id === "one") yield* runtime.stopAndRemoveRecorder(id)
    }
    const text = yield* Prometheus.render()
    expect(text).toContain('ticks_count{recorder="two",namespace="test.totals"} 1\n')
    expect(text).not.toContain("ticks_total{")
  }).pipe(Effect.provide(inProcess))
)

it.effect("counts what was folded after a recorder was abandoned", () =>
  Effect.gen(function* () {
    const { open, spawn } = gatedWorker()
    const options = { namespace: "test.totals", logging: "silent", spawn, shutdownTimeout: 20 } as const
    yield* Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const recorder = yield* runtime.createRecorder("late")
      yield* recorder.register(GatedTicks)
      for (let n = 0; n < 3; n++) yield* recorder.emit(gatedTick(n))
      yield* Effect.flip(runtime.stopAndRemoveRecorder("late"))
      open()
      // A scrape has the accounting of the moment it was asked for.
      yield* samples
      expect(yield* of("removed")).toMatchObject({
        mvx_metrics_events_accepted_total: 3,
        mvx_metrics_events_applied_total: 3,
        mvx_metrics_events_pending: 0
      })
      expect(yield* recorder.stats).toMatchObject({ accepted: 3, applied: 3, pending: 0 })
    }).pipe(Effect.provide(MetricsLayer.layerWorker(options)))
  })
)

it.effect("the total of removed recorders is accounted for wherever values are only copied", () =>
  Effect.gen(function* () {
    const runtime = yield* MetricsRuntime
    yield* counted(yield* runtime.createRecorder("gone"), "a", [1, 2])
    yield* runtime.stopAndRemoveRecorder("gone")
    const applied = (yield* collectData(runtime)).find(({ name }) => name === "mvx_metrics.events.applied")
    expect(applied?.points).toMatchObject([{ attributes: { recorder: "removed" }, value: 2 }])
  }).pipe(Effect.provide(inProcess))
)
