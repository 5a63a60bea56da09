// Those who add up processes keep so many ids: what goes into a total from then on is told once, in every way of adding up.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { RecorderService, RuntimeService } from "mvx-metrics"
import { PartSizes, Parts, part } from "../support/addedUp.metrics.ts"
import { addTo, exporting, ways } from "../support/processes.ts"

const emit = (recorder: RecorderService, count: number) =>
  Effect.forEach(Array(count), () => recorder.emit(part("a")), { discard: true })

describe.each(Object.entries(ways))("added up in a %s,", (_, way) => {
  it.effect(
    "what ids have counted that are not kept any more is told once, also where another process has the id",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000)
        const of = [Parts, PartSizes]
        const { gather, merged, processes } = yield* way(of)
        const [one, two] = processes
        const counting = (runtime: RuntimeService, id: string) =>
          Effect.gen(function* () {
            const recorder = yield* runtime.createRecorder(id)
            for (const metric of of) yield* recorder.register(metric)
            yield* emit(recorder, 2)
            return recorder
          })
        const deltas = yield* exporting(merged, "delta", of)
        const told = new Map<string, number>()
        const tell = Effect.gen(function* () {
          yield* gather
          for (const point of yield* deltas) addTo(told, point, point.value)
        })
        const all = (count: number) => new Map(of.map(({ name }) => [`${name} a`, count]))
        // A process keeps 1000 ids of recorders that were removed.
        for (let i = 0; i < 1003; i++) yield* counting(one, `r${i}`)
        const others = yield* Effect.forEach([0, 1, 1001, 1002], (i) => counting(two, `r${i}`))
        yield* tell
        expect(told).toEqual(all(2 * (1003 + 4)))
        for (let i = 0; i < 1003; i++) yield* one.stopAndRemoveRecorder(`r${i}`)
        yield* tell
        expect(told).toEqual(all(2 * (1003 + 4)))
        for (const recorder of others) yield* emit(recorder, 1)
        yield* counting(one, "another")
        yield* one.stopAndRemoveRecorder("another")
        yield* tell
        expect(told).toEqual(all(2 * (1003 + 4) + 4 + 2))
      }).pipe(Effect.scoped)
  )
})
