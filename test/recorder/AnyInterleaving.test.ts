// Under any interleaving of emits, reads, yields and a slow listener, the accounting balances at every step, and
// accepted events are folded once each, in order.
import { expect } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch } from "effect"
import fc from "fast-check"
import type { RecorderService } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { policies } from "../support/policies.ts"
import { TickLog, Ticks, tick } from "../support/probe.metrics.ts"
import { forEvery } from "../support/property.ts"

/** What a program does next. Ticks are numbered as they are emitted; the other events concern no metric. */
type Step =
  | "emit a tick"
  | "emitUnsafe a tick"
  | "emit what concerns nobody"
  | "emit what is no event"
  | "read"
  | "settle"
  | "yield"
  | "hold the listener"
  | "let the listener go"

const someSteps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Step>("emit a tick", "emitUnsafe a tick", "emit what concerns nobody") },
    { weight: 1, arbitrary: fc.constantFrom<Step>("emit what is no event", "read", "yield", "settle") },
    { weight: 1, arbitrary: fc.constantFrom<Step>("hold the listener", "let the listener go") }
  ),
  { maxLength: 60, size: "max" }
)

/** What was offered, in the order of arrival, with what became of it once that is known. */
interface Offered {
  readonly what: number | "nobody" | "invalid"
  readonly decided: Effect.Effect<"accepted" | "refused">
}

const decision = (exit: Exit.Exit<boolean, unknown>) => (Exit.isSuccess(exit) && exit.value ? "accepted" : "refused")

/** Runs the steps; gives what was offered. */
const play = (recorder: RecorderService, steps: ReadonlyArray<Step>, listener: Latch.Latch) =>
  Effect.gen(function* () {
    const offered: Array<Offered> = []
    const reads: Array<Fiber.Fiber<void, unknown>> = []
    let ticks = 0
    let held = false

    // Under backpressure an emit may have to wait, so each has a fiber.
    const emit = (what: Offered["what"], event: { readonly _tag: string }) =>
      Effect.map(Effect.forkChild(recorder.emit(event), { startImmediately: true }), (fiber) => {
        offered.push({ what, decided: Effect.map(Fiber.await(fiber), decision) })
      })
    const read = Effect.map(recorder.report, ({ sequence, snapshots, stats }) => {
      expectBalanced(stats)
      const { count } = snapshots["probe.ticks"]!.dimensions as { count: number }
      expect(count).toBeLessThanOrEqual(sequence)
    })
    const run = (step: Step): Effect.Effect<void, unknown> => {
      switch (step) {
        case "emit a tick":
          return emit(ticks, tick(ticks++))
        case "emitUnsafe a tick": {
          const accepted = recorder.emitUnsafe(tick(ticks))
          offered.push({ what: ticks++, decided: Effect.succeed(accepted ? "accepted" : "refused") })
          return Effect.void
        }
        case "emit what concerns nobody":
          return emit("nobody", { _tag: "unheard.of" })
        case "emit what is no event":
          return emit("invalid", null as never)
        case "read":
          return Effect.map(Effect.forkChild(read, { startImmediately: true }), (fiber) => void reads.push(fiber))
        case "settle":
          return held ? Effect.void : read
        case "yield":
          return Effect.yieldNow
        case "hold the listener":
          held = true
          return Effect.asVoid(listener.close)
        case "let the listener go":
          held = false
          return Effect.asVoid(listener.open)
      }
    }
    for (const step of steps) {
      yield* run(step)
      expectBalanced(yield* recorder.stats)
    }
    yield* listener.open
    yield* Fiber.joinAll(reads)
    return yield* Effect.forEach(offered, ({ decided, what }) =>
      Effect.map(decided, (decision) => ({ what, accepted: decision === "accepted" }))
    )
  })

const isSubsequence = (part: ReadonlyArray<number>, whole: ReadonlyArray<number>): boolean => {
  let next = 0
  for (const n of whole) if (n === part[next]) next++
  return next === part.length
}

onBothLayers("any interleaving", (it) => {
  it.effect.each(policies)("%s: every event is accounted for, and accepted events are folded in order", (overflow) =>
    forEvery(fc.record({ capacity: fc.integer({ min: 1, max: 8 }), steps: someSteps }), ({ capacity, steps }) =>
      Effect.gen(function* () {
        const listener = yield* Effect.acquireRelease(Latch.make(true), (latch) => latch.open)
        const recorder = yield* newRecorder({
          capacity,
          overflow,
          onStarting: listener.await,
          onMetricChanged: () => listener.await
        })
        yield* recorder.register(Ticks)
        yield* recorder.register(TickLog)
        const offered = yield* play(recorder, steps, listener)
        const { stats } = yield* recorder.report
        const log = (yield* recorder.snapshot(TickLog)).dimensions.log.map(([n]) => n)
        const accepted = offered.filter((offer) => offer.accepted).map(({ what }) => what)
        const acceptedTicks = accepted.filter((what) => typeof what === "number")
        const invalid = offered.filter(({ what }) => what === "invalid").length

        expectBalanced(stats)
        expect(stats).toMatchObject({ offered: offered.length, accepted: accepted.length, pending: 0 })
        expect(stats.refusedBy).toEqual({
          overflow: offered.length - accepted.length - invalid,
          invalid,
          notRunning: 0
        })
        expect(stats.applied).toBe(log.length)
        if (overflow === "drop-oldest")
          expect(isSubsequence(log, acceptedTicks), `${log} of ${acceptedTicks}`).toBe(true)
        else expect({ log, evicted: stats.evicted }).toEqual({ log: acceptedTicks, evicted: 0 })
        expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(log.length)
      })
    )
  )
})
