/**
 * The effect of `Recorder.emit`: looks up the recorder of the fiber that runs it, and hands over the event.
 *
 * In a generator it does without the run loop. `yield*` asks an effect for its iterator; this one emits right there, in
 * the fiber that runs the generator, and says that it is done. What would have to wait goes the usual way.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Fiber from "effect/Fiber"
import type { MetricEvent } from "../../MetricEvent.ts"
import type { RecorderService } from "./recorderModel.ts"

/** What a recorder of this library offers beside the service: to emit at the time of a clock, at once. */
export interface EmitsAtOnce {
  readonly emitAt: (clock: Clock.Clock, event: MetricEvent) => boolean
}

/** The key of the service, by which it lies in a context. */
export const recorderKey = "mvx-metrics/Recorder"

const RecorderTag = Context.Service<RecorderService, RecorderService>(recorderKey)

/** What was found in a context. Fibers emit many events in one: the last is remembered. */
interface Found {
  readonly context: Context.Context<never>
  readonly recorder: RecorderService | undefined
  /** The recorder again, where it takes events at once: it is one of this library's, and never waits. */
  readonly atOnce: EmitsAtOnce | undefined
  readonly clock: Clock.Clock
}

const lookUp = (context: Context.Context<never>): Found => {
  const recorder = Context.getOrUndefined(context, RecorderTag)
  const emits = recorder !== undefined && recorder.overflow !== "backpressure" && "emitAt" in recorder
  return {
    context,
    recorder,
    atOnce: emits ? (recorder as RecorderService & EmitsAtOnce) : undefined,
    clock: Context.get(context, Clock.Clock)
  }
}

let last: Found = lookUp(Context.empty())

const found = (fiber: Fiber.Fiber<unknown, unknown>): Found => {
  const { context } = fiber
  if (context !== last.context) last = lookUp(context)
  return last
}

/** Emits in a fiber, whatever the recorder's policy; the effect that is left to do. */
export const emitIn = (fiber: Fiber.Fiber<unknown, unknown>, event: MetricEvent): Effect.Effect<void> => {
  const { atOnce, clock, recorder } = found(fiber)
  if (atOnce !== undefined) atOnce.emitAt(clock, event)
  else if (recorder !== undefined) return Effect.ignore(recorder.emit(event))
  return Effect.void
}

const done: Iterator<never, void> = { next: () => ({ done: true, value: undefined }) }

/** So many events of a generator are emitted without the run loop; then it has its turn, and other fibers theirs. */
const AtATime = 256
let sinceTurn = 0

export class EmitEffect extends Effectable.Class<void> {
  readonly event: MetricEvent

  constructor(event: MetricEvent) {
    super()
    this.event = event
  }

  asEffect(): Effect.Effect<void> {
    return Effect.withFiber((fiber) => emitIn(fiber, this.event))
  }

  override [Symbol.iterator](): Effect.EffectIterator<Effect.Effect<void>> {
    const fiber = Fiber.getCurrent()
    if (fiber !== undefined && ++sinceTurn < AtATime) {
      const { atOnce, clock, recorder } = found(fiber)
      if (atOnce !== undefined) atOnce.emitAt(clock, this.event)
      if (atOnce !== undefined || recorder === undefined) return done as Effect.EffectIterator<Effect.Effect<void>>
    }
    sinceTurn = 0
    return super[Symbol.iterator]()
  }
}
