/** Emitters, and how events get from a fiber into a recorder. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { dual } from "effect/Function"
import type { MetricEvent } from "../model/event.ts"
import { CurrentEmission } from "./currentEmission.ts"
import type { Emission } from "./dispatch.ts"
import type { Emitter, Timing } from "./emitter.ts"
import { atOnceOf, type RecorderInternals } from "./internals.ts"
import { harmless } from "./logging.ts"
import type { RecorderService } from "./service.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/**
 * A destination for events: a known recorder, or that of the fiber. `emit` returns the effect that remains to be run.
 */
export interface Sink {
  readonly emitIn: (fiber: AnyFiber, event: MetricEvent) => Effect.Effect<void>
  /** The same in an uninterruptible region. The event is made only if there is a recorder, and may be `undefined`. */
  readonly emitAtExit: (fiber: AnyFiber, make: () => MetricEvent | undefined) => Effect.Effect<void>
}

// --- effects

interface EmitEffect extends Effect.Effect<void> {
  readonly sink: Sink
  readonly event: MetricEvent
}

// A primitive of its own, which avoids a closure and a second step of the run loop for each event.
function EmitEffect(this: { sink: Sink; event: MetricEvent }, sink: Sink, event: MetricEvent): void {
  this.sink = sink
  this.event = event
}
EmitEffect.prototype = Effectable.Prototype<EmitEffect>({
  label: "Emitter.emit",
  evaluate(fiber) {
    return this.sink.emitIn(fiber, this.event)
  }
})

/** The effect that emits an event each time it is run. */
export const emitEffect = EmitEffect as unknown as new (sink: Sink, event: MetricEvent) => Effect.Effect<void>

type MakeEvent = (exit: Exit.Exit<never, never>, timing: Timing) => MetricEvent | undefined

/** `Emitter.onExit`, for a sink that is known now or when the effect ends. */
export const onExit = (sink: Sink): Emitter<MetricEvent>["onExit"] =>
  dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, event: MakeEvent) =>
    Effect.onExit(self, (exit) => Effect.withFiber((fiber) => emitMade(sink, fiber, event, exit, untimed)))
  )

/** `Emitter.track`. */
const track = (sink: Sink): Emitter<MetricEvent>["track"] =>
  dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, event: MakeEvent) =>
    Effect.clockWith((clock) => {
      const start = clock.monotonicTimeNanosUnsafe()
      return Effect.onExit(self, (exit) =>
        Effect.withFiber((fiber) => {
          const duration = Duration.nanos(clock.monotonicTimeNanosUnsafe() - start)
          return emitMade(sink, fiber, event, exit, { duration })
        })
      )
    })
  )

const untimed: Timing = { duration: Duration.zero }

const emitMade = (
  sink: Sink,
  fiber: AnyFiber,
  make: MakeEvent,
  exit: Exit.Exit<unknown, unknown>,
  timing: Timing
): Effect.Effect<void> => {
  let thrown: Cause.Cause<never> | undefined
  const emitted = sink.emitAtExit(fiber, () => {
    try {
      return make(exit as Exit.Exit<never, never>, timing)
    } catch (error) {
      // Must not affect the business operation. It is counted as an invalid event.
      thrown = Cause.die(error)
      return null as unknown as MetricEvent
    }
  })
  if (thrown === undefined || told.has(sink)) return emitted
  told.add(sink)
  return Effect.andThen(
    emitted,
    harmless(Effect.logWarning("mvx-metrics: a function that makes an event threw", thrown))
  )
}

/** Sinks for which a throwing function was already logged, because there must never be a line per event. */
const told = new WeakSet<Sink>()

// --- emitters

/** The sink of a recorder, whoever made it. */
export const sinkOf = (recorder: RecorderService): Sink => {
  const internals = atOnceOf(recorder)
  return internals === undefined ? new AnyRecorder(recorder) : new OwnRecorder(internals)
}

class OwnRecorder implements Sink {
  readonly #recorder: RecorderInternals

  constructor(recorder: RecorderInternals) {
    this.#recorder = recorder
  }

  emitIn(fiber: AnyFiber, event: MetricEvent): Effect.Effect<void> {
    this.#recorder.emitIn(fiber, event)
    return Exit.void
  }

  emitAtExit(fiber: AnyFiber, make: () => MetricEvent | undefined): Effect.Effect<void> {
    const event = make()
    return event === undefined ? Exit.void : this.emitIn(fiber, event)
  }
}

/** A recorder that may have to wait, or that emits in its own way. */
class AnyRecorder implements Sink {
  readonly #recorder: RecorderService

  constructor(recorder: RecorderService) {
    this.#recorder = recorder
  }

  emitIn(_fiber: AnyFiber, event: MetricEvent): Effect.Effect<void> {
    return Effect.ignore(this.#recorder.emit(event))
  }

  /**
   * The wait for room is interruptible all the same. An interrupted fiber does not wait, and its event is counted as
   * refused if there is no room.
   */
  emitAtExit(fiber: AnyFiber, make: () => MetricEvent | undefined): Effect.Effect<void> {
    const event = make()
    if (event === undefined) return Exit.void
    const recorder = this.#recorder
    if (recorder.overflow !== "backpressure") return this.emitIn(fiber, event)
    const emission: Emission = { decision: undefined }
    return Effect.provideService(Effect.interruptible(recorder.emit(event)), CurrentEmission, emission).pipe(
      Effect.onInterrupt(() => Effect.sync(() => emission.decision ?? recorder.emitUnsafe(event))),
      Effect.exit,
      Effect.asVoid
    )
  }
}

/** The emitter of a recorder. The caller is responsible for the type of the events. */
export const emitterOf = (recorder: RecorderService): Emitter<MetricEvent> => {
  const sink = sinkOf(recorder)
  return Object.freeze<Emitter<MetricEvent>>({
    emit: (event) => new emitEffect(sink, event),
    emitUnsafe: (event) => recorder.emitUnsafe(event),
    onExit: onExit(sink),
    track: track(sink)
  })
}

const unchanged = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, _event: unknown) => self)

/** The emitter used if there is no recorder. */
export const noEmitter: Emitter<MetricEvent> = Object.freeze({
  emit: () => Effect.void,
  emitUnsafe: () => false,
  onExit: unchanged,
  track: unchanged
})
