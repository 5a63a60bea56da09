import { anyNumber, type Measure } from "./measure.ts"

export interface AveragePoint {
  readonly count: number
  readonly sum: number
}

/** 0 + value: -0 counts as 0, whichever comes first. */
export const averageMeasure: Measure<AveragePoint> = {
  accepts: anyNumber,
  first: (value) => ({ count: 1, sum: 0 + value }),
  next: ({ count, sum }, value) => ({ count: count + 1, sum: sum + value }),
  merge: (left, right) => ({ count: left.count + right.count, sum: left.sum + right.sum }),
  minus: (later, earlier) => ({ count: later.count - earlier.count, sum: later.sum - earlier.sum })
}

export const showAverage = (point: AveragePoint | null) => {
  const { count, sum } = point ?? { count: 0, sum: 0 }
  return { average: count === 0 ? null : sum / count, count, sum }
}
