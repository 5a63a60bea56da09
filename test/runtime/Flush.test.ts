// A flush of a runtime reports which recorders and exporters it reached and which it did not, by the real clock.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { MetricsError, RecorderService, RuntimeService } from "mvx-metrics"
import { internalsOf } from "../../src/internal/runtime/internals.ts"
import { badInputOf } from "../support/badInput.ts"
import { onBothRuntimes, started } from "../support/bothRuntimes.ts"
import { forkNow } from "../support/forkNow.ts"
import { makeGate } from "../support/gate.ts"
import { Ticks, tick } from "../support/probe.metrics.ts"

/** A recorder whose hook has one change of two in its hands, until `release`. */
const held = (runtime: RuntimeService, id = "held") =>
  Effect.gen(function* () {
    const gate = yield* makeGate
    const recorder = yield* runtime.createRecorder(id, { waitTimeout: "1 minute", onMetricChanged: () => gate.pass })
    yield* recorder.register(Ticks)
    for (const n of [1, 2]) yield* recorder.emit(tick(n))
    yield* gate.reached
    return { recorder, release: gate.open }
  })

const failed = (flush: ReturnType<RuntimeService["flush"]>) =>
  Effect.map(Effect.flip(flush), (error) => {
    expect(error._tag).toBe("mvx-metrics/FlushFailed")
    return error as MetricsError.FlushFailed
  })

const pendingOf = (recorder: RecorderService) => Effect.map(recorder.stats, ({ pending }) => pending)

onBothRuntimes("a flush of a runtime", (make) => {
  it.effect("waits until every recorder has folded what it accepted before", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorders = yield* Effect.forEach(["a", "b", "c"], (id) => runtime.createRecorder(id))
      for (const recorder of recorders) {
        yield* recorder.register(Ticks)
        for (let n = 0; n < 2000; n++) recorder.emitUnsafe(tick(n))
      }
      yield* runtime.flush()
      expect(yield* Effect.forEach(recorders, pendingOf)).toEqual([0, 0, 0])
    })
  )

  it.effect("does nothing if there is nothing to flush: before the start and after the shutdown", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      yield* runtime.flush()
      expect(yield* runtime.state).toBe("Idle")
      yield* runtime.start
      yield* (yield* runtime.createRecorder("a")).emit(tick())
      yield* runtime.shutdown
      yield* runtime.flush()
    })
  )

  it.effect("names the recorders that were not reached, with what they accepted and folded, and those that were", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make({ waitTimeout: 20 }))
      const { recorder, release } = yield* held(runtime)
      const others = yield* Effect.forEach(["a", "b"], (id) => runtime.createRecorder(id, { waitTimeout: "1 minute" }))
      for (const other of others) {
        yield* other.emit(tick())
        // So that a slow machine does not run into the limit with it.
        yield* other.flush()
      }
      const error = yield* failed(runtime.flush())
      expect(error).toMatchObject({
        namespace: "test",
        flushed: ["a", "b"],
        failures: [{ recorderId: "held", accepted: 2, folded: 0, reason: expect.stringContaining("within 20ms") }],
        exports: []
      })
      expect(error.message).toMatch(/"held" \(0 of 2 events are folded: .*onMetricChanged is running/)
      expect(yield* Effect.forEach([recorder, ...others], pendingOf)).toEqual([2, 0, 0])
      yield* release
      yield* runtime.flush({ timeout: "1 minute" })
      expect(yield* recorder.stats).toMatchObject({ accepted: 2, applied: 2, pending: 0 })
    })
  )

  it.effect("reaches a recorder that is removed meanwhile, once it has folded everything", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const { recorder, release } = yield* held(runtime)
      const flush = yield* forkNow(runtime.flush())
      const removal = yield* forkNow(runtime.stopAndRemoveRecorder("held"))
      yield* release
      yield* Fiber.join(removal)
      yield* Fiber.join(flush)
      expect(yield* recorder.stats).toMatchObject({ accepted: 2, applied: 2, pending: 0 })
    })
  )

  it.effect("makes exporters send their data once everything is folded", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const recorder = yield* runtime.createRecorder("a")
      yield* recorder.emit(tick())
      const pending: Array<number> = []
      const flush = Effect.map(pendingOf(recorder), (events) => pending.push(events))
      const forget = internalsOf(runtime).onFlush({ name: "a file", flush })
      yield* runtime.flush()
      expect(pending).toEqual([0])
      forget()
      yield* runtime.flush()
      expect(pending).toEqual([0])
    })
  )

  it.effect("names the exporters that failed or did not end, which prevent nothing else", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      yield* held(runtime)
      let others = 0
      const { onFlush } = internalsOf(runtime)
      onFlush({ name: "a full disk", flush: Effect.fail(new Error("no space is left")) })
      onFlush({ name: "a slow network", flush: Effect.never })
      onFlush({ name: "another", flush: Effect.sync(() => others++) })
      expect(yield* failed(runtime.flush({ timeout: 40 }))).toMatchObject({
        flushed: [],
        failures: [{ recorderId: "held", reason: expect.stringContaining("within 20ms") }],
        exports: [
          { exporter: "a full disk", reason: "no space is left" },
          { exporter: "a slow network", reason: expect.stringContaining("did not end within") }
        ]
      })
      expect(others).toBe(1)
    })
  )

  it.effect("fails inside a hook that it would wait for", () =>
    Effect.gen(function* () {
      const runtime = yield* started(make())
      const seen: Array<unknown> = []
      const recorder = yield* runtime.createRecorder("a", {
        onMetricChanged: () => Effect.map(Effect.flip(runtime.flush()), ({ _tag }) => seen.push(_tag))
      })
      yield* recorder.register(Ticks)
      yield* recorder.emit(tick())
      yield* runtime.flush()
      expect(seen).toEqual(["mvx-metrics/InvalidState"])
    })
  )

  it.effect("rejects an unknown option", () =>
    Effect.gen(function* () {
      const runtime = yield* make()
      expect((yield* badInputOf(runtime.flush({ time: 5 } as object))).argument).toBe("time")
    })
  )
})
