/**
 * Streams as OpenTelemetry has them: each series from when it began to count, or what came since the last export.
 */
import type { Attributes, ExponentialDataPoint, HistogramDataPoint, MetricData, NumberPoint } from "../../MetricData.ts"
import type { Dated } from "../exporters/collect.ts"
import { minusPoints } from "../instruments/exponential.ts"

export type Temporality = "cumulative" | "delta"

/** A time in nanoseconds since the Unix epoch. */
export type Nanos = bigint

/** A point with the interval that it is about. */
export interface Interval<Point> {
  readonly start: Nanos
  readonly point: Point
  /** Whether the least and the greatest value are those of this interval. */
  readonly hasExtremes: boolean
}

/** Data of one metric whose points have intervals. */
export type Streamed = MetricData extends infer M
  ? M extends { readonly points: ReadonlyArray<infer P> }
    ? Omit<M, "points"> & { readonly isDelta: boolean; readonly points: ReadonlyArray<Interval<P>> }
    : never
  : never

type Point = { readonly attributes: Attributes }

/** What was exported last of a series. */
interface Exported {
  readonly since: number | undefined
  readonly start: Nanos
  readonly at: Nanos
  readonly point: Point
}

export type ExportedStreams = ReadonlyMap<string, Exported>

/** The series of `all` at the time `now`, and what to remember of them once they have arrived. */
export const streams = (
  all: ReadonlyArray<Dated>,
  before: ExportedStreams,
  options: { readonly temporality: Temporality; readonly begun: Nanos; readonly now: Nanos }
): readonly [ReadonlyArray<Streamed>, ExportedStreams] => {
  const seen = new Map<string, Exported>()

  const streamed = ({ data, since }: Dated): Streamed => {
    const adds = addsOf(data)
    const isDelta = options.temporality === "delta" && adds !== undefined
    const points = (data.points as ReadonlyArray<Point>).map((point): Interval<Point> => {
      const key = JSON.stringify([data.name, data.type, Object.entries(point.attributes).sort(byName)])
      const known = seen.get(key) ?? before.get(key)
      const goesOn = known !== undefined && known.since === since && adds?.(point, known.point) !== true
      // Where the clock was set back, that may lie after now: an interval that ends before it begins is invalid.
      const byNow = (time: Nanos): Nanos => (time > options.now ? options.now : time)
      const start = byNow(goesOn ? known.start : since === undefined ? (known?.at ?? options.begun) : nanosOf(since))
      seen.set(key, { since, start, at: options.now, point })
      return isDelta && goesOn
        ? { start: byNow(known.at), point: minus(data.type, point, known.point), hasExtremes: false }
        : { start, point, hasExtremes: true }
    })
    return { ...data, isDelta, points } as unknown as Streamed
  }

  return [all.map(streamed), seen]
}

const byName = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : left > right ? 1 : 0

export const nanosOf = (millis: number): Nanos => BigInt(Math.round(millis * 1000)) * 1000n

/**
 * Of data that adds up: whether a point cannot come after another one, so that it has begun anew. What does not, or may
 * go down, is shown as it stands, as OpenTelemetry does.
 */
const addsOf = (data: MetricData): ((point: Point, earlier: Point) => boolean) | undefined => {
  switch (data.type) {
    case "sum":
      return data.monotonic ? (point, earlier) => numberIn(point) < numberIn(earlier) : undefined
    case "histogram":
    case "exponentialHistogram":
      return (point, earlier) => countOf(point) < countOf(earlier)
    case "gauge":
    case "summary":
      return undefined
  }
}

const numberIn = (point: Point): number => (point as NumberPoint).value

const countOf = (point: Point): number => (point as HistogramDataPoint).count

const minus = (type: MetricData["type"], point: Point, earlier: Point): Point => {
  switch (type) {
    case "histogram":
      return minusHistogram(point as HistogramDataPoint, earlier as HistogramDataPoint)
    case "exponentialHistogram":
      return minusPoints(point as ExponentialDataPoint, earlier as ExponentialDataPoint)
    default:
      return { ...point, value: numberIn(point) - numberIn(earlier) } as NumberPoint
  }
}

const minusHistogram = (point: HistogramDataPoint, earlier: HistogramDataPoint): HistogramDataPoint => ({
  ...point,
  count: point.count - earlier.count,
  sum: point.sum - earlier.sum,
  counts: point.counts.map((count, i) => count - (earlier.counts[i] ?? 0))
})
