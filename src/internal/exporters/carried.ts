/**
 * Sums and counts that never go back, for readers that know of no lives: OpenTelemetry's SDKs subtract what they read last
 * of the same attributes. Of a series that begins again, what it had in its earlier lives is added.
 */
import type {
  ExponentialDataPoint,
  HistogramDataPoint,
  MetricData,
  NumberPoint,
  SummaryDataPoint
} from "../../MetricData.ts"
import { mergePoints } from "../instruments/exponential.ts"
import type { Dated } from "./collect.ts"
import { shapeKey } from "./metricData.ts"

/** Most series of a metric that are remembered: an SDK keeps as many apart by default. */
const MostSeries = 2000

type Point = MetricData["points"][number]

interface Carried {
  readonly life: string
  /** What it was shown as in its present life. */
  readonly last: Point
  /** What its earlier lives came to. */
  readonly before: Point | undefined
}

export class CarriedSeries {
  readonly #byData = new Map<string, Map<string, Carried>>()

  /** The data with what the same series were before. Data is to be given in the order in which it was read. */
  of({ data, life, since }: Dated): MetricData {
    if (data.type === "gauge" || (data.type === "sum" && !data.monotonic)) return data
    const key = shapeKey(data)
    const series = this.#byData.get(key) ?? new Map<string, Carried>()
    this.#byData.set(key, series)
    const points = (data.points as ReadonlyArray<Point>).map((point) => {
      // Counts in other buckets are not added.
      const own = JSON.stringify([Object.entries(point.attributes), "boundaries" in point && point.boundaries])
      const known = series.get(own)
      const ownLife = JSON.stringify([life, since, point.life?.number])
      let before = known?.before
      if (known !== undefined && known.life !== ownLife) {
        before = before === undefined ? known.last : plus(data.type, before, known.last)
      }
      if (known !== undefined || series.size < MostSeries) series.set(own, { life: ownLife, last: point, before })
      return before === undefined ? point : plus(data.type, point, before)
    })
    return { ...data, points } as MetricData
  }
}

/** A point with what was before. */
const plus = (type: MetricData["type"], point: Point, before: Point): Point => {
  switch (type) {
    case "histogram": {
      const [now, then] = [point, before] as [HistogramDataPoint, HistogramDataPoint]
      const counts = now.counts.map((count, i) => count + then.counts[i]!)
      return { ...now, count: now.count + then.count, sum: now.sum + then.sum, counts }
    }
    case "exponentialHistogram":
      return { ...point, ...mergePoints(point as Whole, before as Whole) }
    case "summary": {
      const [now, then] = [point, before] as [SummaryDataPoint, SummaryDataPoint]
      return { ...now, count: now.count + then.count, sum: now.sum + then.sum }
    }
    default:
      return { ...point, value: (point as NumberPoint).value + (before as NumberPoint).value } as NumberPoint
  }
}

/** A series that is there has values. */
type Whole = ExponentialDataPoint & { readonly min: number; readonly max: number }
