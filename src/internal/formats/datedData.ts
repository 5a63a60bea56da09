import { type ExactSum, plus } from "../metric/instruments/exactSum.ts"
import { exactIn, roundedValue } from "./exactPoints.ts"
import { type Attributes, ExpiredAttribute, type MetricData } from "./metricData.ts"

/** The recorder and metric of data, and since when it counts, in milliseconds since the Unix epoch. */
export interface DataOrigin {
  /** Unknown for the library's own metrics. */
  readonly since: number | undefined
  /** The recorder, by its instance. Default: the data belongs to the runtime as a whole. */
  readonly owner?: number
  /** What it belongs to, in whichever life: the id of the recorder, and the metric. */
  readonly subject?: string
  /** Whether it continued from what an earlier recorder has counted and exported. */
  readonly isContinued?: true
  /** The life of its metric. A reset, a replacement and a recorder made again start another one. */
  readonly life?: string
}

/** Data of one metric of one recorder, and its origin. */
export interface Dated extends DataOrigin {
  readonly data: MetricData
  /** Its series that are no longer shown: those that still exist, and removed ones as one point. */
  readonly bygone?: { readonly idle: MetricData; readonly expired: MetricData }
}

interface DataOwner {
  readonly instance: number
  readonly recorderId: string
}

interface Lived {
  readonly epoch: number
  readonly createdAt: number
  readonly isContinued?: boolean
}

/** For data of a metric, by the metric's name. */
export const originOf = (
  { instance, recorderId }: DataOwner,
  name: string,
  { createdAt, epoch, isContinued }: Lived
): DataOrigin => ({
  since: createdAt,
  owner: instance,
  subject: `${recorderId}/${name}`,
  ...(isContinued === true && { isContinued }),
  life: `${instance}/${name}/${epoch}`
})

/** Expired series as one point. Numbers for several values, like those of a frequency, are added up. */
export const asExpired = (data: MetricData, attributes: Attributes): MetricData => {
  const own = { ...attributes, [ExpiredAttribute]: true }
  if (data.type !== "sum") {
    return { ...data, points: data.points.map((point) => ({ ...point, attributes: own })) } as MetricData
  }
  const total = data.points.reduce<ExactSum>((sum, point) => plus(sum, exactIn(point)), 0)
  return { ...data, points: [{ attributes: own, ...roundedValue(total) }] }
}
