/**
 * A wrapper around a recorder that captures the emitted events: the accepted ones, and the refused ones with their
 * reasons. Each event has the same time as in the wrapped recorder.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type MetricEvent, whyNotEvent } from "../internal/model/event.ts"
import type { EmitError } from "../internal/model/recorderErrors.ts"
import { CurrentEmission } from "../internal/recorder/currentEmission.ts"
import { internalsOf } from "../internal/recorder/internals.ts"
import type { RecorderService } from "../internal/recorder/service.ts"
import type { Captured } from "../internal/replay/ndjson.ts"
import { copyOf } from "../internal/stream/eventWriter.ts"
import { fixedTime } from "../internal/util/fixedTime.ts"

/**
 * An event that a recorder refused.
 *
 * @category models
 * @since 0.2.0
 */
export interface Refused {
  /** When it was emitted, in milliseconds since the Unix epoch. */
  readonly at: number
  /** The emitted value, which may be anything. */
  readonly event: unknown
  /**
   * Why it was refused: it was not an event, the capacity was used up, or the recorder was stopping, stopped or failed.
   */
  readonly reason: "invalid" | "overflow" | "not-running"
}

/** The captured events, in the order of acceptance. */
export interface Captures {
  events: Array<Captured>
  refused: Array<Refused>
}

export const noCaptures = (): Captures => ({ events: [], refused: [] })

/** `clock` is that of `emitUnsafe`. */
export const capturing = (recorder: RecorderService, captures: Captures, clock: Clock.Clock): RecorderService => {
  const internals = internalsOf(recorder)!
  const emitUnsafe = (event: MetricEvent): boolean => {
    const at = clock.currentTimeMillisUnsafe()
    const copy = keep(event)
    const before = internals.statsUnsafe().refusedBy
    const accepted = internals.emitAt(fixedTime(at), event)
    if (accepted) captures.events.push({ at, event: copy! })
    else {
      const { invalid, overflow } = internals.statsUnsafe().refusedBy
      const reason =
        invalid > before.invalid ? "invalid" : overflow > before.overflow ? "overflow" : ("not-running" as const)
      captures.refused.push({ at, event: copyOf(event) ?? event, reason })
    }
    return accepted
  }
  const emit = (event: MetricEvent): Effect.Effect<boolean, EmitError> =>
    Effect.withFiber((fiber) => {
      const at = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
      const copy = keep(event)
      const emission = fiber.getRef(CurrentEmission) ?? { decision: undefined }
      return recorder.emit(event).pipe(
        Effect.provideService(Clock.Clock, fixedTime(at)),
        Effect.provideService(CurrentEmission, emission),
        Effect.onExit((exit) =>
          Effect.sync(() => {
            const reason = whyRefused(exit) ?? emission.decision
            if (reason === "accepted") captures.events.push({ at, event: copy! })
            else if (reason !== undefined) captures.refused.push({ at, event: copyOf(event) ?? event, reason })
          })
        )
      )
    })
  return Object.freeze({ ...recorder, emit, emitUnsafe })
}

/**
 * A copy of an event as a recorder keeps it. A recorder may accept an event with fields that cannot be copied and that
 * no metric reads: those are omitted.
 */
const keep = (event: MetricEvent): MetricEvent | undefined => {
  const copy = copyOf(event)
  if (copy !== undefined || whyNotEvent(event) !== undefined) return copy
  const fields = Object.getOwnPropertyNames(event)
    .map((name) => [name, event[name as never] as unknown] as const)
    .filter(([, value]) => copyOf({ _tag: event._tag, value } as MetricEvent))
  return copyOf({ ...Object.fromEntries(fields), _tag: event._tag } as MetricEvent)
}

/** The outcome for an event; `undefined`: the emitter was interrupted. */
const whyRefused = (exit: Exit.Exit<boolean, EmitError>): Refused["reason"] | "accepted" | undefined => {
  if (Exit.isSuccess(exit)) return exit.value ? "accepted" : "overflow"
  const { reasons } = exit.cause
  const failure = reasons.find((reason) => reason._tag === "Fail")
  switch (failure?.error._tag) {
    case "mvx-metrics/InvalidArgument":
      return "invalid"
    case "mvx-metrics/QueueOverflow":
      return "overflow"
    case "mvx-metrics/InvalidState":
      return "not-running"
    case undefined:
      return undefined
  }
}
