// Which metrics a scrape shows, and how their series are labelled.
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { Metric, MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { onBothLayers } from "../support/bothLayers.ts"
import { decodeFamilies } from "../support/familyDecoder.ts"
import { JobSpread, Jobs, JobTime, job, LastJob } from "../support/scrape.metrics.ts"

const lines = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) =>
      line
        .replace(/namespace="[^"]*",?/, "")
        .replace(",}", "}")
        .replace("{}", "")
    )
    .sort()

const render = (options: Prometheus.ScrapeOptions) => Effect.map(Prometheus.render("text", options), lines)

const scraped = (options: Prometheus.ScrapeOptions, query: string) =>
  Effect.flatMap(Prometheus.handler(options), (handle) =>
    Effect.promise(async () => lines(await (await handle(new Request(`http://localhost/metrics${query}`))).text()))
  )

/** Two recorders with jobs, and one that was removed. */
const jobs = Effect.gen(function* () {
  const runtime = yield* MetricsRuntime
  const of = Effect.fn(function* (id: string, seconds: number, totalOfRemoved: string) {
    yield* Effect.addFinalizer(() => Effect.ignore(runtime.stopAndRemoveRecorder(id)))
    const recorder = yield* runtime.createRecorder(id, { totalOfRemoved })
    yield* recorder.register(Metric.combine(Jobs, JobTime, JobSpread, LastJob))
    yield* recorder.emit(job("x", seconds))
  })
  // Totals last as long as the runtime, which all tests share.
  const all = `all ${++runs}`
  yield* of("gone", 7, all)
  yield* runtime.stopAndRemoveRecorder("gone")
  yield* of("one", 0.1, all)
  yield* of("two", 1, all)
  return all
})
let runs = 0

onBothLayers(
  "a scrape",
  (it) => {
    it.effect("merges recorders into one total, including removed recorders", () =>
      Effect.gen(function* () {
        const all = yield* jobs
        const shown = yield* render({ recorderLabel: "total", selfMetrics: false })
        expect(shown.filter((line) => line.includes(all))).toEqual(
          [
            `jobs_total{recorder="${all}",queue="x"} 3`,
            `job_time_seconds_bucket{recorder="${all}",le="0.5"} 1`,
            `job_time_seconds_bucket{recorder="${all}",le="5"} 2`,
            `job_time_seconds_bucket{recorder="${all}",le="+Inf"} 3`,
            `job_time_seconds_sum{recorder="${all}"} 8.1`,
            `job_time_seconds_count{recorder="${all}"} 3`,
            ...shown.filter((line) => line.startsWith("job_spread") && line.includes(all))
          ].sort()
        )
        expect(shown).toContain(`job_spread_seconds_count{recorder="${all}"} 3`)
        // It has no merge.
        expect(shown.filter((line) => line.startsWith("job_last"))).toEqual([
          'job_last{recorder="one"} 0.1',
          'job_last{recorder="two"} 1'
        ])
      }).pipe(Effect.scoped)
    )

    it.effect("merges all recorders if there is no recorder label, with their accounting", () =>
      Effect.gen(function* () {
        const before = yield* render({ recorderLabel: "none" })
        yield* jobs
        const shown = yield* render({ recorderLabel: "none" })
        const number = (lines: ReadonlyArray<string>, series: string) =>
          Number(lines.find((line) => line.startsWith(`${series} `))?.split(" ")[1] ?? 0)
        for (const series of [
          'jobs_total{queue="x"}',
          'job_time_seconds_bucket{le="+Inf"}',
          "job_time_seconds_count",
          "job_spread_seconds_count",
          "mvx_metrics_events_accepted_total"
        ]) {
          expect(number(shown, series) - number(before, series), series).toBe(3)
        }
        expect(number(shown, "mvx_metrics_metrics_registered")).toBe(3)
        expect(
          shown.filter((line) => line.includes("recorder=")).filter((line) => !line.startsWith("job_last"))
        ).toEqual([
          'mvx_metrics_metrics_overflowing{recorder="one"} 0',
          'mvx_metrics_metrics_overflowing{recorder="two"} 0',
          'mvx_metrics_metrics_quarantined{recorder="one"} 0',
          'mvx_metrics_metrics_quarantined{recorder="two"} 0',
          'mvx_metrics_metrics_registered{recorder="one"} 1',
          'mvx_metrics_metrics_registered{recorder="two"} 1'
        ])
      }).pipe(Effect.scoped)
    )

    it.effect("adds the configured labels to all series, in every format", () =>
      Effect.gen(function* () {
        yield* jobs
        const labels = { zone: 'a"b', queue: "all" }
        const shown = yield* render({ labels })
        expect(shown).toContain('jobs_total{zone="a\\"b",queue="all",recorder="one",exported_queue="x"} 1')
        for (const line of shown) expect(line).toMatch(/\{zone="a\\"b",queue="all"/)
        const families = decodeFamilies(yield* Prometheus.render("protobuf", { labels })).values()
        for (const { samples } of families) {
          for (const { labels } of samples) expect(labels).toMatchObject({ zone: 'a"b', queue: "all" })
        }
      }).pipe(Effect.scoped)
    )

    it.effect("leaves out the self-metrics", () =>
      Effect.gen(function* () {
        yield* jobs
        expect((yield* render({})).some((line) => line.startsWith("mvx_metrics_"))).toBe(true)
        expect((yield* render({ selfMetrics: false })).filter((line) => line.startsWith("mvx_metrics_"))).toEqual([])
      }).pipe(Effect.scoped)
    )

    it.effect("contains only the families that a request names, by their name or by that of a sample", () =>
      Effect.gen(function* () {
        yield* jobs
        const families = (lines: ReadonlyArray<string>) => [...new Set(lines.map((line) => /^\w+/.exec(line)![0]))]
        expect(families(yield* scraped({}, "?name[]=jobs_total"))).toEqual(["jobs_total"])
        expect(families(yield* scraped({}, "?name%5B%5D=jobs&name[]=mvx_metrics_recorders"))).toEqual([
          "jobs_total",
          "mvx_metrics_recorders"
        ])
        expect(families(yield* scraped({}, "?other=1&name[]=job_time_seconds_sum"))).toEqual([
          "job_time_seconds_bucket",
          "job_time_seconds_count",
          "job_time_seconds_sum"
        ])
        expect(yield* scraped({ recorderLabel: "none" }, "?name[]=nothing")).toEqual([])
        expect((yield* scraped({}, "")).length).toBeGreaterThan(20)
      }).pipe(Effect.scoped)
    )

    it.effect.each([
      [{ recorderLabel: "all" }, /recorderLabel: must be one of id, total, none, got "all"/],
      [{ labels: { recorder: "x" } }, /labels: has the label "recorder", which the metrics have/],
      [{ labels: { "a-b": "x" } }, /labels: has the label "a-b"/],
      [{ labels: { a: 1 } }, /labels: has the label "a", whose value must be a string/],
      [{ selfMetrics: "no" }, /selfMetrics: must be true or false/]
    ] as const)("rejects %j", ([options, message]) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(Prometheus.render("text", options as Prometheus.ScrapeOptions))
        expect(String((exit as { readonly cause?: unknown }).cause)).toMatch(message)
      })
    )
  },
  [new URL("../support/scrape.metrics.ts", import.meta.url)]
)
