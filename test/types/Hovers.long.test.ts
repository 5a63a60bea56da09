/**
 * The hover texts of the public values in an editor, with a family of many events: the distinguishing part comes first,
 * and nothing is longer than a screen. Editors truncate types after a few hundred characters, so that the rest is not
 * visible.
 */
import { describe, expect, it } from "vitest"
import { withLanguageService } from "../support/languageService.ts"

const program = [
  'import { Effect, Schema } from "effect"',
  'import { Metric, MetricsRuntime, Recorder } from "mvx-metrics"',
  'import { MetricsRuntime as Facade } from "mvx-metrics/promise"',
  "const events = Schema.TaggedUnion({",
  '  "app.request": { seconds: Schema.Number, outcome: Schema.Literals(["FAILED", "OK"]) },',
  ...Array.from({ length: 50 }, (_, i) => `  "app.event_${i}": { n: Schema.Number, queue: Schema.String },`),
  "})",
  'const when = "app.request"',
  'const Requests = Metric.counter("app.requests", { events, when, labels: ["outcome"] })',
  'const Durations = Metric.histogram("app.duration", { events, when, value: "seconds", unit: "s" })',
  'const Last = Metric.gauge("app.last", { events, when, value: "seconds", unit: "" })',
  'const Score = Metric.make("app.score", { events, initial: { n: 0 }, reduce: { "app.request": ({ n }) => ({ n: n + 1 }) } })',
  "const AppMetrics = Metric.module(import.meta.url, [Requests, Durations])",
  "export const program = Effect.gen(function* () {",
  "  const metrics = yield* Recorder.register(AppMetrics)",
  '  yield* metrics.emit({ _tag: "app.request", seconds: 1, outcome: "OK" })',
  "  const recorder = yield* Recorder",
  "  const shown = yield* recorder.snapshot(Requests)",
  "  const runtime = yield* MetricsRuntime",
  "  return [Last, Score, shown, runtime.createRecorder]",
  "})",
  'export const layer = Recorder.layer("app")',
  'const started = Facade.start({ namespace: "app" })',
  "const ended = (await started).shutdown()"
].join("\n")

describe("an editor", () => {
  it("shows the type of a value in short, and completes units", async () => {
    await withLanguageService(program, async ({ completions, hover }) => {
      const shown: { [text: string]: string } = {}
      const hovers: ReadonlyArray<readonly [text: string, begin: RegExp]> = [
        [
          "Requests =",
          /^const Requests: Metric\.Metric<"app\.requests", Metric\.CounterDimensions<\{ readonly outcome: "FAILED" \| "OK"; \}>, Metric\.SeriesState<Metric\.ExactSum>, \{/
        ],
        [
          "Durations =",
          /^const Durations: Metric\.Metric<"app\.duration", Metric\.HistogramDimensions<Record<never, never>>, /
        ],
        [
          "Last =",
          /^const Last: Metric\.Metric<"app\.last", \{ readonly value: number \| null; readonly at: number \| null; \} & Metric\.Remarks<Metric\.GaugePoint>, /
        ],
        ["Score =", /^const Score: Metric\.Metric<"app\.score", \{ n: number; \}, \{ n: number; \}, \{/],
        [
          "AppMetrics =",
          /^const AppMetrics: Metric\.MetricSet<readonly \[Metric\.Metric<"app\.requests", Metric\.CounterDimensions</
        ],
        ["counter(", /^const counter: <"app\.requests", "app\.request", readonly \["outcome"\], /],
        ["make(", /^const make: <"app\.score", \{ n: number; \}, "app\.request", /],
        [
          "register(",
          /^\(property\) Recorder\.register: <Metric\.MetricSet<readonly \[Metric\.Metric<"app\.requests", /
        ],
        [
          "metrics = ",
          /^const metrics: Emitter<\{ readonly _tag: "app\.request"; readonly seconds: number; readonly outcome: "FAILED" \| "OK"; \}>$/
        ],
        [
          "shown = ",
          /^const shown: Snapshot<Metric\.CounterDimensions<\{ readonly outcome: "FAILED" \| "OK"; \}>, string>$/
        ],
        ["recorder = ", /^const recorder: RecorderService$/],
        ["runtime = ", /^const runtime: RuntimeService$/],
        ["layer = ", /^const layer: Layer<Recorder, ShareError, MetricsRuntime>$/],
        ["start(", /^\(method\) MetricsRuntime\.start\(options: StartOptions\): Promise<Facade>$/],
        ["started = ", /^const started: Promise<Facade>$/],
        ["ended = ", /^const ended: Promise<void>$/]
      ]
      for (const [text] of hovers) shown[text] = await hover(text)
      for (const [text, begin] of hovers) {
        expect(shown[text], text).toMatch(begin)
        expect(shown[text]!.length, text).toBeLessThan(1000)
        expect(shown[text], text).not.toMatch(/\bany\b|TypeId|import\(/)
      }
      expect(await completions('unit: "')).toEqual(expect.arrayContaining(["s", "ms", "By", "%", "1", "Hz"]))
    })
  })
})
