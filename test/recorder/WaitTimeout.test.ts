// A waiter for a recorder that does not finish is notified in time, by the real clock.
import { expect, it as test } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Recorder, type RecorderService } from "mvx-metrics"
import { onBothLayers } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { heldByHook } from "../support/held.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

const waitTimeout = 50

/** Waits to the end of what goes on, however slow the machine is. */
const patiently = <A, E extends { readonly _tag: string }>(wait: Effect.Effect<A, E>) =>
  Effect.retry(wait, { while: ({ _tag }) => _tag === "mvx-metrics/WaitTimeout" })

type Read = (recorder: RecorderService) => Effect.Effect<unknown, { readonly _tag: string }>

const reads: { readonly [name: string]: Read } = {
  snapshots: (recorder) => recorder.snapshots,
  snapshot: (recorder) => recorder.snapshot(Ticks),
  report: (recorder) => recorder.report,
  states: (recorder) => recorder.states,
  "a delta read": (recorder) => Effect.flatMap(recorder.deltaReader, ({ read }) => read)
}

onBothLayers("while the fold of a recorder is stalled", (it) => {
  it.effect.each(Object.entries(reads))("%s fails with the progress of the fold, and succeeds later", ([_, read]) =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ waitTimeout })
      yield* recorder.emit(tick(1))
      expect(yield* Effect.flip(read(recorder))).toMatchObject({
        _tag: "mvx-metrics/WaitTimeout",
        recorderId: recorder.recorderId,
        operation: "read",
        timeout: "50ms",
        sequence: 2,
        folded: 0,
        hook: "onMetricChanged"
      })
      yield* release
      yield* patiently(read(recorder))
      expect((yield* patiently(recorder.snapshot(Ticks))).dimensions.count).toBe(2)
    })
  )

  it.effect("a stop fails likewise, and continues", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ waitTimeout })
      expect(yield* Effect.flip(recorder.stop)).toMatchObject({
        _tag: "mvx-metrics/WaitTimeout",
        operation: "stop",
        folded: 0
      })
      expect(yield* recorder.state).toBe("Stopping")
      const joined = yield* forkNow(patiently(recorder.stop))
      yield* release
      yield* Fiber.join(joined)
      expect(yield* recorder.state).toBe("Stopped")
    })
  )
})

test.effect("a start that does not end fails likewise, and continues", () =>
  Effect.gen(function* () {
    const gate = yield* makeGate
    const recorder = yield* Recorder.make({ waitTimeout, onStarting: gate.pass, logging: "silent" })
    expect(yield* Effect.flip(recorder.start)).toMatchObject({
      _tag: "mvx-metrics/WaitTimeout",
      operation: "start",
      hook: "onStarting"
    })
    const joined = yield* forkNow(patiently(recorder.start))
    yield* gate.open
    yield* Fiber.join(joined)
    expect(yield* recorder.state).toBe("Running")
  })
)
