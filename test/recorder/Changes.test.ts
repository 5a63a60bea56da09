import { expect } from "@effect/vitest"
import { Effect, Fiber, Result, Stream } from "effect"
import { MetricsRuntime, type RecorderService } from "mvx-metrics"
import { newRecorder, onBothLayers } from "../support/bothLayers.ts"
import { foldTurn } from "../support/foldTurn.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { listen } from "../support/listen.ts"
import { EvenTicks, Ticks, tick } from "../support/probe.metrics.ts"

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

const ticking = (options?: Parameters<typeof newRecorder<never>>[0]) =>
  Effect.tap(newRecorder(options), (recorder) => recorder.register(Ticks))

/** Waits until the fold has come as far as it can for now. */
const untilItRests = (recorder: RecorderService) =>
  Effect.gen(function* () {
    for (let before = -1, turns = 0; turns < 3; turns++) {
      yield* foldTurn
      const { pending } = yield* recorder.stats
      if (pending !== before) turns = 0
      before = pending
    }
  })

/** Emits as much as the recorder takes, again and again until it takes nothing more, but no more than `most`. */
const fill = (recorder: RecorderService, most: number) =>
  Effect.gen(function* () {
    for (let taken = 0; taken < most && recorder.emitUnsafe(tick()); taken++) {
      while (taken < most && recorder.emitUnsafe(tick())) taken++
      yield* untilItRests(recorder)
    }
  })

onBothLayers("a consumer of changes that reads its own recorder", (it) => {
  it.effect("gets its answer if the fold does not wait for it", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      const read = Stream.mapEffect(recorder.changes, () => recorder.snapshot(Ticks))
      const consumer = yield* forkNow(Stream.runCollect(Stream.take(read, 10)))
      for (let n = 0; n < 10; n++) recorder.emitUnsafe(tick(1))
      expect((yield* Fiber.join(consumer)).at(-1)?.dimensions.count).toBe(10)
    })
  )

  it.effect("fails if the fold waits for it, and receives every change", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder()
      yield* recorder.register(Ticks)
      const outcomes: Array<string> = []
      let taken = 0
      const all = 200
      const consumer = yield* forkNow(
        recorder.changes.pipe(
          Stream.take(all),
          Stream.runForEach(() =>
            Effect.map(Effect.result(recorder.snapshots), (result) => {
              taken++
              outcomes.push(Result.isSuccess(result) ? "read" : result.failure._tag)
            })
          )
        )
      )
      for (let n = 0; n < all; n++) recorder.emitUnsafe(tick(1))
      yield* Fiber.join(consumer)
      expect(taken).toBe(all)
      expect(outcomes).toContain("mvx-metrics/InvalidState")
      expect(outcomes).not.toContain("mvx-metrics/WaitTimeout")
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(all)
    })
  )
})

