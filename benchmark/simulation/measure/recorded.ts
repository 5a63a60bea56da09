/** A runtime in this process with a recorder that has counted. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import {
  type Metric,
  MetricsRuntime,
  type RecorderService,
  type RuntimeOptions,
  type RuntimeService
} from "mvx-metrics"
import { type RequestDone, requests } from "../kinds.ts"

export const namespace = "scale"

/** As many events as make a state of usual size. */
const EventsPerSeries = 200

export interface Recorded {
  readonly runtime: RuntimeService
  readonly recorder: RecorderService
  readonly emit: (events: ReadonlyArray<RequestDone>) => void
}

export const recorded = Effect.fnUntraced(function* (
  metrics: ReadonlyArray<Metric.Any>,
  series: number,
  perSeries: number = EventsPerSeries,
  options: Partial<RuntimeOptions> = {}
): Effect.fn.Return<Recorded, unknown, Scope.Scope> {
  const runtime = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent", ...options })
  yield* runtime.start
  const recorder = yield* runtime.createRecorder("http", { capacity: 1_000_000 })
  for (const metric of metrics) yield* recorder.register(metric)
  const emit = (events: ReadonlyArray<RequestDone>): void => {
    for (const event of events) recorder.emitUnsafe(event)
  }
  emit(requests(series, perSeries))
  yield* recorder.snapshots
  return { runtime, recorder, emit }
})
