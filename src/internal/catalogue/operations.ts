/**
 * Operations that may fail: metrics of OpenTelemetry's conventions that report failures in `error.type`. The usual
 * questions are how many operations there are, how many of them fail, and how long they take, by route, by host, or by
 * table.
 */
import type * as Metric from "../metric/definition/metric.ts"
import { labelName } from "../naming/names.ts"
import { type Exposed, exposedOf, seriesLabelsOf } from "./exposedMetrics.ts"

/** The label of failed operations; absent for all others. */
const ErrorLabel = labelName("error.type")

/** Labels that describe the outcome of operations rather than distinguish them. */
const ofOutcome: ReadonlySet<string> = new Set(
  ["error.type", "http.response.status_code", "network.protocol.version", "url.scheme"].map(labelName)
)

/** On a server, this is the name that a client has used for it. */
const ofAddress: ReadonlySet<string> = new Set(["server.address", "server.port"].map(labelName))
const RouteLabel = labelName("http.route")

/** The labels that distinguish operations. */
const operationLabels = (labels: ReadonlyArray<string>): ReadonlyArray<string> =>
  labels.filter((label) => !ofOutcome.has(label) && !(labels.includes(RouteLabel) && ofAddress.has(label)))

export interface Operations {
  readonly name: string
  readonly duration: Exposed
  readonly labels: ReadonlyArray<string>
}

const isOfOperations = (labels: ReadonlyArray<string>): boolean => labels.includes(ErrorLabel)

/** The labels by which a distribution is shown: those of operations, not of outcomes. */
export const distributionLabels = (metric: Metric.Any): ReadonlyArray<string> => {
  const labels = seriesLabelsOf(metric)
  return isOfOperations(labels) ? operationLabels(labels) : labels
}

/** The queries for a metric, if it measures the duration of operations that may fail. */
export const operationsOf = (metric: Metric.Any): Operations | undefined => {
  const [duration] = exposedOf(metric)
  const isDuration = metric.instrument?.kind === "histogram" && metric.unit === "s"
  return duration !== undefined && isDuration && isOfOperations(seriesLabelsOf(metric))
    ? { name: metric.name, duration, labels: distributionLabels(metric) }
    : undefined
}

/**
 * The share of operations that failed. `rate` returns how fast the series of a selector grow, by operation. If no
 * operation has ever failed, there is no series for failures.
 */
export const errorRatio = ({ duration }: Operations, rate: (sample: string, selector: string) => string): string => {
  const sample = `${duration.sample}_count`
  const all = rate(sample, "")
  return `(${rate(sample, `${ErrorLabel}!=""`)} or 0 * ${all}) / ${all}`
}
