// A worker that ends while it sends long answers: each read is answered once, completely, and with the state at its
// request, even if a checkpoint was made since.

import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { MetricsRuntime } from "mvx-metrics"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { asMany } from "../support/long.ts"
import { all, type LastingEvent, lastingWorkers } from "./fixtures/lasting.metrics.ts"

const event = (n: number): typeof LastingEvent.Type => ({ _tag: "lasting.work", kind: `kind ${n}`, millis: n % 1500 })

it.effect("reads of many series are answered when the worker ends at any time", () =>
  Effect.gen(function* () {
    const { spawn, workers } = lastingWorkers()
    const options = { namespace: "test.dying", logging: "silent" } as const
    const runtime = yield* MetricsRuntime.makeWorker({ ...options, spawn, restart: Schedule.spaced("1 milli") })
    const other = yield* MetricsRuntime.makeInProcess(options)
    yield* runtime.start
    yield* other.start
    const [recorder, expected] = [yield* runtime.createRecorder("r"), yield* other.createRecorder("r")]
    const beside = yield* runtime.createRecorder("beside")
    for (const each of [recorder, expected]) for (const metric of all) yield* each.register(metric)
    let n = 0
    const emit = (count: number): void => {
      for (let i = 0; i < count; i++, n++)
        for (const each of [recorder, expected]) expect(each.emitUnsafe(event(n))).toBe(true)
    }
    emit(3000)
    const rounds = asMany(8, 1)
    for (let round = 0; round < rounds; round++) {
      emit(100)
      const snapshots = yield* expected.snapshots
      const reads = yield* Effect.forEach([1, 2, 3], () =>
        Effect.forkChild(Effect.all([recorder.snapshots, recorder.states]), { startImmediately: true })
      )
      yield* Fiber.interrupt(reads[2]!)
      // Behind the reads: so many commands that a checkpoint is due, which has these events.
      emit(100)
      const commands = yield* Effect.forEach(Array.from({ length: 1100 }), () =>
        Effect.forkChild(beside.snapshots, { startImmediately: true })
      )
      for (let i = 0; i < (round * 7) % 40; i++) yield* nextTurn
      yield* Effect.promise(() => workers.at(-1)!.terminate())
      emit(100)
      for (const read of reads.slice(0, 2)) {
        const [got] = yield* Fiber.join(read)
        expect(got).toEqual(snapshots)
      }
      yield* Effect.forEach(commands, Fiber.join)
      expect(yield* recorder.states).toEqual(yield* expected.states)
    }
    expect(workers).toHaveLength(rounds + 1)
  })
)
