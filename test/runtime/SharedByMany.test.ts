// A hundred users of one id, who come, go and are interrupted at any time: a model checks what the recorder reports.
import { expect } from "@effect/vitest"
import { Effect, Exit, Fiber, Option } from "effect"
import fc from "fast-check"
import { MetricsRuntime } from "mvx-metrics"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { onBothLayers } from "../support/bothLayers.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"
import { forEvery } from "../support/property.ts"

/** Turns of the event loop that pass before something. */
const turns = fc.nat({ max: 6 })

const pass = (count: number) => Effect.forEach(Array.from({ length: count }), () => nextTurn, { discard: true })

/** Over a time that is long enough for the recorder to end and to begin again in between. */
const someUsers = fc.array(
  fc.record({
    comesAfter: fc.nat({ max: 150 }),
    stays: turns,
    interruptedAfter: fc.option(turns, { freq: 2, nil: undefined })
  }),
  { minLength: 1, maxLength: 100, size: "max" }
)

/** How the starts and stops go, one after the other, and again from the first. */
const someLives = fc.array(
  fc.record({ startTakes: turns, stopTakes: turns, startFails: fc.boolean(), stopFails: fc.boolean() }),
  { minLength: 1, maxLength: 5 }
)

onBothLayers("a recorder that a hundred fibers share", (it) => {
  it.effect("is one at any time, alive while it is used, and gone at the end", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      yield* forEvery(fc.tuple(someUsers, someLives), ([users, lives]) =>
        Effect.gen(function* () {
          let live = 0
          let made = 0
          const lifeOf = (n: number) => lives[n % lives.length]!
          const options = {
            onStarting: Effect.suspend(() => {
              const { startFails, startTakes } = lifeOf(made++)
              expect(++live).toBe(1)
              return Effect.andThen(pass(startTakes), startFails ? Effect.fail("start") : Effect.void)
            }).pipe(Effect.onError(() => Effect.sync(() => void live--))),
            onStopped: Effect.suspend(() => {
              const { stopFails, stopTakes } = lifeOf(made)
              return Effect.andThen(pass(stopTakes), stopFails ? Effect.fail("stop") : Effect.void)
            }).pipe(Effect.ensuring(Effect.sync(() => void live--)))
          }
          const use = (stays: number) =>
            Effect.gen(function* () {
              const recorder = yield* runtime.recorder("shared by many", options)
              const metrics = yield* recorder.register(Ticks)
              for (let turn = 0; turn <= stays; turn++) {
                expect(yield* recorder.state).toBe("Running")
                expect(metrics.emitUnsafe(tick())).toBe(true)
                expect(live).toBe(1)
                yield* pass(1)
              }
            }).pipe(Effect.scoped)
          const visits = yield* Effect.forEach(users, ({ comesAfter, interruptedAfter, stays }) =>
            Effect.gen(function* () {
              yield* pass(comesAfter)
              const visit = yield* Effect.forkChild(use(stays), { startImmediately: true })
              if (interruptedAfter !== undefined) {
                yield* pass(interruptedAfter)
                yield* Fiber.interrupt(visit)
              }
              return yield* Fiber.await(visit)
            }).pipe(Effect.forkChild)
          )
          for (const visit of visits) {
            const exit = yield* Fiber.join(visit)
            const [reason] = Exit.isFailure(exit) ? exit.cause.reasons : []
            if (reason?._tag === "Die") throw reason.defect
            if (reason?._tag === "Fail") expect(reason.error).toMatchObject({ hook: "onStarting", cause: "start" })
          }
          expect(yield* runtime.findRecorder("shared by many")).toEqual(Option.none())
          expect(live).toBe(0)
        })
      )
    })
  )
})
