/** One run of a program, on a recorder and on its model. */
import { expect, vi } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Latch, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Metric, MetricEvent, MetricsRuntime, Overflow, RecorderService, Stats } from "mvx-metrics"
import { nextTurn } from "../../src/internal/util/eventLoopTurn.ts"
import { withLiveClock } from "../../src/internal/util/liveClock.ts"
import { expectBalanced } from "../support/accounting.ts"
import { newRecorder } from "../support/bothLayers.ts"
import { forkNow } from "../support/forkNow.ts"
import { listen } from "../support/listen.ts"
import { answerFor, answerOf, changeLater, expectSame, tagOf } from "./answers.ts"
import { makeMetrics } from "./model.metrics.ts"
import { RecorderModel } from "./RecorderModel.ts"
import { type EventKind, makeEvents, type Name, type Program, type Step } from "./recorderPrograms.ts"

/**
 * Runs a program on a new recorder and on its model. After each step the accounting is compared, as far as it is certain:
 * to the event while the fold stands, and after a read; between two bounds while the fold is at work.
 */
export const runProgram = (
  program: Program,
  overflow: Overflow
): Effect.Effect<void, unknown, MetricsRuntime | Scope.Scope> => {
  const { capacity, steps, systemClock } = program
  const run = Effect.gen(function* () {
    const gates = { start: yield* makeGate, hook: yield* makeGate }
    const recorder = yield* newRecorder({
      capacity,
      overflow,
      onStarting: gates.start.await,
      ...(program.hook && { onMetricChanged: () => gates.hook.await })
    })
    const run = new Run(recorder, new RecorderModel(capacity, overflow), gates, program)
    if (program.held) yield* run.step("hold the next start")
    for (const step of steps) {
      yield* run.step(step)
      yield* run.check
    }
    yield* run.finish
  })
  if (!systemClock) return run
  const stopped = Effect.acquireRelease(
    Effect.sync(() => vi.spyOn(Date, "now").mockReturnValue(1_700_000_000_000)),
    () => Effect.sync(() => vi.restoreAllMocks())
  )
  return Effect.andThen(stopped, withLiveClock(run))
}

/** Open until it is closed, and at the end. */
const makeGate = Effect.acquireRelease(Latch.make(true), (latch) => latch.open)

type Doing = Effect.Effect<void, unknown, Scope.Scope>

class Run {
  readonly #recorder: RecorderService
  readonly #model: RecorderModel
  /** What the hooks wait for: while it is closed the hook holds the fold, where it has come to it. */
  readonly #gates: { readonly start: Latch.Latch; readonly hook: Latch.Latch }
  readonly #program: Program
  #isHeld = false
  #isHookHeld = false
  #isStopAsked = false
  #events = 0
  /** What is held with the start, and what has to come of it. */
  #underWay: Array<Effect.Effect<void, unknown>> = []
  #listeners: Array<() => Effect.Effect<void, unknown>> = []

  constructor(
    recorder: RecorderService,
    model: RecorderModel,
    gates: { readonly start: Latch.Latch; readonly hook: Latch.Latch },
    program: Program
  ) {
    this.#recorder = recorder
    this.#model = model
    this.#gates = gates
    this.#program = program
  }

  step(step: Step): Doing {
    switch (step) {
      case "read":
        return this.#read
      case "read the states":
        return this.#readStates
      case "reset all":
        return this.#reset(undefined)
      case "hold the next start":
        return this.#holdStart
      case "let it start":
        return this.#letStart
      case "start":
        return this.#startIt
      case "stop":
        return this.#stopIt
      case "listen":
        return this.#listen
      case "hold the hook":
        return this.#holdHook
      case "let the hook go":
        return this.#letHookGo
      case "let time pass":
        return this.#letTimePass
      case "yield":
        return Effect.yieldNow
    }
    const [verb, what] = step.split(" ") as [string, string]
    switch (verb) {
      case "emit":
        return this.#emit(what as EventKind)
      case "emitUnsafe":
        return this.#emitUnsafe(what as EventKind)
      case "emitMany":
        return this.#emitMany(what as EventKind)
      case "reset":
        return this.#reset(makeMetrics()[what as Name])
      default:
        return this.#register(makeMetrics()[what as Name], verb === "replace")
    }
  }

