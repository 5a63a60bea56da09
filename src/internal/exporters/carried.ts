/**
 * Sums and counts that never decrease, for readers that do not know about lives: OpenTelemetry's SDKs and Effect's OTLP
 * exporter subtract what they last read for the same attributes. For a series that starts again, the counts of its
 * earlier lives are added.
 */

import type { Dated } from "../formats/datedData.ts"
import { exactIn, roundedSum, roundedValue, withExact } from "../formats/exactPoints.ts"
import { inParts } from "../formats/inParts.ts"
import {
  type ExponentialDataPoint,
  type HistogramDataPoint,
  type MetricData,
  type NumberPoint,
  type SummaryDataPoint,
  shapeKey
} from "../formats/metricData.ts"
import { plus as added } from "../metric/instruments/exactSum.ts"
import { mergePoints } from "../metric/instruments/exponential.ts"
import type { Steps } from "../util/steps.ts"

type Point = MetricData["points"][number]

interface Carried {
  readonly life: string
  /** What it was shown as in its current life. */
  readonly last: Point
  /** The total of its earlier lives. */
  readonly before: Point | undefined
  /** The last read that included it. */
  readonly read: number
}

/** Removed series of one metric. */
interface Removed {
  readonly data: MetricData
  readonly points: Map<string, { readonly point: Point; wasShown: boolean }>
}

/**
 * The maximum number of removed series of a metric that are remembered if they do not return. Those beyond it stay as
 * they were last read.
 */
const MostRemoved = 2000

export class CarriedSeries {
  readonly #byData = new Map<string, Map<string, Carried>>()
  readonly #removed = new Map<string, Removed>()
  readonly #most: number
  readonly #forgets: boolean
  #read = 0

  /**
   * `most`: the number of series of a metric that are remembered. `forgets`: readers forget missing series, so these
   * start from zero when they return.
   */
  constructor(most: number, forgets: boolean) {
    this.#most = most
    this.#forgets = forgets
  }

  /** Starts a read. `isSeen`: the previous one was delivered. */
  nextRead(isSeen: boolean): void {
    if (isSeen && this.#forgets) {
      for (const [key, all] of this.#byData) {
        for (const [own, { read }] of all) if (read < this.#read) all.delete(own)
        if (all.size === 0) this.#byData.delete(key)
      }
    }
    if (isSeen) {
      for (const [key, { points }] of this.#removed) {
        for (const [own, { wasShown }] of points) if (wasShown) points.delete(own)
        if (points.size === 0) this.#removed.delete(key)
      }
    }
    this.#read++
  }

  /** Keeps the last state of a removed recorder, for reads until one is delivered. */
  *remove(all: ReadonlyArray<Dated>): Steps<void> {
    for (const { data, ...origin } of all) {
      const key = shapeKey(data)
      const points = this.#removed.get(key)?.points ?? new Map()
      this.#removed.set(key, { data, points })
      yield* inParts(data, (part) => {
        let room = MostRemoved - points.size
        const kept = (part.points as ReadonlyArray<Point>).filter((point) => points.has(ownKey(point)) || room-- > 0)
        for (const point of this.#points({ ...origin, data: { ...part, points: kept } as MetricData })) {
          points.set(ownKey(point), { point, wasShown: false })
        }
        return []
      })
    }
  }

  /**
   * The data including earlier lives of the same series, and removed series that have not returned. Data must be passed
   * in the order in which it was read.
   */
  *of(all: ReadonlyArray<Dated>): Steps<ReadonlyArray<MetricData>> {
    const carried: Array<MetricData> = []
    for (const each of all) {
      const removed = this.#removed.get(shapeKey(each.data))?.points
      const points = yield* inParts(each.data, (data) => {
        const part = this.#points({ ...each, data })
        if (removed !== undefined) for (const point of part) removed.delete(ownKey(point))
        return part
      })
      carried.push({ ...each.data, points } as MetricData)
    }
    return [...this.#shownOnceMore(), ...carried]
  }

  *#shownOnceMore(): Generator<MetricData> {
    for (const [key, { data, points }] of this.#removed) {
      const series = this.#byData.get(key)
      const last = Array.from(points, ([own, each]) => {
        each.wasShown = true
        const known = series?.get(own)
        if (known !== undefined) series?.set(own, { ...known, read: this.#read })
        return each.point
      })
      if (last.length > 0) yield { ...data, points: last } as MetricData
    }
  }

  #points({ data, life, since }: Dated): ReadonlyArray<Point> {
    if (data.type === "gauge" || (data.type === "sum" && !data.monotonic)) return data.points
    const key = shapeKey(data)
    const series = this.#byData.get(key) ?? new Map<string, Carried>()
    this.#byData.set(key, series)
    return (data.points as ReadonlyArray<Point>).map((point) => {
      const own = ownKey(point)
      const known = series.get(own)
      const ownLife = JSON.stringify([life, since, point.life?.number])
      let before = known?.before
      if (known !== undefined && known.life !== ownLife) {
        before = before === undefined ? known.last : plus(data.type, before, known.last)
      }
      if (known !== undefined || series.size < this.#most) {
        series.set(own, { life: ownLife, last: point, before, read: this.#read })
      }
      return before === undefined ? point : plus(data.type, point, before)
    })
  }
}

/** Distinguishes a series from others of its metric. Counts in different buckets are not added. */
const ownKey = (point: Point): string =>
  JSON.stringify([Object.entries(point.attributes), "boundaries" in point && point.boundaries])

/** A point including what was before. A sum that has decreased once no longer counts as monotonic. */
const plus = (type: MetricData["type"], point: Point, before: Point): Point => {
  switch (type) {
    case "histogram": {
      const [now, then] = [point, before] as [HistogramDataPoint, HistogramDataPoint]
      return {
        ...now,
        count: now.count + then.count,
        ...roundedSum(added(withExact(now).sum, withExact(then).sum)),
        ...together(now, then),
        counts: now.counts.map((count, i) => count + then.counts[i]!)
      }
    }
    case "exponentialHistogram": {
      const [now, then] = [point, before] as [Whole, Whole]
      const merged = mergePoints(withExact(now), withExact(then))
      return { ...now, ...merged, ...roundedSum(merged.sum), ...together(now, then) }
    }
    case "summary": {
      const [now, then] = [point, before] as [SummaryDataPoint, SummaryDataPoint]
      const sum = added(withExact(now).sum, withExact(then).sum)
      return { ...now, count: now.count + then.count, ...roundedSum(sum), sumFalls: now.sumFalls || then.sumFalls }
    }
    default:
      return {
        ...point,
        ...roundedValue(added(exactIn(point as NumberPoint), exactIn(before as NumberPoint)))
      } as NumberPoint
  }
}

/** Before there are values there are no extremes. */
type Whole = ExponentialDataPoint & { readonly min: number; readonly max: number }

type Extremes = Pick<HistogramDataPoint, "max" | "min" | "sumFalls">

const together = (now: Extremes, then: Extremes): Extremes => ({
  sumFalls: now.sumFalls || then.sumFalls,
  min: extreme(Math.min, now.min, then.min),
  max: extreme(Math.max, now.max, then.max)
})

const extreme = (of: typeof Math.min, left: number | null, right: number | null): number | null =>
  left === null || right === null ? (left ?? right) : of(left, right)
