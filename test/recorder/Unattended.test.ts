// Accepted events are folded without further action: no read or emit is needed, wherever the event waits.
import { expect, it } from "@effect/vitest"
import { Effect, Latch } from "effect"
import { newRecorder, onBothLayers, runtimeLayers } from "../support/bothLayers.ts"
import { policies } from "../support/policies.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

const cases = policies.flatMap((overflow) => [1, 2, 3, 100].map((capacity) => [overflow, capacity] as const))

onBothLayers("after the last event", (it) => {
  it.effect.each(cases)("%s: all of a capacity of %d are folded, and their changes reported", ([overflow, capacity]) =>
    Effect.gen(function* () {
      const last = yield* Latch.make()
      const recorder = yield* newRecorder({
        capacity,
        overflow,
        onMetricChanged: ({ sequence }) => (sequence === capacity ? last.open : Effect.void)
      })
      yield* recorder.register(Ticks)
      yield* recorder.start
      for (let n = 1; n <= capacity; n++) expect(recorder.emitUnsafe(tick(n))).toBe(true)
      yield* last.await
    })
  )
})

for (const [where, runtime] of Object.entries(runtimeLayers())) {
  it.live(`by the live clock a single event is folded, and one after a pause, ${where}`, () =>
    Effect.gen(function* () {
      const folded = yield* Latch.make()
      const recorder = yield* newRecorder({ onMetricChanged: () => folded.open })
      yield* recorder.register(Ticks)
      for (let n = 1; n <= 3; n++) {
        yield* folded.close
        expect(recorder.emitUnsafe(tick(n))).toBe(true)
        yield* folded.await
      }
    }).pipe(Effect.provide(runtime))
  )
}
