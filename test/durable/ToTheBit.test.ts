// Wherever a process ends, the next one continues as if there had been only one.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { MetricsRuntime } from "mvx-metrics"
import { awkward } from "../support/exactSums.ts"
import { runs } from "../support/long.ts"
import { all, type LastingEvent } from "../worker/fixtures/lasting.metrics.ts"
import { namespace, openStore } from "./support.ts"

type Work = typeof LastingEvent.Type

const anyWork: fc.Arbitrary<Work> = fc.record({
  _tag: fc.constant("lasting.work"),
  kind: fc.constantFrom("a", "b", "c d", "é"),
  millis: fc.oneof(fc.nat(2000), awkward)
})

/** What there is in the end, of events that several processes have folded one after the other. */
const after = (parts: ReadonlyArray<ReadonlyArray<Work>>) =>
  Effect.gen(function* () {
    const { store } = openStore()
    let last: unknown
    let n = 0
    for (const part of parts) {
      last = yield* Effect.scoped(
        Effect.gen(function* () {
          const durable = { store, levels: true }
          const runtime = yield* MetricsRuntime.makeInProcess({ namespace, logging: "silent", durable })
          yield* runtime.start
          const recorder = yield* runtime.createRecorder("a")
          for (const metric of all) yield* recorder.register(metric)
          for (const work of part) {
            yield* TestClock.setTime(++n * 7000)
            yield* recorder.emit(work)
          }
          return [yield* recorder.snapshots, yield* recorder.states]
        })
      )
    }
    return last
  }).pipe(Effect.provide(TestClock.layer()))

it("a written and restored state continues bit for bit", () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.array(anyWork, { maxLength: 12 }), { minLength: 1, maxLength: 4 }), async (parts) => {
      const [one, several] = await Effect.runPromise(Effect.all([after([parts.flat()]), after(parts)]))
      expect(several).toEqual(one)
    }),
    { numRuns: runs(25) }
  ))
