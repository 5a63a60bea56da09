// How events are accepted: the effect, the synchronous form, and the API for components, which requires no recorder.
import { expect, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber } from "effect"
import { type Emitter, MetricsError, Recorder } from "mvx-metrics"
import { badInputOf } from "../support/badInput.ts"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { heldByHook } from "../support/held.ts"
import { Notes, note, Ticks, tick } from "../support/probe.metrics.ts"
import { reasonOf } from "../support/registerReason.ts"

const howItEnded = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return `success ${exit.value}`
  if (Cause.hasInterrupts(exit.cause)) return "interruption"
  return Cause.hasDies(exit.cause) ? `defect ${Cause.squash(exit.cause)}` : `failure ${Cause.squash(exit.cause)}`
}

const noteOfExit = Recorder.onExit((exit) => note(howItEnded(exit)))

/** A recorder that takes no more events. */
const stopped = Effect.gen(function* () {
  const recorder = yield* newRecorder()
  yield* recorder.start
  yield* recorder.stop
  return recorder
})

onBothLayers("emitting", (it) => {
  it.effect("emit returns that the event was accepted, and the metric handles it", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      expect(yield* recorder.emit(tick(5))).toBe(true)
      expect(yield* recorder.snapshot(Ticks)).toEqual({ name: "probe.ticks", dimensions: { count: 1, sum: 5 } })
    })
  )

  it.effect("emitUnsafe does the same synchronously", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      expect(recorder.emitUnsafe(tick(5))).toBe(true)
      expect((yield* recorder.stats).accepted).toBe(1)
      expect(yield* recorder.snapshot(Ticks)).toEqual({ name: "probe.ticks", dimensions: { count: 1, sum: 5 } })
    })
  )

  it.effect("an emit effect is a description: it emits each time it runs, and not before", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const emit = recorder.emit(tick())
      expect((yield* recorder.stats).offered).toBe(0)
      yield* emit
      yield* emit
      expect((yield* recorder.stats).accepted).toBe(2)
    })
  )

  it.effect("neither form waits for the fold", () =>
    Effect.gen(function* () {
      const { recorder } = yield* heldByHook({ capacity: 100 })
      for (let n = 1; n <= 20; n++) {
        expect(yield* recorder.emit(tick(n))).toBe(true)
        expect(recorder.emitUnsafe(tick(n))).toBe(true)
      }
      expect((yield* recorder.stats).accepted).toBe(41)
    })
  )
})

