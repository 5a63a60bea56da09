// A fiber that waits for room is told of it, also where an earlier one could not ask to be told.
import { expect, vi } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { LaneCounters } from "../../src/internal/stream/foldedCounters.ts"
import { expectBalanced } from "../support/accounting.ts"
import { onBothLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { forkNow } from "../support/forkNow.ts"
import { heldByHook } from "../support/held.ts"
import { tick } from "../support/probe.metrics.ts"

onBothLayers("a question that fails", (it) => {
  it.effect("leaves those who ask later in the queue for room", () =>
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
