import { type ExactSum, plus } from "../metric/instruments/exactSum.ts"
import { exactIn, roundedValue } from "./exactPoints.ts"
import { type Attributes, ExpiredAttribute, type MetricData } from "./metricData.ts"

/** Which metric of which recorder data is of, and since when it counts, in milliseconds since the Unix epoch. */
export interface DataOrigin {
  /** Not known of what the library says of itself. */
  readonly since: number | undefined
  /** The recorder it is of, by its instance. Default: it is of the runtime as a whole. */
  readonly owner?: number
  /** What it is of, whatever life that has: the id of the recorder, and the metric. */
  readonly subject?: string
  /** Whether it went on from what an earlier recorder has counted, and exported. */
  readonly isContinued?: true
  /** Which life of its metric it is of. A reset and a replacement begin another, as does a recorder made again. */
  readonly life?: string
}

/** Data of one metric of one recorder, and where it is from. */
export interface Dated extends DataOrigin {
  readonly data: MetricData
  /** What its series were that are shown no more: those that are still there, and those that are not, as one point. */
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

/** Of data of a metric by its name. */
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

/** What has expired, as one point. Numbers that stand for several values, as those of a frequency, are added up. */
export const asExpired = (data: MetricData, attributes: Attributes): MetricData => {
  const own = { ...attributes, [ExpiredAttribute]: true }
  if (data.type !== "sum") {
    return { ...data, points: data.points.map((point) => ({ ...point, attributes: own })) } as MetricData
  }
  const total = data.points.reduce<ExactSum>((sum, point) => plus(sum, exactIn(point)), 0)
  return { ...data, points: [{ attributes: own, ...roundedValue(total) }] }
}
