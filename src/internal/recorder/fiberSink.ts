/**
 * The sink of the emitting fiber: the recorder in its context, which may differ each time. It is easy to overlook an
 * event that goes nowhere, so outside production there is a warning for each tag.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { isMetricEvent, type MetricEvent } from "../model/event.ts"
import { type Sink, sinkOf } from "./emitterOf.ts"
import { internalsOf } from "./internals.ts"
import { harmless } from "./logging.ts"
import type { RecorderService } from "./service.ts"

/** The key of the service in a context. */
export const recorderKey = "mvx-metrics/Recorder"

const RecorderTag = Context.Service<RecorderService, RecorderService>(recorderKey)

type AnyFiber = Fiber.Fiber<unknown, unknown>

const recorderOf = (fiber: AnyFiber): RecorderService | undefined => Context.getOrUndefined(fiber.context, RecorderTag)

export const fiberSink: Sink = {
  emitIn: (fiber, event) => {
    const recorder = recorderOf(fiber)
    const emitted = recorder === undefined ? Exit.void : sinkOf(recorder).emitIn(fiber, event)
    return isProduction ? emitted : warned(emitted, recorder, event)
  },
  emitAtExit: (fiber, make) => {
    const recorder = recorderOf(fiber)
    if (recorder === undefined) return isProduction ? Exit.void : warned(Exit.void, recorder, undefined)
    const sink = sinkOf(recorder)
    if (isProduction) return sink.emitAtExit(fiber, make)
    const event = make()
    return event === undefined
      ? Exit.void
      : warned(
          sink.emitAtExit(fiber, () => event),
          recorder,
          event
        )
  }
}

// --- warnings

const isProduction = globalThis.process?.env?.NODE_ENV === "production"

/**
 * Tags that are known to be read, or were warned about. The number of warnings is limited, for programs that generate
 * tags.
 */
const settled = new Set<string>()
const MostSettled = 1000

/** Adds a warning to an effect, if one is due. An event that was not made has no tag. */
const warned = (
  emitted: Effect.Effect<void>,
  recorder: RecorderService | undefined,
  event: MetricEvent | undefined
): Effect.Effect<void> => {
  const tag = event === undefined ? "" : tagOf(event)
  if (tag === undefined || settled.has(tag) || settled.size >= MostSettled) return emitted
  if (recorder !== undefined) {
    const internals = internalsOf(recorder)
    if (internals === undefined) return emitted
    if (internals.reads(tag)) {
      settled.add(tag)
      return emitted
    }
  }
  settled.add(tag)
  return Effect.andThen(emitted, harmless(Effect.logWarning(whyLost(recorder, tag))))
}

/** `undefined` if the value is not an event: its recorder counts it as invalid. */
const tagOf = (event: MetricEvent): string | undefined => {
  try {
    return isMetricEvent(event) ? event._tag : undefined
  } catch {
    return undefined
  }
}

const whyLost = (recorder: RecorderService | undefined, tag: string): string => {
  const emission = tag === "" ? "Recorder.onExit emits no event" : `Recorder.emit does nothing with "${tag}"`
  const why =
    recorder === undefined
      ? "the fiber that runs it has no recorder. Emit through the emitter that Recorder.register returns, or provide a recorder where the component is used (Layer.provideMerge)"
      : `no metric of the recorder "${recorder.recorderId}" reads it. Register a metric that does`
  return `mvx-metrics: ${emission}: ${why}`
}
