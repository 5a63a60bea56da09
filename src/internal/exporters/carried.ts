/**
 * Sums and counts that never go back, for readers that know of no lives: OpenTelemetry's SDKs and Effect's OTLP exporter
 * subtract what they read last of the same attributes. Of a series that begins again, what it had in its earlier lives is
 * added.
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
  /** What it was shown as in its present life. */
  readonly last: Point
  /** What its earlier lives came to. */
  readonly before: Point | undefined
  /** The read that it was in last. */
  readonly read: number
}

export class CarriedSeries {
  readonly #byData = new Map<string, Map<string, Carried>>()
  readonly #most: number
  #read = 0

  /** `most`: the number of series of a metric that are remembered. */
  constructor(most: number) {
    this.#most = most
  }

  /** Begins a read. `forget`: series that were not in the one before begin at zero when they come back. */
  nextRead(forget: boolean): void {
    if (forget) {
      for (const [key, all] of this.#byData) {
        for (const [own, { read }] of all) if (read < this.#read) all.delete(own)
        if (all.size === 0) this.#byData.delete(key)
      }
    }
    this.#read++
  }

  /** The data with what the same series were before. Data is to be given in the order in which it was read. */
  *of(all: ReadonlyArray<Dated>): Steps<ReadonlyArray<MetricData>> {
    const carried: Array<MetricData> = []
    for (const each of all) {
      const points = yield* inParts(each.data, (data) => this.#points({ ...each, data }))
      carried.push({ ...each.data, points } as MetricData)
    }
    return carried
  }

  #points({ data, life, since }: Dated): ReadonlyArray<Point> {
    if (data.type === "gauge" || (data.type === "sum" && !data.monotonic)) return data.points
    const key = shapeKey(data)
    const series = this.#byData.get(key) ?? new Map<string, Carried>()
    this.#byData.set(key, series)
    return (data.points as ReadonlyArray<Point>).map((point) => {
      // Counts in other buckets are not added.
      const own = JSON.stringify([Object.entries(point.attributes), "boundaries" in point && point.boundaries])
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

/** A point with what was before. A sum that fell once is not one that only goes up any more. */
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
