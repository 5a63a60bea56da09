/**
 * The output of `mvx-metrics watch`.
 */
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { screenLines } from "../../src/cli/screen.ts"
import { sparkText } from "../../src/cli/sparkline.ts"
import { History } from "../../src/internal/live/model/history.ts"
import type { LiveData } from "../../src/internal/live/model/update.ts"
import { liveMetric } from "../../src/internal/live/server/readRuntime.ts"

const events = Schema.TaggedUnion({ request: { path: Schema.String } })
const Requests = Metric.counter("http.requests", { events, labels: ["path"] })

const dataAfter = (paths: ReadonlyArray<string>, at: number): LiveData => ({
  namespace: "test\u001b[31m",
  at,
  recorderCount: 1,
  recorders: [
    {
      recorderId: "http",
      entityId: "http",
      stats: {
        state: "Running",
        capacity: 1000,
        offered: paths.length + 2,
        accepted: paths.length,
        refused: 2,
        refusedBy: { overflow: 2, invalid: 0, notRunning: 0 },
        applied: paths.length,
        ignored: 0,
        evicted: 0,
        pending: 0
      },
      metrics: [
        {
          ...liveMetric(
            Requests,
            Metric.snapshot(
              Requests,
              Metric.fold(
                Requests,
                paths.map((path) => ({ _tag: "request" as const, path }))
              )
            ),
            100
          ),
          quarantine: { error: "Error: spoilt", missed: 3 }
        }
      ]
    }
  ]
})

const drawn = (rows = 100, series = 1) => {
  const history = new History(60)
  history.add(dataAfter([], 0))
  const data = dataAfter(["/a", "/b", "/b", "/c"], 1000)
  return screenLines(data, history.add(data), history, { columns: 80, rows, color: false, series })
}

