/**
 * Recorders whose fold is blocked until it is released, so that a test can observe accepted events that are not yet
 * folded. Each is released at the end of its test at the latest.
 */
import { Effect } from "effect"
import type { RecorderOptions } from "mvx-metrics"
import { newRecorder } from "./bothLayers.ts"
import { makeGate } from "./gate.ts"
import { Ticks, tick } from "./probe.metrics.ts"

/** A recorder that starts with its first event and stays `Starting` until `release`. */
export const heldInStart = (options?: RecorderOptions) =>
  Effect.gen(function* () {
    const gate = yield* makeGate
    const recorder = yield* newRecorder({ ...options, onStarting: gate.pass })
    return { recorder, release: gate.open }
  })

/**
 * A running recorder with `Ticks`, whose hook `onMetricChanged` has one change in its hands, that of `tick(0)`, and
 * does not return before `release`.
 */
export const heldByHook = (options?: RecorderOptions) =>
  Effect.gen(function* () {
    const gate = yield* makeGate
    const recorder = yield* newRecorder({ ...options, onMetricChanged: () => gate.pass })
    yield* recorder.register(Ticks)
    yield* recorder.emit(tick(0))
    yield* gate.reached
    return { recorder, release: gate.open }
  })
