// A state that is not plain data cannot be stored: the report says so, and counts the events that are lost with it.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Metric, MetricsRuntime } from "mvx-metrics"
import { memoryEvents } from "../../src/internal/store/memoryEvents.ts"
import { recordLogs } from "../support/logs.ts"
import { aggregator, namespace, storeOf } from "./support/processes.ts"
import { Requests } from "./support/requests.metrics.ts"

interface State {
  readonly requests: number
  readonly next?: () => number
}

const lost = Metric.make("requests.lost", {
  events: Requests,
  initial: { requests: 0 } as State,
  reduce: {
    "http.request": ({ requests }, { seconds }): State =>
      seconds === 0 ? { requests } : { requests: requests + 1, next: () => 1 },
    "http.body": (state) => state
  },
  merge: (one, other): State => ({ requests: one.requests + other.requests, next: () => 1 }),
  view: ({ requests }) => ({ requests })
})
const kept = Metric.counter("requests.kept", { events: Requests })

const request = { _tag: "http.request", method: "GET", route: "/", seconds: 1, user: "u" } as const
const body = { _tag: "http.body", sizes: [] } as const
const unread = { _tag: "http.unread", note: "" } as const

it.effect("every event whose effect is lost with the state of a metric is counted, and the log names the metric", () =>
  Effect.gen(function* () {
    const store = memoryEvents()
    const runtime = yield* MetricsRuntime.makeInProcess({
      ...{ namespace, logging: "silent", stream: { store: storeOf(store), interval: "1 hour" } }
    })
    yield* runtime.start
    const recorder = yield* runtime.createRecorder("http")
    yield* recorder.register(lost)
    const { emit } = yield* recorder.register(kept)
    const { layer, lines } = recordLogs()
    const folding = Effect.gen(function* () {
      const stream = yield* aggregator(store, { metrics: [lost, kept] })
      return {
        to: (shown: number, missed: number) =>
          Effect.gen(function* () {
            yield* runtime.flush()
            yield* stream.foldNow
            const { recorders } = yield* stream.report
            expect(recorders.http!.snapshots).toMatchObject({
              [lost.name]: {
                quarantine: { error: expect.stringContaining("its state could not be saved"), missed }
              },
              [kept.name]: { dimensions: { value: shown } }
            })
          }),
        report: stream.report,
        foldNow: stream.foldNow
      }
    })
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { to } = yield* folding
        for (const event of [request, body, unread, request]) yield* emit(event)
        yield* to(4, 3)
        yield* emit(request)
        yield* to(5, 4)
      })
    ).pipe(Effect.provide(layer))
    expect(lines.map(({ text }) => text).join("\n")).toContain(
      `the metric "${lost.name}" of "http": its state could not`
    )
    // Another aggregator begins with nothing of it.
    const { foldNow, report, to } = yield* folding
    for (const event of [request, body]) yield* emit(event)
    yield* to(7, 6)
    yield* runtime.shutdown
    yield* foldNow
    const { ended, leftOut, recorders } = yield* report
    expect({ ended, leftOut }).toEqual({ ended: 1, leftOut: [lost.name] })
    expect(recorders.http!.snapshots[kept.name]!.dimensions).toEqual({ value: 7 })
  }).pipe(Effect.scoped)
)