onBothLayers("a stream of changes", (it) => {
  it.effect("emits every change in order, with its cause and the snapshot after it", () =>
    Effect.gen(function* () {
      const recorder = yield* newRecorder({ entityId: "probe" })
      yield* recorder.register(Ticks)
      yield* recorder.register(EvenTicks)
      const { fiber, heard } = yield* listen(recorder.changes)
      yield* recorder.emit(tick(1))
      yield* recorder.emit(tick(2))
      yield* recorder.stop
      yield* Fiber.join(fiber)
      const { recorderId } = recorder
      const belongs = { recorderId, entityId: "probe", tag: "probe.tick", at: 0 }
      expect(heard).toEqual([
        { ...belongs, sequence: 1, snapshot: { name: Ticks.name, dimensions: { count: 1, sum: 1 } } },
        { ...belongs, sequence: 2, snapshot: { name: Ticks.name, dimensions: { count: 2, sum: 3 } } },
        { ...belongs, sequence: 2, snapshot: { name: EvenTicks.name, dimensions: { value: 1 } } }
      ])
    })
  )

  it.effect("begins with the subscription, which starts nothing", () =>
    Effect.gen(function* () {
      const recorder = yield* ticking()
      const early = yield* listen(recorder.changes)
      expect(yield* recorder.state).toBe("Idle")
      yield* recorder.emit(tick())
      yield* recorder.snapshots
      const late = yield* listen(recorder.changes)
      yield* recorder.emit(tick())
      yield* recorder.stop
      yield* Fiber.joinAll([early.fiber, late.fiber])
      expect(early.heard.map(({ sequence }) => sequence)).toEqual([1, 2])
      expect(late.heard.map(({ sequence }) => sequence)).toEqual([2])
    })
  )

  it.effect("has the changes of events accepted after the subscription, whatever other listeners there are", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* ticking({ onStarting: gate.pass })
      recorder.emitUnsafe(tick())
      const first = yield* listen(recorder.changes)
      recorder.emitUnsafe(tick())
      const second = yield* listen(recorder.changes)
      recorder.emitUnsafe(tick())
      yield* gate.open
      yield* recorder.stop
      yield* Fiber.joinAll([first.fiber, second.fiber])
      expect(first.heard.map(({ sequence }) => sequence)).toEqual([2, 3])
      expect(second.heard.map(({ sequence }) => sequence)).toEqual([3])
    })
  )

  it.effect("may have any number of listeners, and each receives everything", () =>
    Effect.gen(function* () {
      const recorder = yield* ticking()
      const listeners = yield* Effect.all(Array.from({ length: 5 }, () => listen(recorder.changes)))
      for (let n = 0; n < 1000; n++) recorder.emitUnsafe(tick(n))
      yield* recorder.stop
      yield* Fiber.joinAll(listeners.map(({ fiber }) => fiber))
      for (const { heard } of listeners) expect(heard.map(({ sequence }) => sequence)).toEqual(upTo(1000))
    })
  )

  it.effect("a listener that leaves does not disturb the others", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* ticking()
      const leaving = yield* listen(recorder.changes, () => gate.pass)
      const staying = yield* listen(recorder.changes)
      for (let n = 0; n < 1000; n++) recorder.emitUnsafe(tick(n))
      yield* gate.reached
      yield* Fiber.interrupt(leaving.fiber)
      yield* recorder.stop
      yield* Fiber.join(staying.fiber)
      expect(staying.heard.map(({ sequence }) => sequence)).toEqual(upTo(1000))
    })
  )

  it.effect("ends when the recorder is removed", () =>
    Effect.gen(function* () {
      const recorder = yield* ticking()
      const { fiber, heard } = yield* listen(recorder.changes)
      yield* recorder.emit(tick())
      yield* (yield* MetricsRuntime).stopAndRemoveRecorder(recorder.recorderId)
      yield* Fiber.join(fiber)
      expect(heard).toHaveLength(1)
    })
  )

  it.effect("can be subscribed to again after a restart", () =>
    Effect.gen(function* () {
      const recorder = yield* ticking()
      const first = yield* listen(recorder.changes)
      yield* recorder.emit(tick())
      yield* recorder.stop
      yield* Fiber.join(first.fiber)
      yield* recorder.start
      const second = yield* listen(recorder.changes)
      yield* recorder.emit(tick())
      yield* recorder.stop
      yield* Fiber.join(second.fiber)
      expect(second.heard.map(({ sequence }) => sequence)).toEqual([2])
    })
  )

  for (const form of ["changes", "latestChanges"] as const) {
    it.effect(`fails when the recorder fails: ${form}`, () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder({ onStarting: Effect.fail("the sink is closed") })
        const { fiber } = yield* listen(recorder[form])
        yield* Effect.flip(recorder.start)
        const error = yield* Effect.flip(Fiber.join(fiber))
        expect(error).toMatchObject({ _tag: "mvx-metrics/RecorderFailed", recorderId: recorder.recorderId })
        expect(error.message).toContain("the sink is closed")
      })
    )

    it.effect(`fails at once if the recorder has failed before: ${form}`, () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder({ onStarting: Effect.fail("the sink is closed") })
        yield* Effect.flip(recorder.start)
        const { fiber } = yield* listen(recorder[form])
        expect(yield* Effect.flip(Fiber.join(fiber))).toMatchObject({ _tag: "mvx-metrics/RecorderFailed" })
      })
    )

    it.effect(`ends at once if the recorder has been removed before: ${form}`, () =>
      Effect.gen(function* () {
        const recorder = yield* newRecorder()
        yield* (yield* MetricsRuntime).stopAndRemoveRecorder(recorder.recorderId)
        const { fiber } = yield* listen(recorder[form])
        yield* Fiber.await(fiber)
      })
    )
  }
})

onBothLayers("a slow listener", (it) => {
  it.effect("slows the fold: the overflow policy applies, memory stays bounded, and no accepted event is lost", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* ticking({ capacity: 100 })
      const { fiber, heard } = yield* listen(recorder.changes, () => gate.pass)
      yield* fill(recorder, 10_000)
      const { accepted, pending, refusedBy } = yield* recorder.stats
      expect(pending).toBe(100)
      expect(accepted).toBeLessThan(10_000)
      expect(refusedBy.overflow).toBeGreaterThan(0)
      yield* gate.open
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(accepted)
      yield* recorder.stop
      yield* Fiber.join(fiber)
      expect(heard.map(({ sequence }) => sequence)).toEqual(upTo(accepted))
    })
  )

  it.effect("releases the fold when it leaves", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const recorder = yield* ticking({ capacity: 1000 })
      const { fiber } = yield* listen(recorder.changes, () => gate.pass)
      for (let n = 0; n < 1000; n++) recorder.emitUnsafe(tick())
      yield* gate.reached
      yield* foldTurn
      expect((yield* recorder.stats).pending).toBeGreaterThan(0)
      yield* Fiber.interrupt(fiber)
      expect((yield* recorder.snapshot(Ticks)).dimensions.count).toBe(1000)
      expect(yield* recorder.emit(tick())).toBe(true)
    })
  )

  it.effect("is awaited before onStopped", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      const steps: Array<string> = []
      const recorder = yield* ticking({ onStopped: Effect.sync(() => void steps.push("stopped")) })
      const { fiber, heard } = yield* listen(recorder.changes, () => gate.pass)
      for (let n = 0; n < 5000; n++) recorder.emitUnsafe(tick())
      yield* gate.reached
      const stopping = yield* forkNow(recorder.stop)
      yield* foldTurn
      expect(yield* recorder.state).toBe("Stopping")
      expect(steps).toEqual([])
      yield* gate.open
      yield* Fiber.joinAll([stopping, fiber])
      expect(heard).toHaveLength(5000)
      expect(steps).toEqual(["stopped"])
    })
  )
})