describe("the screen", () => {
  it("shows the accounting, each metric with its sparkline, its largest series, and problems", () => {
    const [, , recorder, metric, quarantine, series, ...more] = drawn()
    expect(recorder).toBe("http  Running  accepted 4  refused 2 (2 overflow)  pending 0 of 1,000")
    expect(metric).toMatch(/^ {2}http\.requests +█ +4 4\/s$/)
    expect(quarantine).toBe("    quarantined, missed 3 events: Error: spoilt")
    expect(series).toMatch(/^ {4}path=\/b +2 –$/)
    expect(more).toEqual([])
  })

  it("shows the start time of a process as a time", () => {
    const Start = Metric.gauge("process.start_time", { events, value: () => 1_700_000_000, unit: "s" })
    const state = Metric.fold(Start, [{ _tag: "request", path: "/" }])
    const [recorder] = dataAfter([], 1000).recorders
    const metrics = [liveMetric(Start, Metric.snapshot(Start, state), 100)]
    const data: LiveData = { ...dataAfter([], 1000), recorders: [{ ...recorder!, metrics }] }
    const linesOf = (columns: number) => {
      const history = new History(60)
      return screenLines(data, history.add(data), history, { columns, rows: 9, color: false, series: 1 })
    }
    expect(linesOf(80).at(-1)).toMatch(/^ {2}process\.start_time +█ 2023-11-14 22:13:20Z$/)
    expect(linesOf(30).at(-1)).toMatch(/^ {2}process\.start_… 2023-11-14 …$/)
  })

  it("fits the terminal, and shows how much is left out", () => {
    const lines = drawn(4)
    expect(lines).toHaveLength(4)
    expect(lines[3]).toBe("… 3 more lines")
    for (const line of drawn()) expect(Array.from(line).length).toBeLessThanOrEqual(80)
  })

  it("shows problems first and one line per recorder if not all lines fit", () => {
    const [recorder] = dataAfter(["/a", "/b"], 1000).recorders
    const Capped = Metric.counter("capped", { events, labels: ["path"], maxSeries: 1 })
    const paths = ["/a", "/b"].map((path) => ({ _tag: "request" as const, path }))
    const capped = liveMetric(Capped, Metric.snapshot(Capped, Metric.fold(Capped, paths)), 100)
    const metrics = [
      ...Array.from({ length: 20 }, (_, i) => ({ ...capped, name: `m${i}`, dimensions: { value: 0, series: [] } })),
      capped
    ]
    const data: LiveData = {
      namespace: "many",
      at: 1000,
      recorderCount: 110,
      recorders: Array.from({ length: 10 }, (_, i) => ({
        ...recorder!,
        recorderId: `r${i}`,
        metrics: i === 9 ? metrics : metrics.slice(0, 3)
      }))
    }
    const history = new History(60)
    const views = history.add(data)
    const lines = screenLines(data, views, history, { columns: 80, rows: 24, color: false, series: 1 })
    expect(lines).toHaveLength(24)
    expect(lines[1]).toMatch(/^overflow capped in r9 has more series than its limit: the label “path” has 1 va…$/)
    for (let i = 0; i < 10; i++) expect(lines.filter((each) => each.startsWith(`r${i}  Running`))).toHaveLength(1)
    // In all 11 problems, 10 recorders, 9 times 3 metrics and 21, of which one has a problem: 70, of which 21 are shown.
    expect(lines.slice(-2)).toEqual(["… 49 more lines", "… 100 more recorders"])
  })

  it.each([20, 30, 45, 60, 200])("fits a terminal of %i columns, including wide letters", (columns) => {
    const history = new History(60)
    const [first] = dataAfter(["/a", "界".repeat(50), "e\u0301".repeat(60)], 1000).recorders
    const data: LiveData = {
      ...dataAfter([], 1000),
      namespace: "界".repeat(50),
      recorders: [{ ...first!, error: "x".repeat(300) }]
    }
    const lines = screenLines(data, history.add(data), history, { columns, rows: 100, color: false, series: 9 })
    expect(lines).toHaveLength(9)
    for (const line of lines) {
      // Two columns for each of these letters, none for an accent.
      const width = Array.from(line.replaceAll("\u0301", "")).length + (line.match(/界/g)?.length ?? 0)
      expect(width).toBeLessThanOrEqual(columns)
    }
    expect(lines[4]).toMatch(/3( |$)/)
  })

  it("shows the results of exports, and why the last one failed", () => {
    const history = new History(60)
    const one = { exporter: "OTLP to a", delivered: 1200, partial: 0, failed: 0, rejectedPoints: 0 }
    const data: LiveData = {
      ...dataAfter(["/a"], 1000),
      runtime: {
        exports: [
          { ...one, failing: undefined, lastError: { at: 0, message: "over" } },
          {
            ...one,
            exporter: "OTLP to b",
            failed: 2,
            failing: "503",
            lastError: { at: 0, message: "it is\u001b[31m full" }
          }
        ]
      }
    }
    const lines = screenLines(data, history.add(data), history, { columns: 80, rows: 100, color: false, series: 1 })
    expect(lines.slice(1, 5)).toEqual([
      "exported OTLP to a 1,200 delivered",
      "failed 503 OTLP to b 1,200 delivered, 2 failed",
      "  it is�[31m full",
      ""
    ])
    const small = screenLines(data, history.add(data), history, { columns: 80, rows: 6, color: false, series: 1 })
    expect(small).toHaveLength(6)
  })

  it("shows problems of the runtime above its recorders", () => {
    const history = new History(60)
    const data: LiveData = {
      ...dataAfter(["/a"], 1000),
      runtime: { restarts: 2, memory: { used: 60e6, limit: 64e6 } }
    }
    const lines = screenLines(data, history.add(data), history, { columns: 80, rows: 100, color: false, series: 1 })
    expect(lines.slice(1, 4)).toEqual([
      "restarted The worker ended and was replaced 2 times",
      "nearly full The memory has 60 MB of events in it; its limit is 64 MB",
      ""
    ])
  })

  it("prints no control sequences from text", () => {
    expect(drawn()[0]).toMatch(/^test�\[31m {2}● /)
  })
})

it("a sparkline has eight heights, from zero, and gaps for missing values", () => {
  expect(sparkText([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe("▁▂▃▄▅▆▇█")
  expect(sparkText([null, 5, 5], 5)).toBe("   ██")
  expect(sparkText([0, 0], 2)).toBe("▁▁")
  expect(sparkText([1, 2, 3], 2)).toHaveLength(2)
})
