/**
 * The span of Effect's tracer in which an event is emitted, for metrics with `exemplar: "span"`.
 *
 * It goes with the event under a symbol, so that no field of a family can be in its place and nothing of the user comes
 * upon it: neither its keys, nor JSON, nor structured clone.
 */
import * as Context from "effect/Context"
import * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import type { MetricEvent } from "./event.ts"

export interface SpanIds {
  readonly traceId: string
  readonly spanId: string
}

export const EventSpan: unique symbol = Symbol.for("~mvx-metrics/EventSpan")

/** `null`: it was emitted without a span that leads anywhere. Without the property, nobody has looked yet. */
type Spanned = { [EventSpan]?: SpanIds | null }

/** The span of the fiber that runs at present. One that is not sampled leads nowhere. */
const currentSpan = (): SpanIds | null => {
  try {
    const fiber = Fiber.getCurrent()
    const span = fiber && Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
    if (span?.sampled !== true) return null
    // A tracer may have anything as a span, and no event is lost for it.
    const { spanId, traceId } = span
    return typeof traceId === "string" && typeof spanId === "string" && traceId !== "" ? { traceId, spanId } : null
  } catch {
    return null
  }
}

/** The span that a copy of an event was taken with, or that of an event that is emitted now. */
export const emissionSpan = (event: MetricEvent): SpanIds | null => {
  const taken = (event as Spanned)[EventSpan]
  return taken === undefined ? currentSpan() : taken
}

/** What an event that is folded was emitted with. */
export const spanOf = (event: MetricEvent): SpanIds | null => (event as Spanned)[EventSpan] ?? null

/** Puts a span to an event that is the library's own. */
export const putSpan = (event: MetricEvent, span: SpanIds | null): MetricEvent => {
  ;(event as Spanned)[EventSpan] = span
  return event
}
