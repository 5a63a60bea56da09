/**
 * Streams as OpenTelemetry has them: each series from when it began to count, or what came since the last export.
 */

import { exactIn, roundedSum, roundedValue, withExact } from "../../formats/exactPoints.ts"
import {
  type Attributes,
  type ExponentialDataPoint,
  type HistogramDataPoint,
  type Life,
  type MetricData,
  type NumberPoint,
  shapeKey
} from "../../formats/metricData.ts"
import { type Interval, type Nanos, nanosOf, type Streamed } from "../../formats/otlp/streamed.ts"
import { less } from "../../metric/instruments/exactSum.ts"
import { minusPoints } from "../../metric/instruments/exponential.ts"
import { allSteps, type Steps } from "../../util/steps.ts"
import type { Dated } from "../collect.ts"

/**
 * What a point covers: everything since the metric was registered, or what was added since the last export.
 *
 * @category options
 * @since 0.2.0
 */
export type Temporality = "cumulative" | "delta"

type Point = { readonly attributes: Attributes; readonly life?: Life | undefined }

/** What was exported last of a series. */
interface Exported {
  /** The recorder, by its instance. */
  readonly owner: number | undefined
  /** Which data of which life of its metric it belongs to. */
  readonly of: string
  /** Which life of the series it is. */
  readonly life: number | undefined
  readonly start: Nanos
  readonly end: Nanos
  readonly point: Point
}

export type ExportedStreams = ReadonlyMap<string, Exported>

/** Data at the time of its last read, where that is not the time of the export. */
export type Timed = Dated & { readonly until?: Nanos }

interface StreamOptions {
  readonly temporality: Temporality
  /** When the exporter began. */
  readonly begun: Nanos
  readonly now: Nanos
  /** Recorders that were not read: what was exported of them last still stands. */
  readonly unread?: ReadonlySet<number>
  /** What metrics have gone on from, which was exported by others. */
  readonly bases?: ExportedStreams
}

/** Points that are looked at in one step. */
export const StepPoints = 128

/** The series of `all` at the time `now`, and what to remember of them once they have arrived. */
export function* streamSteps(
  all: ReadonlyArray<Timed>,
  before: ExportedStreams,
  options: StreamOptions
): Steps<readonly [ReadonlyArray<Streamed>, ExportedStreams]> {
  const seen = new Map<string, Exported>()
  const { bases = noStreams, unread = nobody } = options
  let byData: Groups | undefined
  let looked = 0

  /** What was exported last of a series, of this life of its metric if it was exported at all. */
  const lastOf = (key: string, of: string): Exported | undefined => {
    const last = seen.get(key) ?? before.get(key)
    const base = bases.get(key)
    return last?.of !== of && base?.of === of ? base : last
  }

  const streamed = function* ({ bygone, data, life, owner, since, until = options.now }: Timed): Steps<Streamed> {
    const adds = addsOf(data)
    const isDelta = options.temporality === "delta" && adds !== undefined
    const shape = shapeKey(data)
    const of = JSON.stringify([shape, life, since])
    const wentOn = new Set<string>()

    const keyOf = ({ attributes }: Point): string => shape + JSON.stringify(Object.entries(attributes).sort(byName))

    const tell = (point: Point): Interval<Point> => {
      const key = keyOf(point)
      const known = lastOf(key, of)
      const goesOn =
        known !== undefined &&
        known.of === of &&
        known.life === point.life?.number &&
        adds?.(point, known.point) !== true
      const begins = point.life?.since ?? since
      const begin = begins === undefined ? (known?.end ?? options.begun) : nanosOf(begins)
      // Milliseconds are coarser than the times of exports, and clocks are set back: no interval overlaps another.
      const start = earlier(goesOn ? known.start : later(begin, known?.end), until)
      if (goesOn) wentOn.add(key)
      seen.set(key, { owner, of, life: point.life?.number, start, end: until, point })
      return isDelta && goesOn
        ? {
            start: earlier(known.end, until),
            end: until,
            point: minus(data.type, point, known.point),
            hasExtremes: false
          }
        : { start, end: until, point, hasExtremes: true }
    }

    /** What series got after the last export and before they went, where they are not there any more to tell it. */
    const rest = (point: Point): Interval<Point> => {
      const key = keyOf(point)
      const known = lastOf(key, of)
      const goesOn = known !== undefined && known.of === of
      const start = earlier(goesOn ? known.end : later(nanosOf(since ?? 0), known?.end), until)
      seen.set(key, { owner, of, life: undefined, start, end: until, point })
      const told = (byData?.get(of) ?? []).filter(([own]) => own === key || !wentOn.has(own))
      const left = told.reduce((from, [, each]) => minus(data.type, from, each.point), point)
      return { start, end: until, point: left, hasExtremes: false }
    }

    const told: Array<Interval<Point>> = []
    const tellAll = function* (points: ReadonlyArray<Point>, tellOne: typeof tell): Steps<void> {
      for (const point of points) {
        const interval = tellOne(point)
        if (!isDelta || amountOf(interval.point) > 0) told.push(interval)
        if (++looked % StepPoints === 0) yield
      }
    }
    yield* tellAll(data.points, tell)
    const shown = told.length
    // Series that are shown no more: only what they have yet to tell.
    if (bygone !== undefined) yield* tellAll(bygone.idle.points, tell)
    if (!isDelta) return { ...data, isDelta, points: told.slice(0, shown) } as unknown as Streamed
    if (bygone !== undefined && bygone.expired.points.length > 0) {
      byData ??= yield* groupedByData(before, bases)
      yield* tellAll(bygone.expired.points, rest)
    }
    return { ...data, isDelta, points: told } as unknown as Streamed
  }

  const result: Array<Streamed> = []
  for (const each of all) result.push(yield* streamed(each))
  for (const [key, each] of unread.size === 0 ? noStreams : before) {
    if (each.owner !== undefined && unread.has(each.owner) && !seen.has(key)) seen.set(key, each)
    if (++looked % StepPoints === 0) yield
  }
  return [result, seen]
}

