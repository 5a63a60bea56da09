/**
 * Operations that may fail: metrics of OpenTelemetry's conventions that say so by `error.type`. What people ask about them
 * is how many there are, how many of them fail, and how long they take, by operation: by route, by host, by table.
 */
import type * as Metric from "../metric/definition/metric.ts"
import { labelName } from "../naming/names.ts"
import { type Exposed, exposedOf, seriesLabelsOf } from "./exposedMetrics.ts"

/** The label of those that failed; absent for all others. */
const ErrorLabel = labelName("error.type")

/** Labels that do not tell operations apart, but how each went. */
const ofOutcome: ReadonlySet<string> = new Set(
  ["error.type", "http.response.status_code", "network.protocol.version", "url.scheme"].map(labelName)
)

/** Of a server, that is the name by which a client has asked for it. */
const ofAddress: ReadonlySet<string> = new Set(["server.address", "server.port"].map(labelName))
const RouteLabel = labelName("http.route")

/** The labels that tell operations apart. */
const operationLabels = (labels: ReadonlyArray<string>): ReadonlyArray<string> =>
  labels.filter((label) => !ofOutcome.has(label) && !(labels.includes(RouteLabel) && ofAddress.has(label)))

export interface Operations {
  readonly name: string
  readonly duration: Exposed
  readonly labels: ReadonlyArray<string>
}

const isOfOperations = (labels: ReadonlyArray<string>): boolean => labels.includes(ErrorLabel)

/** The labels by which a distribution is shown: of operations, not by how they went. */
export const distributionLabels = (metric: Metric.Any): ReadonlyArray<string> => {
  const labels = seriesLabelsOf(metric)
  return isOfOperations(labels) ? operationLabels(labels) : labels
}

/** What there is to ask of a metric, if it is the duration of operations that may fail. */
export const operationsOf = (metric: Metric.Any): Operations | undefined => {
  const [duration] = exposedOf(metric)
  const isDuration = metric.instrument?.kind === "histogram" && metric.unit === "s"
  return duration !== undefined && isDuration && isOfOperations(seriesLabelsOf(metric))
    ? { name: metric.name, duration, labels: distributionLabels(metric) }
    : undefined
}

/**
 * Which part of the operations failed. `rate` has how fast the series of a selector grow, by operation. Where none has ever
 * failed there is no series that says so.
 */
export const errorRatio = ({ duration }: Operations, rate: (sample: string, selector: string) => string): string => {
  const sample = `${duration.sample}_count`
  const all = rate(sample, "")
  return `(${rate(sample, `${ErrorLabel}!=""`)} or 0 * ${all}) / ${all}`
}
