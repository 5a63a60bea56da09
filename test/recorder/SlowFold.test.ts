// A burst against a slow fold, over memory that is full long before the capacity: never more events wait than the
// capacity, each is accounted for, and folded events are folded in order.
import { expect, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { MetricsLayer, type Overflow, type RecorderService, type Stats } from "mvx-metrics"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder } from "../support/bothLayers.ts"
import { asMany } from "../support/long.ts"
import { policies } from "../support/policies.ts"
import { folded, gatedWorker, SlowSteps, slowEvent } from "../support/slow.metrics.ts"

const metrics = new URL("../support/slow.metrics.ts", import.meta.url)

/** Two pages of memory: they hold some 2000 of the events. */
const memoryLimit = 524_288
const capacity = asMany(8000, 4000)
const offered = asMany(20_000, 10_000)

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const check = (stats: Stats): Stats => {
  const { accepted, applied, evicted, ignored, pending } = stats
  if (pending > capacity || accepted - applied - ignored - evicted !== pending) expectBalanced(stats)
  return stats
}

/** Offers the events in one synchronous loop, and looks at the accounting after each; gives those that were accepted. */
const burst = (recorder: RecorderService, ns: ReadonlyArray<number>): ReadonlyArray<number> =>
  ns.filter((n) => {
    const accepted = recorder.emitUnsafe(slowEvent(n))
    check(Effect.runSync(recorder.stats))
    return accepted
  })

/** What is true when all has been folded. */
const expectAllFolded = (recorder: RecorderService, overflow: Overflow, accepted: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const { sequence, snapshots, stats } = yield* recorder.report
    expectBalanced(stats)
    expect(sequence).toBe(accepted.length)
    expect(stats).toMatchObject({ accepted: accepted.length, applied: accepted.length - stats.evicted, pending: 0 })
    expect(stats.refused).toBe(stats.refusedBy.overflow)
    const steps = snapshots[SlowSteps.name]?.dimensions
    if (overflow === "drop-oldest") {
      expect(steps).toMatchObject({ count: stats.applied, last: accepted.at(-1), ordered: true })
    } else {
      expect(stats.evicted).toBe(0)
      expect(steps).toEqual(folded(accepted))
    }
    return stats
  })

const options = { namespace: "test.slow", logging: "silent", memoryLimit } as const

const slowRecorder = (overflow: Overflow) =>
  Effect.gen(function* () {
    const recorder = yield* newRecorder({ capacity, overflow })
    yield* recorder.register(SlowSteps)
    yield* recorder.start
    return recorder
  })

layer(MetricsLayer.layerWorker({ ...options, metrics }))(`a slow fold`, (it) => {
  it.effect.each(policies)("%s: a burst is completely accounted for", (overflow) =>
    Effect.gen(function* () {
      const recorder = yield* slowRecorder(overflow)
      const accepted = burst(recorder, numbers(1, offered))
      expect((yield* recorder.stats).offered).toBe(offered)
      yield* expectAllFolded(recorder, overflow, accepted)
      const more = burst(recorder, numbers(offered + 1, offered + 100))
      expect(more.length).toBe(100)
      yield* expectAllFolded(recorder, overflow, [...accepted, ...more])
    })
  )

  it.effect("backpressure: waiting fibers lose nothing", () =>
    Effect.gen(function* () {
      const recorder = yield* slowRecorder("backpressure")
      yield* Effect.forEach(numbers(1, offered), (n) =>
        Effect.andThen(recorder.emit(slowEvent(n)), Effect.map(recorder.stats, check))
      )
      const stats = yield* expectAllFolded(recorder, "backpressure", numbers(1, offered))
      expect(stats).toMatchObject({ offered, refused: 0 })
    })
  )

  it.effect("two recorders that share the memory both get all of their events through", () =>
    Effect.gen(function* () {
      const one = yield* slowRecorder("drop-newest")
      const other = yield* slowRecorder("backpressure")
      const emitting = yield* Effect.forkChild(
        Effect.forEach(numbers(1, 3000), (n) => other.emit(slowEvent(n)), { discard: true }),
        { startImmediately: true }
      )
      const accepted = burst(one, numbers(1, 3000))
      yield* Fiber.join(emitting)
      yield* expectAllFolded(other, "backpressure", numbers(1, 3000))
      yield* expectAllFolded(one, "drop-newest", accepted)
    })
  )

  it.effect("a recorder that is stopped midway folds what it accepted", () =>
    Effect.gen(function* () {
      const recorder = yield* slowRecorder("drop-newest")
      const accepted = burst(recorder, numbers(1, capacity))
      yield* recorder.stop
      expect(yield* recorder.stats).toMatchObject({ state: "Stopped", applied: accepted.length, pending: 0 })
      yield* expectAllFolded(recorder, "drop-newest", accepted)
    })
  )
})

const gate = gatedWorker()

layer(MetricsLayer.layerWorker({ ...options, spawn: gate.spawn }))(`a stalled fold`, (it) => {
  it.effect.each(policies)("%s: exactly the capacity is pending", (overflow) =>
    Effect.gen(function* () {
      const recorder = yield* slowRecorder(overflow)
      yield* Effect.acquireRelease(Effect.sync(gate.close), () => Effect.sync(gate.open))
      const accepted = burst(recorder, numbers(1, offered))
      const dropsOldest = overflow === "drop-oldest"
      expect(yield* recorder.stats).toMatchObject({
        offered,
        pending: capacity,
        applied: 0,
        evicted: dropsOldest ? offered - capacity : 0
      })
      expect(accepted).toEqual(numbers(1, dropsOldest ? offered : capacity))
      gate.open()
      yield* expectAllFolded(recorder, overflow, accepted)
    })
  )
})