/** The same at once. */
export const streams = (...args: Parameters<typeof streamSteps>): readonly [ReadonlyArray<Streamed>, ExportedStreams] =>
  allSteps(streamSteps(...args))

const noStreams: ExportedStreams = new Map()
const nobody: ReadonlySet<number> = new Set()

type Groups = ReadonlyMap<string, ReadonlyArray<readonly [string, Exported]>>

/** By the data that they are of: what was exported last, and the bases of what was not. */
function* groupedByData(before: ExportedStreams, bases: ExportedStreams): Steps<Groups> {
  const groups = new Map<string, Array<readonly [string, Exported]>>()
  let looked = 0
  for (const streams of [before, bases]) {
    for (const entry of streams) {
      const [key, { of }] = entry
      if (++looked % StepPoints === 0) yield
      if (streams === bases && before.get(key)?.of === of) continue
      const group = groups.get(of)
      if (group === undefined) groups.set(of, [entry])
      else group.push(entry)
    }
  }
  return groups
}

const earlier = (left: Nanos, right: Nanos): Nanos => (left < right ? left : right)

const later = (left: Nanos, right: Nanos | undefined): Nanos => (right === undefined || left > right ? left : right)

const byName = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : left > right ? 1 : 0

/**
 * Of data that adds up: whether a point cannot come after another one, so that it has begun anew. What does not, or may
 * go down, is shown as it stands, as OpenTelemetry does.
 */
const addsOf = (data: MetricData): ((point: Point, earlier: Point) => boolean) | undefined => {
  switch (data.type) {
    case "sum":
      return data.monotonic ? (point, earlier) => numberIn(point) < numberIn(earlier) : undefined
    case "histogram":
      return (point, earlier) => countOf(point) < countOf(earlier) || !haveSameBuckets(point, earlier)
    case "exponentialHistogram":
      return (point, earlier) => countOf(point) < countOf(earlier)
    case "gauge":
    case "summary":
      return undefined
  }
}

const numberIn = (point: Point): number => (point as NumberPoint).value

const countOf = (point: Point): number => (point as HistogramDataPoint).count

const amountOf = (point: Point): number => ("count" in point ? countOf(point) : numberIn(point))

const haveSameBuckets = (point: Point, earlier: Point): boolean =>
  (point as HistogramDataPoint).boundaries.join() === (earlier as HistogramDataPoint).boundaries.join()

/** The difference of the exact sums, rounded once: deltas do not inherit what a large total rounds away. */
const minus = (type: MetricData["type"], point: Point, earlier: Point): Point => {
  switch (type) {
    case "histogram":
      return minusHistogram(point as HistogramDataPoint, earlier as HistogramDataPoint)
    case "exponentialHistogram": {
      const rest = minusPoints(withExact(point as ExponentialDataPoint), withExact(earlier as ExponentialDataPoint))
      return { ...rest, ...roundedSum(rest.sum) }
    }
    default: {
      const rest = less(exactIn(point as NumberPoint), exactIn(earlier as NumberPoint))
      return { ...point, ...roundedValue(rest) } as NumberPoint
    }
  }
}

const minusHistogram = (point: HistogramDataPoint, earlier: HistogramDataPoint): HistogramDataPoint => ({
  ...point,
  count: point.count - earlier.count,
  ...roundedSum(less(withExact(point).sum, withExact(earlier).sum)),
  counts: point.counts.map((count, i) => count - (earlier.counts[i] ?? 0))
})
