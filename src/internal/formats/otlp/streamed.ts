/** Data of metrics whose points have intervals, as in OTLP. Plain data, because encoders may run on any thread. */
import { type Exemplar, type MetricData, together } from "../metricData.ts"

/** A time in nanoseconds since the Unix epoch. */
export type Nanos = bigint

export const nanosOf = (millis: number): Nanos => BigInt(Math.round(millis * 1000)) * 1000n

/** A point with the interval that it covers. */
export interface Interval<Point> {
  readonly start: Nanos
  readonly end: Nanos
  readonly point: Point
  /** Whether the minimum and the maximum are those of this interval. */
  readonly hasExtremes: boolean
}

/** Data of one metric whose points have intervals. */
export type Streamed = MetricData extends infer M
  ? M extends { readonly points: ReadonlyArray<infer P> }
    ? Omit<M, "points"> & { readonly isDelta: boolean; readonly points: ReadonlyArray<Interval<P>> }
    : never
  : never

/** Values of the field `aggregation_temporality`. */
export const temporalityOf = ({ isDelta }: Streamed): number => (isDelta ? 1 : 2)

/** Merges data of one name and one shape to one metric, as OTLP expects. Metrics without points are omitted. */
export const asMetrics = (all: ReadonlyArray<Streamed>): ReadonlyArray<Streamed> =>
  together(all.filter(({ points }) => points.length > 0))

/** OpenTelemetry's ids have 16 and 8 bytes, and are not all zeros. */
const isTraceId = (id: string): boolean => /^(?!0+$)[\da-f]{32}$/i.test(id)
const isSpanId = (id: string | undefined): id is string => id !== undefined && /^(?!0+$)[\da-f]{16}$/i.test(id)

export interface ShownExemplar {
  readonly time: Nanos
  readonly value: number
  /** In lower-case hexadecimal digits, like `spanId`. */
  readonly traceId: string
  readonly spanId: string | undefined
}

/** The exemplars of an interval that have a trace id of OpenTelemetry. */
export const exemplarsOf = (
  { start }: Interval<unknown>,
  all: ReadonlyArray<Exemplar | undefined> = []
): ReadonlyArray<ShownExemplar> =>
  all.flatMap((exemplar) => {
    if (exemplar === undefined || !isTraceId(exemplar.traceId) || nanosOf(exemplar.at) < start) return []
    const { at, spanId, traceId, value } = exemplar
    return {
      time: nanosOf(at),
      value,
      traceId: traceId.toLowerCase(),
      spanId: isSpanId(spanId) ? spanId.toLowerCase() : undefined
    }
  })

interface Extremes {
  readonly min: number | null
  readonly max: number | null
}

/** The minimum and the maximum, if they are known for the interval. */
export const extremesOf = ({ hasExtremes, point }: Interval<Extremes>): { min: number; max: number } | undefined =>
  hasExtremes && point.min !== null && point.max !== null ? { min: point.min, max: point.max } : undefined
