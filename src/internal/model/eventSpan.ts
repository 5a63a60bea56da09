/**
 * The span of Effect's tracer in which an event is emitted, for metrics with `exemplar: "span"`.
 *
 * The event carries it under a symbol, so that it cannot collide with a field of a family and stays hidden from the
 * event's keys, from JSON and from structured clone.
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

/**
 * `null`: the event was emitted without a span that leads anywhere. If the property is missing, the span was not looked
 * up yet.
 */
type Spanned = { [EventSpan]?: SpanIds | null }

/** The span of the current fiber. A span that is not sampled leads nowhere. */
const currentSpan = (): SpanIds | null => {
  try {
    const fiber = Fiber.getCurrent()
    const span = fiber && Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
    if (span?.sampled !== true) return null
    // A tracer may use any value as a span, and no event may be lost because of it.
    const { spanId, traceId } = span
    return typeof traceId === "string" && typeof spanId === "string" && traceId !== "" ? { traceId, spanId } : null
  } catch {
    return null
  }
}

/** The span with which a copy of an event was taken, or the span of an event that is emitted now. */
export const emissionSpan = (event: MetricEvent): SpanIds | null => {
  const taken = (event as Spanned)[EventSpan]
  return taken === undefined ? currentSpan() : taken
}

/** The span with which a folded event was emitted. */
export const spanOf = (event: MetricEvent): SpanIds | null => (event as Spanned)[EventSpan] ?? null

/** Attaches a span to an event that belongs to the library. */
export const putSpan = (event: MetricEvent, span: SpanIds | null): MetricEvent => {
  ;(event as Spanned)[EventSpan] = span
  return event
}
