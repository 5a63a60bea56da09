// Self-metrics are shown like any metric, in scrapes and in snapshots.
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { MetricsRuntime } from "mvx-metrics"
import * as Prometheus from "mvx-metrics/Prometheus"
import { collectData } from "../../src/internal/exporters/collect.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { done, Few, Fragile, Jobs, Latest, waiting } from "../support/exported.metrics.ts"
import { textOf } from "../support/exposition.ts"

/** The samples of a recorder under names of the library's own, without the label that says whose they are. */
const ownSamples = (text: string, recorderId: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .filter((line) => line.startsWith("mvx_metrics_") && line.includes(`recorder="${recorderId}"`))
    .map((line) =>
      line
        .slice("mvx_metrics_".length)
        .replace(/recorder="[^"]*",namespace="[^"]*"/, "")
        .replace("{,", "{")
    )
    .map((line) => line.replace("{}", ""))
    .sort()

const texts = Effect.gen(function* () {
  const runtime = yield* MetricsRuntime
  return { scraped: yield* Prometheus.render(), read: textOf(yield* collectData(runtime)) }
})

onBothLayers(
  "self-metrics",
  (it) => {
    it.effect("self-metrics contain the accounting of each recorder and the condition of its metrics", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder({ capacity: 10 })
        for (const metric of [Jobs, Few, Fragile, Latest]) yield* recorder.register(metric)
        for (const queue of ["a", "b", "fatal"]) yield* recorder.emit(done(1, queue))
        yield* recorder.snapshots
        yield* recorder.emit(done(Number.NaN))
        yield* recorder.emit(waiting(1))
        recorder.emitUnsafe(null as never)
        yield* recorder.stop
        recorder.emitUnsafe(waiting(1))
        const { read, scraped } = yield* texts
        const own = ownSamples(scraped, recorder.recorderId)
        expect(own).toEqual([
          "events_accepted_total 5",
          "events_applied_total 4",
          "events_capacity 10",
          "events_evicted_total 0",
          "events_ignored_total 1",
          'events_missed_total{metric="jobs.fragile"} 2',
          "events_pending 0",
          'events_refused_total{reason="invalid"} 1',
          'events_refused_total{reason="not_running"} 1',
          'events_refused_total{reason="overflow"} 0',
          'measurements_rejected_total{metric="jobs.latest"} 1',
          "metrics_overflowing 1",
          "metrics_quarantined 1",
          "metrics_registered 4",
          "recorder_failed 0"
        ])
        expect(ownSamples(read, recorder.recorderId)).toEqual(own)
      })
    )

    it.effect("self-metrics contain the duration of the fold before the last read", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Jobs)
        yield* recorder.emit(done(1))
        yield* Prometheus.render()
        yield* TestClock.adjust("1 second")
        // By the clock of the program, which stands still.
        expect((yield* texts).scraped).toMatch(/\nmvx_metrics_fold_lag_seconds\{namespace="[^"]+"\} 0\n/)
      })
    )

    it.effect("self-metrics contain how full the runtime is", () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* recorder.register(Jobs)
        for (const queue of ["full-1", "full-2"]) yield* recorder.emit(done(1, queue))
        yield* recorder.snapshots
        const { namespace, stats } = yield* MetricsRuntime
        const { read, scraped } = yield* texts
        const { memory, recorders, restarts, strings, types } = yield* stats
        expect(strings.used).toBeGreaterThanOrEqual(2)
        for (const text of [scraped, read]) {
          const shown = (name: string) =>
            Number(new RegExp(`^mvx_metrics_${name}\\{namespace="${namespace}"\\} (.*)$`, "m").exec(text)?.[1])
          expect({
            recorders: shown("recorders"),
            restarts: shown("worker_restarts_total"),
            memory: { used: shown("memory_used_bytes"), limit: shown("memory_limit_bytes") },
            types: { used: shown("types_used"), limit: shown("types_limit") },
            strings: { used: shown("strings_used"), limit: shown("strings_limit") }
          }).toEqual({ recorders, restarts, memory, types, strings })
          for (const name of ["recorders", "memory_used_bytes", "types_limit", "strings_used"]) {
            expect(text).toMatch(new RegExp(`^# HELP mvx_metrics_${name} .+\\.$`, "m"))
            expect(text).toMatch(new RegExp(`^# TYPE mvx_metrics_${name} gauge$`, "m"))
          }
        }
      })
    )
  },
  [new URL("../support/exported.metrics.ts", import.meta.url)]
)
