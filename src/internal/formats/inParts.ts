import type { Steps } from "../util/steps.ts"
import type { MetricData } from "./metricData.ts"

/** The number of points converted in one step. */
const StepPoints = 128

/** The results of `convert` for data, some of its points at a time. Data without points is passed as it is. */
export function* inParts<A>(data: MetricData, convert: (part: MetricData) => ReadonlyArray<A>): Steps<Array<A>> {
  const points: ReadonlyArray<unknown> = data.points
  const converted: Array<A> = []
  let from = 0
  do {
    const part = { ...data, points: points.slice(from, from + StepPoints) } as MetricData
    for (const each of convert(part)) converted.push(each)
    from += StepPoints
    yield
  } while (from < points.length)
  return converted
}