  /** Whether nothing can be folded, so that all is exact. */
  get #foldStands(): boolean {
    return this.#isHookHeld || (this.#isHeld && this.#model.state === "Starting")
  }

  /** All that is accepted is folded, and all who wait are told. */
  get #settle(): Doing {
    return Effect.gen({ self: this }, function* () {
      const model = this.#model
      for (const ends of this.#underWay.splice(0)) yield* ends
      yield* this.#recorder.report
      model.settle()
      if (model.state === "Starting") model.state = "Running"
      if (this.#isStopAsked) yield* this.#hasStopped
    })
  }

  /** The accounting. */
  get check(): Effect.Effect<void> {
    return Effect.map(this.#recorder.stats, (stats) => this.#compare(stats))
  }

  #compare(stats: Stats): void {
    const { state } = this.#model
    const least = this.#model.stats()
    const most = this.#foldStands ? least : this.#model.stats(false)
    expectBalanced(stats)
    expect(stats).toMatchObject({ ...least, applied: stats.applied, ignored: stats.ignored, pending: stats.pending })
    expect(stats.applied).toBeGreaterThanOrEqual(least.applied)
    expect(stats.applied).toBeLessThanOrEqual(most.applied)
    expect(stats.ignored).toBeGreaterThanOrEqual(least.ignored)
    expect(stats.ignored).toBeLessThanOrEqual(most.ignored)
    if (state !== "Starting" || this.#foldStands) expect(stats.state).toBe(state)
    else expect(["Starting", "Running"]).toContain(stats.state)
  }

  // --- events

  /** Makes certain whether the next event finds room, without which there is no saying what becomes of it. */
  get #certainRoom(): Doing {
    const { capacity, pending } = this.#model
    return this.#foldStands || pending < capacity ? Effect.void : this.#settle
  }

  #emit(kind: EventKind): Doing {
    return Effect.gen({ self: this }, function* () {
      yield* this.#certainRoom
      // A fiber that waits for room is let go by a stop, or let in before: it may be either.
      if (this.#isStopAsked && this.#model.isFull) return
      const event = makeEvents[kind](this.#events++) as MetricEvent.MetricEvent
      const expected = this.#model.offer(event, yield* Clock.currentTimeMillis, true)
      const emitting = yield* forkNow(Effect.exit(this.#recorder.emit(event)))
      changeLater(event)
      const ends = Effect.map(Fiber.join(emitting), (exit) => {
        expect(answerOf(exit), `what "emit ${kind}" says`).toBe(answerFor(expected, this.#model.overflow))
      })
      if (expected === "waits") this.#underWay.push(ends)
      else yield* ends
    })
  }

  #emitUnsafe(kind: EventKind): Doing {
    return Effect.gen({ self: this }, function* () {
      yield* this.#certainRoom
      const event = makeEvents[kind](this.#events++) as MetricEvent.MetricEvent
      const expected = this.#model.offer(event, yield* Clock.currentTimeMillis, false)
      expect(this.#recorder.emitUnsafe(event), `what "emitUnsafe ${kind}" says`).toBe(expected === "accepted")
      changeLater(event)
    })
  }

  /** Alike ones, one behind the other, which may lie in one run. */
  #emitMany(kind: EventKind): Doing {
    return Effect.asVoid(Effect.replicateEffect(this.#emitUnsafe(kind), 12))
  }

  // --- metrics

  #register(metric: Metric.Any, replace: boolean): Doing {
    return Effect.gen({ self: this }, function* () {
      const exit = yield* Effect.exit(this.#recorder.register(metric, { replace }))
      expect(Exit.isSuccess(exit)).toBe(this.#model.register(metric, replace))
    })
  }

  #reset(metric: Metric.Any | undefined): Doing {
    return Effect.gen({ self: this }, function* () {
      const error = yield* Effect.exit(this.#recorder.reset(metric))
      const refusal = this.#model.reset(metric?.name)
      expect(tagOf(error)).toBe(refusal === undefined ? undefined : `mvx-metrics/${refusal}`)
    })
  }

  // --- reads

  get #read(): Doing {
    return Effect.gen({ self: this }, function* () {
      const model = this.#model
      const sequence = model.events.length
      const snapshots = model.snapshots(yield* Clock.currentTimeMillis)
      yield* this.#answered(this.#recorder.report, (report) => {
        expect(report.sequence).toBe(sequence)
        expectSame(report.snapshots, snapshots())
        expectBalanced(report.stats)
      })
    })
  }

  get #readStates(): Doing {
    return Effect.suspend(() => {
      const states = this.#model.states()
      return this.#answered(this.#recorder.states, (read) => {
        expectSame(Object.fromEntries(Object.entries(read).map(([name, { state }]) => [name, state])), states())
      })
    })
  }

  /** A read waits for the start where an event that was accepted before has to be in it. */
  #answered<A>(read: Effect.Effect<A, unknown>, check: (answer: A) => void): Doing {
    return Effect.gen({ self: this }, function* () {
      const reading = Effect.map(Fiber.join(yield* forkNow(read)), check)
      if (this.#foldStands && this.#model.pending > 0) return void this.#underWay.push(reading)
      yield* reading
      if (!this.#foldStands) this.#model.settle()
    })
  }

  get #listen(): Doing {
    return Effect.gen({ self: this }, function* () {
      const from = this.#model.events.length
      const { fiber, heard } = yield* listen(this.#recorder.changes)
      const { entityId, recorderId } = this.#recorder
      this.#listeners.push(() =>
        Effect.map(Fiber.join(fiber), () => {
          const expected = this.#model.changes(from).map((change) => ({ ...change, recorderId, entityId }))
          expect(heard, "what a listener hears").toEqual(expected)
        })
      )
    })
  }

  // --- its life

  get #holdStart(): Doing {
    return Effect.gen({ self: this }, function* () {
      // A start under way may have gone past it, or not.
      if (this.#model.state === "Starting" && !this.#isHeld) yield* this.#settle
      this.#isHeld = true
      yield* this.#gates.start.close
    })
  }

  get #letStart(): Doing {
    return Effect.gen({ self: this }, function* () {
      this.#isHeld = false
      yield* this.#gates.start.open
      if (this.#model.state === "Starting") yield* this.#settle
    })
  }

  get #startIt(): Doing {
    return Effect.gen({ self: this }, function* () {
      const model = this.#model
      // By now a start that is not held may be over, or not.
      if (model.state === "Starting" && !this.#isHeld) yield* this.#settle
      const isRunning = model.state === "Running" || model.state === "Stopping"
      const starting = yield* forkNow(Effect.exit(this.#recorder.start))
      const ends = Effect.map(Fiber.join(starting), (exit) => {
        expect(tagOf(exit), "how start ends").toBe(isRunning ? "mvx-metrics/InvalidState" : undefined)
      })
      if (isRunning) return yield* ends
      model.state = "Starting"
      this.#underWay.push(ends)
    })
  }

  get #stopIt(): Doing {
    return Effect.gen({ self: this }, function* () {
      const { state } = this.#model
      if (state === "Starting" && !this.#isHeld) yield* this.#settle
      if (this.#foldStands && this.#model.waits) return
      const stopping = yield* forkNow(Effect.exit(this.#recorder.stop))
      const isRefused = state === "Idle" || state === "Stopped"
      const ends = Effect.map(Fiber.join(stopping), (exit) => {
        expect(tagOf(exit), "how stop ends").toBe(isRefused ? "mvx-metrics/InvalidState" : undefined)
      })
      if (isRefused) return yield* ends
      this.#underWay.push(ends)
      this.#isStopAsked = true
      if (this.#isHookHeld) this.#model.state = "Stopping"
      if (!this.#foldStands) yield* this.#settle
    })
  }

  /** Holds the fold of a running recorder at an event that changes a metric. */
  get #holdHook(): Doing {
    return Effect.gen({ self: this }, function* () {
      const { metrics, overflow } = this.#model
      // How many of the events that the fold has by then it may give back is up to `drop-oldest`.
      if (!this.#program.hook || this.#isHookHeld || overflow === "drop-oldest" || !metrics.has("log")) return
      if (this.#model.state === "Starting" && !this.#isHeld) yield* this.#settle
      if (this.#model.state !== "Running") return
      yield* this.#settle
      this.#isHookHeld = true
      yield* this.#gates.hook.close
      yield* this.#emit("tick")
    })
  }

  get #letHookGo(): Doing {
    return Effect.gen({ self: this }, function* () {
      if (!this.#isHookHeld) return
      this.#isHookHeld = false
      yield* this.#gates.hook.open
      yield* this.#settle
    })
  }

  get #letTimePass(): Doing {
    if (!this.#program.systemClock) return TestClock.adjust("190 millis")
    return Effect.gen(function* () {
      const now = Date.now()
      vi.mocked(Date.now).mockReturnValue(now + 190)
      // Not in the midst of a turn of the event loop, in which the time is looked at but once in a while.
      yield* nextTurn
    })
  }

  get #hasStopped(): Doing {
    return Effect.gen({ self: this }, function* () {
      this.#isStopAsked = false
      this.#model.state = "Stopped"
      for (const ended of this.#listeners.splice(0)) yield* ended()
    })
  }

  /** Everything is folded, read and heard. */
  get finish(): Doing {
    return Effect.gen({ self: this }, function* () {
      yield* this.#letHookGo
      yield* this.#letStart
      yield* this.#read
      yield* this.check
      if (this.#model.state !== "Running") yield* this.#startIt
      yield* this.#stopIt
      yield* this.#read
      yield* this.#readStates
      yield* this.check
    })
  }
}
