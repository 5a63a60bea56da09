// A fiber that waits for room is notified, also if an earlier one failed to request the notification.
import { expect, vi } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { LaneCounters } from "../../src/internal/stream/foldedCounters.ts"
import { expectBalanced } from "../support/accounting.ts"
import { onBothLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { forkNow } from "../support/forkNow.ts"
import { heldByHook } from "../support/held.ts"
import { tick } from "../support/probe.metrics.ts"

onBothLayers("a failed request to the fold", (it) => {
  it.effect("leaves later requests in the wait queue", () =>
    Effect.gen(function* () {
      const { recorder, release } = yield* heldByHook({ capacity: 1, overflow: "backpressure" })
      const want = vi.spyOn(LaneCounters.prototype, "want").mockImplementationOnce(() => {
        throw new RangeError("Maximum call stack size exceeded")
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => want.mockRestore()))
      expect(Exit.isFailure(yield* Effect.exit(recorder.emit(tick(1))))).toBe(true)
      const waiting = yield* forkNow(recorder.emit(tick(2)))
      yield* release
      for (let turn = 0; turn < 100 && waiting.pollUnsafe() === undefined; turn++) yield* foldTurn
      expect(waiting.pollUnsafe()).toEqual(Exit.succeed(true))
      yield* Fiber.join(waiting)
      const { stats } = yield* recorder.report
      expectBalanced(stats)
      expect(stats.pending).toBe(0)
    })
  )
})
