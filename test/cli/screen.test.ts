/**
 * What `mvx-metrics watch` draws.
 */
import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Metric } from "mvx-metrics"
import { screenLines } from "../../src/cli/screen.ts"
import { sparkText } from "../../src/cli/sparkText.ts"
import { History } from "../../src/internal/live/history.ts"
import { liveMetric } from "../../src/internal/live/liveData.ts"
import type { LiveData } from "../../src/internal/live/liveModel.ts"

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
  it("shows the account, each metric with its line, its largest series, and what is wrong", () => {
    const [, , recorder, metric, quarantine, series, ...more] = drawn()
    expect(recorder).toBe("http  Running  accepted 4  refused 2 (2 overflow)  pending 0 of 1,000")
    expect(metric).toMatch(/^ {2}http\.requests +█ +4 4\/s$/)
    expect(quarantine).toBe("    quarantined, 3 events missed: Error: spoilt")
    expect(series).toMatch(/^ {4}path=\/b +2 –$/)
    expect(more).toEqual([])
  })

  it("fits the terminal, and says what is left out", () => {
    const lines = drawn(4)
    expect(lines).toHaveLength(4)
    expect(lines[3]).toBe("… 3 more lines")
    for (const line of drawn()) expect(Array.from(line).length).toBeLessThanOrEqual(80)
  })

  it("does not let text steer the terminal", () => {
    expect(drawn()[0]).toMatch(/^test�\[31m {2}● /)
  })
})

it("a line has eight heights, from zero, and gaps where there was nothing", () => {
  expect(sparkText([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe("▁▂▃▄▅▆▇█")
  expect(sparkText([null, 5, 5], 5)).toBe("   ██")
  expect(sparkText([0, 0], 2)).toBe("▁▁")
  expect(sparkText([1, 2, 3], 2)).toHaveLength(2)
})
