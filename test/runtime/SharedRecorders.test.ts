// Users of one id share a recorder: it starts with the first and ends with the last.
import { describe, expect, it as test } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Latch, Layer, Option, References, Scope } from "effect"
import { type MetricsError, MetricsRuntime, Recorder, type RecorderOptions, type RecorderService } from "mvx-metrics"
import { onBothLayers } from "../support/bothLayers.ts"
import { onBothRuntimes, started } from "../support/bothRuntimes.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

/** A user of a recorder, who leaves when it is told to. */
const use = <R = never>(id: string, options?: RecorderOptions<R>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const runtime = yield* MetricsRuntime
    const recorder = yield* Scope.provide(runtime.recorder(id, options), scope)
    return { recorder, leave: Scope.close(scope, Exit.void) }
  })

const isThere = (id: string) =>
  Effect.flatMap(MetricsRuntime, (runtime) => Effect.map(runtime.findRecorder(id), Option.isSome))

const count = (recorder: RecorderService) => Effect.map(recorder.snapshot(Ticks), ({ dimensions }) => dimensions.count)

onBothLayers("a shared recorder", (it) => {
  it.effect("is one for all users of its trimmed id, and ends with the last of them", () =>
    Effect.gen(function* () {
      const steps: Array<string> = []
      const options = { onStopped: Effect.sync(() => void steps.push("stopped")) }
      const one = yield* use("shared", options)
      const other = yield* use(" shared ", options)
      expect(other.recorder).toBe(one.recorder)
      yield* one.recorder.register(Ticks)
      yield* one.recorder.emit(tick())
      yield* one.leave
      expect(yield* other.recorder.state).toBe("Running")
      for (let n = 0; n < 500; n++) other.recorder.emitUnsafe(tick(n))
      expect(steps).toEqual([])
      yield* other.leave
      expect(steps).toEqual(["stopped"])
      expect(yield* other.recorder.stats).toMatchObject({ state: "Stopped", applied: 501, pending: 0 })
      expect(yield* isThere("shared")).toBe(false)
    })
  )

  it.effect("is a fresh one for the next user", () =>
    Effect.gen(function* () {
      const first = yield* use("next")
      yield* first.recorder.register(Ticks)
      yield* first.leave
      const second = yield* use("next", { capacity: 5 })
      expect(second.recorder).not.toBe(first.recorder)
      expect(yield* second.recorder.snapshots).toEqual({})
      yield* first.leave
      expect(yield* isThere("next")).toBe(true)
      yield* second.leave
    })
  )

  it.effect("rejects other options, and names them", () =>
    Effect.gen(function* () {
      const onStopped = Effect.void
      const one = yield* use("options", { capacity: 100, waitTimeout: "1 minute", onStopped })
      const error = yield* Effect.flip(
        use("options", {
          capacity: 200,
          overflow: "fail",
          waitTimeout: "2 minutes",
          onStopped: Effect.asVoid(onStopped)
        })
      )
      expect(error).toMatchObject({
        _tag: expect.stringMatching(/RecorderOptionsDiffer$/),
        recorderId: "options",
        options: ["capacity", "overflow", "waitTimeout", "onStopped"]
      })
      expect(error.message).toMatch(/capacity, overflow, waitTimeout, onStopped/)
      expect(yield* one.recorder.state).toBe("Running")
      yield* one.leave
      expect(yield* isThere("options")).toBe(false)
    })
  )

  it.effect("compares options by value, with the defaults of the runtime", () =>
    Effect.gen(function* () {
      const same: ReadonlyArray<RecorderOptions | undefined> = [
        undefined,
        {},
        { entityId: " by value " },
        { capacity: 10_000, overflow: "drop-newest", logging: "silent" },
        { shutdownTimeout: 10_000, waitTimeout: "0.5 minutes" },
        { shutdownTimeout: "10 seconds", onStarting: undefined } as never
      ]
      const users = yield* Effect.forEach(same, (options) => use("by value", options))
      for (const { recorder } of users) expect(recorder).toBe(users[0]!.recorder)
      for (const different of [
        { entityId: "x" },
        { logging: "normal" as const },
        { onMetricChanged: () => Effect.void }
      ]) {
        expect(yield* Effect.flip(use("by value", different))).toMatchObject({ options: Object.keys(different) })
      }
      for (const { leave } of users) yield* leave
    })
  )

  it.effect("with a blank entityId is shared as well", () =>
    Effect.gen(function* () {
      const one = yield* use("blank", { entityId: "" })
      const other = yield* use("blank", { entityId: " " })
      expect(other.recorder).toBe(one.recorder)
      expect(one.recorder.entityId).toMatch(/^[\da-f-]{36}$/)
      yield* Effect.andThen(one.leave, other.leave)
    })
  )

  it.effect("cannot coexist with an exclusive recorder of the same id", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      yield* runtime.createRecorder("exclusive")
      expect(yield* Effect.flip(use("exclusive"))).toMatchObject({
        _tag: expect.stringMatching(/RecorderAlreadyExists$/)
      })
      expect(yield* isThere("exclusive")).toBe(true)
      yield* runtime.stopAndRemoveRecorder("exclusive")
      const { leave, recorder } = yield* use("exclusive")
      const error = yield* Effect.flip(runtime.createRecorder("exclusive"))
      expect(error).toMatchObject({ _tag: expect.stringMatching(/RecorderAlreadyExists$/) })
      expect(yield* runtime.getRecorder("exclusive")).toBe(recorder)
      yield* leave
      yield* runtime.createRecorder("exclusive")
    })
  )

  it.effect.each([3, 4, 5, 7, 2048])("starts once, however many come at once (yielding every %d steps)", (steps) =>
    Effect.gen(function* () {
      const id = `at once ${steps}`
      let starts = 0
      const options = { onStarting: Effect.sync(() => void starts++) }
      const users = yield* Effect.all(
        Array.from({ length: 20 }, () => use(id, options)),
        { concurrency: "unbounded" }
      ).pipe(Effect.provideService(References.MaxOpsBeforeYield, steps))
      expect(starts).toBe(1)
      expect(new Set(users.map(({ recorder }) => recorder)).size).toBe(1)
      yield* Effect.forEach(users, ({ leave }) => leave, { concurrency: "unbounded", discard: true })
      expect(yield* isThere(id)).toBe(false)
    })
  )

  it.effect.each([3, 4, 5, 7])(
    "is never one that is ending, while users come and go (yielding every %d steps)",
    (steps) =>
      Effect.gen(function* () {
        const id = `come and go ${steps}`
        let [running, most, lives] = [0, 0, 0]
        const options = {
          onStarting: Effect.sync(() => {
            lives++
            most = Math.max(most, ++running)
          }),
          onStopped: Effect.sync(() => void running--)
        }
        const visit = Effect.gen(function* () {
          const { leave, recorder } = yield* use(id, options)
          expect(yield* recorder.state).toBe("Running")
          yield* recorder.register(Ticks)
          expect(yield* recorder.emit(tick())).toBe(true)
          yield* count(recorder)
          yield* leave
        })
        yield* Effect.all(
          Array.from({ length: 10 }, () => Effect.andThen(Effect.andThen(visit, visit), visit)),
          { concurrency: "unbounded" }
        ).pipe(Effect.provideService(References.MaxOpsBeforeYield, steps))
        expect({ running, most }).toEqual({ running: 0, most: 1 })
        expect(lives).toBeGreaterThan(0)
        expect(yield* isThere(id)).toBe(false)
      })
  )

  it.effect("makes a new user wait while it ends, who then gets a fresh one", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const first = yield* use("ending", { onStopped: gate.pass })
      const leaving = yield* forkNow(first.leave)
      yield* gate.reached
      const coming = yield* forkNow(use("ending"))
      const impatient = yield* forkNow(use("ending"))
      yield* Fiber.interrupt(impatient)
      expect(coming.pollUnsafe()).toBe(undefined)
      yield* gate.open
      yield* Fiber.join(leaving)
      const second = yield* Fiber.join(coming)
      expect(second.recorder).not.toBe(first.recorder)
      expect(yield* second.recorder.state).toBe("Running")
      yield* second.leave
      expect(yield* isThere("ending")).toBe(false)
    })
  )

  it.effect("stays with the second user if the first is interrupted while it starts", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const options = { onStarting: gate.pass }
      const first = yield* forkNow(use("interrupted", options))
      yield* gate.reached
      const second = yield* forkNow(use("interrupted", options))
      yield* Fiber.interrupt(first)
      expect(yield* isThere("interrupted")).toBe(true)
      yield* gate.open
      const { leave, recorder } = yield* Fiber.join(second)
      expect(yield* recorder.state).toBe("Running")
      yield* leave
      expect(yield* isThere("interrupted")).toBe(false)
    })
  )

  it.effect("is not started if all its users leave while it starts", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const interrupted = yield* Deferred.make<void>()
      const options = { onStarting: Effect.onInterrupt(gate.pass, () => Deferred.succeed(interrupted, undefined)) }
      const users = [yield* forkNow(use("left", options)), yield* forkNow(use("left", options))]
      yield* gate.reached
      yield* Fiber.interruptAll(users)
      yield* Deferred.await(interrupted)
      expect(yield* isThere("left")).toBe(false)
      yield* Effect.flatMap(use("left"), ({ leave }) => leave)
    })
  )

  it.effect("fails all waiters if its start fails, and the next user starts another one", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const runtime = yield* MetricsRuntime
      const scope = yield* Effect.scope
      const failing = Scope.provide(
        runtime.recorder("failing", { onStarting: Effect.andThen(gate.pass, Effect.fail("no disk")) }),
        scope
      )
      const users = [yield* forkNow(failing), yield* forkNow(failing)]
      yield* gate.reached
      yield* gate.open
      for (const user of users) {
        expect(yield* Effect.flip(Fiber.join(user))).toMatchObject({ _tag: expect.stringMatching(/HookFailed$/) })
      }
      expect(yield* isThere("failing")).toBe(false)
      // In the same scope, which is still open.
      const recorder = yield* runtime.recorder("failing", { capacity: 7 })
      expect(yield* recorder.state).toBe("Running")
    })
  )

  it.effect("causes no error at the end of its users if it was removed, and they do not end a later one", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const old = yield* use("taken away")
      yield* runtime.stopAndRemoveRecorder("taken away")
      const later = yield* use("taken away", { capacity: 3 })
      expect(later.recorder).not.toBe(old.recorder)
      expect(Exit.isSuccess(yield* Effect.exit(old.leave))).toBe(true)
      expect(yield* later.recorder.state).toBe("Running")
      yield* later.leave
      const third = yield* use("taken away")
      yield* runtime.stopAndRemoveRecorder("taken away")
      const exclusive = yield* runtime.createRecorder("taken away")
      yield* third.leave
      expect(yield* exclusive.state).toBe("Running")
    })
  )

  it.effect("is awaited by new users and leaving ones while somebody else removes it", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const runtime = yield* MetricsRuntime
      const old = yield* use("being removed", { onStopped: gate.pass })
      const removing = yield* forkNow(runtime.stopAndRemoveRecorder("being removed"))
      yield* gate.reached
      const coming = yield* forkNow(use("being removed"))
      const leaving = yield* forkNow(old.leave)
      expect([coming.pollUnsafe(), leaving.pollUnsafe()]).toEqual([undefined, undefined])
      yield* gate.open
      yield* Fiber.joinAll([removing, leaving])
      const { leave, recorder } = yield* Fiber.join(coming)
      expect(recorder).not.toBe(old.recorder)
      yield* leave
    })
  )

  it.effect("has its own scope for its hooks, which ends with it", () =>
    Effect.gen(function* () {
      const steps: Array<string> = []
      const options = {
        onStarting: Effect.acquireRelease(
          Effect.sync(() => void steps.push("opened")),
          () => Effect.sync(() => void steps.push("closed"))
        ),
        onStopped: Effect.sync(() => void steps.push("stopped"))
      }
      const one = yield* use("with a scope", options)
      const other = yield* use("with a scope", options)
      yield* one.leave
      expect(steps).toEqual(["opened"])
      yield* other.leave
      expect(steps).toEqual(["opened", "stopped", "closed"])
    })
  )

  it.effect("fails waits for itself in its own hooks, and is removed when its last user leaves in one", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const refused: Array<unknown> = []
      const options: RecorderOptions = {
        onStarting: Effect.suspend(() => Effect.exit(Effect.scoped(runtime.recorder("hooked", options)))).pipe(
          Effect.map((exit) => refused.push(Exit.findErrorOption(exit)))
        ),
        onMetricChanged: () => Deferred.await(leaveInHook).pipe(Effect.flatten, Effect.andThen(left.open)),
        onStopped: Effect.suspend(() => Effect.map(one!.stats, (stats) => last.push(stats)))
      }
      const last: Array<unknown> = []
      let one: RecorderService | undefined
      const leaveInHook = Deferred.makeUnsafe<Effect.Effect<void>>()
      const left = Latch.makeUnsafe()
      const { leave, recorder } = yield* use("hooked", options)
      one = recorder
      expect(refused).toMatchObject([{ value: { _tag: expect.stringMatching(/InvalidState$/) } }])
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* Deferred.succeed(leaveInHook, leave)
      yield* left.await
      const next = yield* use("hooked")
      expect(next.recorder).not.toBe(recorder)
      expect(last).toMatchObject([{ accepted: 1, applied: 1, pending: 0 }])
      yield* next.leave
    })
  )

  it.effect("in layers is one for several modules of an application", () =>
    Effect.gen(function* () {
      const component = Layer.effectDiscard(Recorder.register(Ticks))
      const one = component.pipe(Layer.provideMerge(Recorder.layer("app")))
      const other = component.pipe(Layer.provideMerge(Recorder.layer("app", { capacity: 10_000 })))
      const [a, b] = yield* Effect.scoped(
        Effect.gen(function* () {
          const contexts = [yield* Layer.build(one), yield* Layer.build(other)]
          return yield* Effect.forEach(contexts, (context) => Effect.provide(Recorder, context))
        })
      )
      expect(a).toBe(b)
      expect(yield* a!.state).toBe("Stopped")
      const differing = Layer.merge(Recorder.layer("app"), Recorder.layer("app", { capacity: 1 }))
      expect(yield* Effect.flip(Effect.scoped(Layer.build(differing)))).toMatchObject({ options: ["capacity"] })
      expect(yield* isThere("app")).toBe(false)
    })
  )

  it.effect.each<readonly [string, string, object | undefined]>([
    ["a blank id", "  ", undefined],
    ["an unknown option", "bad options", { size: 3 }],
    ["an invalid capacity", "bad options", { capacity: 0 }]
  ])("is not created for %s", ([_what, id, options]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(use(id, options as never))
      expect(Exit.isFailure(exit) && String(exit.cause)).toMatch(/InvalidArgument/)
      expect(yield* isThere("bad options")).toBe(false)
    })
  )
})