onBothLayers("the API for components", (it) => {
  it.effect("Recorder.register and Recorder.emit use the provided recorder", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const component = Effect.andThen(Recorder.register(Ticks), Recorder.emit(tick(3)))
      yield* Effect.provideService(component, Recorder, recorder)
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 1, sum: 3 })
    })
  )

  it.effect("Recorder.emit never fails: refused events are counted", () =>
    Effect.gen(function* () {
      const recorder = yield* stopped
      yield* Effect.provideService(Recorder.emit(tick()), Recorder, recorder)
      yield* Effect.provideService(Recorder.emit(null as never), Recorder, recorder)
      const { recorder: full } = yield* heldByHook({ capacity: 1, overflow: "fail" })
      const before = yield* full.stats
      yield* Effect.provideService(Effect.andThen(Recorder.emit(tick()), Recorder.emit(tick())), Recorder, full)
      expect((yield* recorder.stats).refusedBy).toEqual({ overflow: 0, invalid: 1, notRunning: 1 })
      expect((yield* full.stats).offered).toBe(before.offered + 2)
      expect((yield* full.stats).refusedBy.overflow).toBeGreaterThan(0)
    })
  )

  it.effect("Recorder.register fails if the metric cannot be measured", () =>
    Effect.gen(function* () {
      const refusal = yield* reasonOf(Effect.provideService(Recorder.register(Ticks), Recorder, yield* stopped))
      expect(refusal).toBeInstanceOf(MetricsError.InvalidState)
    })
  )

  it.effect("onExit reports how an effect ended, and does not change the exit", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Notes)
      const business = {
        success: Effect.succeed("saved"),
        failure: Effect.fail("disk full"),
        defect: Effect.die("bug"),
        interruption: Effect.interrupt
      }
      for (const effect of Object.values<Effect.Effect<string, string>>(business)) {
        const alone = yield* Effect.exit(effect)
        const measured = yield* effect.pipe(noteOfExit, Effect.provideService(Recorder, recorder), Effect.exit)
        expect(howItEnded(measured)).toBe(howItEnded(alone))
      }
      const { notes } = (yield* recorder.snapshot(Notes)).dimensions
      expect(notes).toEqual(["success saved", "failure disk full", "defect bug", "interruption"])
    })
  )

  it.effect("onExit sees an interruption from outside", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Notes)
      const business = Effect.never.pipe(noteOfExit, Effect.provideService(Recorder, recorder))
      const fiber = yield* Effect.forkChild(business, { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      expect((yield* recorder.snapshot(Notes)).dimensions.notes).toEqual(["interruption"])
    })
  )

  it.effect("onExit runs once per run, also data-first and in Effect.fn", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      const save = Effect.fn("save")(
        function* (bytes: number) {
          return yield* Effect.succeed(bytes)
        },
        Recorder.onExit((exit) => tick(Exit.isSuccess(exit) ? exit.value : 0))
      )
      const load = Recorder.onExit(Effect.succeed(100), (exit) => tick(Exit.isSuccess(exit) ? exit.value : 0))
      const program = Effect.all([save(1), save(2), load])
      expect(yield* Effect.provideService(program, Recorder, recorder)).toEqual([1, 2, 100])
      expect((yield* recorder.snapshot(Ticks)).dimensions).toEqual({ count: 3, sum: 103 })
    })
  )

  it.effect("onExit emits nothing if its function returns undefined", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const quiet = Effect.succeed("done").pipe(Recorder.onExit(() => undefined))
      expect(yield* Effect.provideService(quiet, Recorder, recorder)).toBe("done")
      expect((yield* recorder.stats).offered).toBe(0)
    })
  )

  it.effect("whatever the function of onExit does wrong, the exit is unchanged and the failure is counted", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      const wrong: ReadonlyArray<() => never> = [
        () => {
          throw new Error("the event could not be made")
        },
        () => "not an event" as never,
        () => ({ _tag: "probe.note", text: () => "not plain data" }) as never
      ]
      for (const event of wrong) {
        const saved = Effect.succeed("saved").pipe(Recorder.onExit(event))
        expect(yield* Effect.provideService(saved, Recorder, recorder)).toBe("saved")
        const failed = Effect.fail("disk full").pipe(Recorder.onExit(event))
        expect(yield* Effect.flip(Effect.provideService(failed, Recorder, recorder))).toBe("disk full")
      }
      expect(yield* recorder.stats).toMatchObject({ accepted: 0, refusedBy: { invalid: 6 } })
    })
  )

  it.effect("a recorder that refuses the event of onExit leaves the exit unchanged", () =>
    Effect.gen(function* () {
      const { recorder: full } = yield* heldByHook({ capacity: 1, overflow: "fail" })
      for (const recorder of [yield* stopped, full]) {
        const before = (yield* recorder.stats).refused
        const saved = Effect.succeed("saved").pipe(noteOfExit, Effect.repeat({ times: 3 }))
        expect(yield* Effect.provideService(saved, Recorder, recorder)).toBe("saved")
        expect((yield* recorder.stats).refused).toBeGreaterThan(before)
      }
    })
  )
})

it.effect("without a recorder, emit, register and onExit require nothing and do nothing", () =>
  Effect.gen(function* () {
    // The annotations say it to the compiler: no requirement is left.
    const emit: Effect.Effect<void> = Recorder.emit(tick())
    const register: Effect.Effect<Emitter<ReturnType<typeof tick>>, MetricsError.RegisterError> = Recorder.register(
      Ticks
    )
    const called = yield* Deferred.make<void>()
    const measured: Effect.Effect<string> = Effect.succeed("saved").pipe(
      Recorder.onExit(() => {
        Deferred.doneUnsafe(called, Exit.void)
        return tick()
      })
    )
    expect(yield* emit).toBeUndefined()
    expect((yield* register).emitUnsafe(tick())).toBe(false)
    expect(yield* measured).toBe("saved")
    expect(yield* Deferred.isDone(called), "the event is not even made").toBe(false)
  })
)

it.effect("without a recorder, even invalid input does nothing", () =>
  Effect.gen(function* () {
    yield* Recorder.emit(null as never)
    yield* Recorder.register("not a metric" as never)
    const failed = Effect.fail("disk full").pipe(
      Recorder.onExit(() => {
        throw new Error("the event could not be made")
      })
    )
    expect(yield* Effect.flip(failed)).toBe("disk full")
  })
)

it.effect("reading the environment's recorder names what to provide if there is none", () =>
  Effect.gen(function* () {
    for (const read of [Recorder.snapshots, Recorder.report]) {
      expect(yield* badInputOf(read as Effect.Effect<unknown>)).toMatchObject({
        message:
          "Recorder: is not provided. Provide Recorder.layer(id) where the program reads as well, with Layer.provideMerge"
      })
    }
  })
)