onBothRuntimes("the users of a shared recorder", (make) => {
  const withRuntime = <A, E>(effect: Effect.Effect<A, E, MetricsRuntime | Scope.Scope>) =>
    Effect.flatMap(started(make()), (runtime) => Effect.provideService(effect, MetricsRuntime, runtime))

  test.effect("end without an error after the runtime has been shut down", () =>
    Effect.gen(function* () {
      const runtime = yield* MetricsRuntime
      const one = yield* use("shut down")
      const other = yield* use("shut down")
      yield* one.leave
      yield* runtime.shutdown
      expect(yield* other.recorder.state).toBe("Stopped")
      expect(Exit.isSuccess(yield* Effect.exit(other.leave))).toBe(true)
      expect(yield* Effect.flip(use("shut down"))).toMatchObject({ _tag: expect.stringMatching(/InvalidState$/) })
    }).pipe(withRuntime)
  )

  test.effect("get an error that a runtime is not running", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      const error = yield* Effect.flip(Effect.provideService(use("idle"), MetricsRuntime, runtime))
      expect(error).toMatchObject({ _tag: expect.stringMatching(/InvalidState$/), state: "Idle" })
    })
  )
})

describe("the type of a shared recorder", () => {
  test("names its errors, its scope and the requirements of its hooks", () => {
    const shared = MetricsRuntime.use((runtime) => runtime.recorder("a"))
    const typed: Effect.Effect<RecorderService, MetricsError.ShareError, MetricsRuntime | Scope.Scope> = shared
    expect(typed).toBe(shared)
  })
})
