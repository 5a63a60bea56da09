/**
 * Alert rules for Prometheus: lost events, quarantined metrics and other problems. Recording rules for ratios and
 * averages: over all time these hardly change, so those of the last five minutes are recorded.
 */
import type * as Metric from "../metric/definition/metric.ts"
import { exposedOf, placeLabels, selfSample, seriesLabelsOf } from "./exposedMetrics.ts"
import { errorRatio, type Operations, operationsOf } from "./operations.ts"

interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: "info" | "warning" | "critical"; readonly metric?: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}

interface RecordingRule {
  readonly record: string
  readonly expr: string
}

interface RuleGroup {
  readonly name: string
  readonly rules: ReadonlyArray<AlertRule | RecordingRule>
}

interface Rules {
  readonly groups: ReadonlyArray<RuleGroup>
}

/** Includes the value at a counter's first scrape, because `increase` starts from the first sample. */
const grown = (sample: string): string => `increase(${sample}[5m]) > 0 or ${sample} > 0 unless ${sample} offset 5m`

/** `for`: how long the condition must hold before the alert fires. */
const alert = (
  name: string,
  severity: AlertRule["labels"]["severity"],
  expr: string,
  { for: lasting, ...annotations }: AlertRule["annotations"] & Pick<AlertRule, "for">
): AlertRule => ({
  alert: name,
  expr,
  ...(lasting !== undefined && { for: lasting }),
  labels: { severity },
  annotations
})

const alerts = (): ReadonlyArray<AlertRule> => [
  alert("MetricQuarantined", "critical", `${selfSample("metrics.quarantined")} > 0`, {
    summary: "{{ $value }} metrics of {{ $labels.recorder }} on {{ $labels.instance }} are quarantined",
    description: "Their reducer or their view threw. The error is in the log, in the snapshot and on the live page."
  }),
  alert("MetricEventsRefused", "warning", grown(selfSample("events.refused")), {
    summary: "{{ $labels.recorder }} on {{ $labels.instance }} refused events: {{ $labels.reason }}",
    description:
      "{{ $value | humanize }} in five minutes. Refused events are in no metric. If the reason is overflow, raise the capacity or emit fewer events."
  }),
  alert("MetricEventsEvicted", "warning", grown(selfSample("events.evicted")), {
    summary: "{{ $labels.recorder }} on {{ $labels.instance }} evicted events to make room for newer ones",
    description: "{{ $value | humanize }} in five minutes. Evicted events are in no metric."
  }),
  // A total of removed recorders has no capacity.
  alert(
    "MetricEventsNearCapacity",
    "warning",
    `${selfSample("events.pending")} / (${selfSample("events.capacity")} > 0) > 0.8`,
    {
      for: "1m",
      summary:
        "{{ $labels.recorder }} on {{ $labels.instance }} has used {{ $value | humanizePercentage }} of its capacity",
      description:
        "Events arrive faster than they are folded. When the capacity is used up, the overflow policy applies."
    }
  ),
  alert("MetricSeriesOverflow", "warning", `${selfSample("metrics.overflowing")} > 0`, {
    for: "5m",
    summary: "{{ $value }} metrics of {{ $labels.recorder }} on {{ $labels.instance }} exceed their cardinality limit",
    description: "Events beyond the limit go to one overflow series. The snapshot names the label with too many values."
  }),
  alert("MetricMeasurementsRejected", "info", grown(selfSample("measurements.rejected")), {
    summary: "{{ $labels.metric }} of {{ $labels.recorder }} on {{ $labels.instance }} rejected measurements",
    description: "{{ $value | humanize }} in five minutes: not a finite number, or negative for a counter."
  }),
  alert("MetricRecorderFailed", "critical", `${selfSample("recorder.failed")} > 0`, {
    summary: "The recorder {{ $labels.recorder }} on {{ $labels.instance }} failed",
    description: "It accepts no more events. The log has the reason."
  }),
  alert("MetricWorkerRestarted", "warning", grown(selfSample("worker.restarts")), {
    summary: "The metrics worker of {{ $labels.namespace }} on {{ $labels.instance }} was replaced",
    description:
      "{{ $value | humanize }} times in five minutes. Nothing is lost. The log has what ended the worker; a metric that ends it twice is quarantined."
  }),
  alert("MetricStateNotSaved", "warning", grown(selfSample("state.failures")), {
    summary: "The durable state of {{ $labels.namespace }} on {{ $labels.instance }} could not be written",
    description:
      "{{ $value | humanize }} times in five minutes. Metrics go on, and each write is tried again. The log has the reason; a kill now would lose what was accepted since the last write."
  }),
  alert(
    "MetricFoldLagging",
    "warning",
    `${selfSample("fold.lag")} > 1 and deriv(${selfSample("fold.lag")}[5m]) > 0 or ${selfSample("fold.lag")} > 5`,
    {
      for: "2m",
      summary:
        "The fold of {{ $labels.namespace }} on {{ $labels.instance }} is {{ $value | humanizeDuration }} behind",
      description: "Events arrive faster than they are folded, or a reducer is slow. Snapshots are late by as much."
    }
  ),
  alert("MetricExportsFailing", "warning", `${selfSample("exports.failing")} > 0`, {
    for: "2m",
    summary:
      "Exports of {{ $labels.namespace }} on {{ $labels.instance }} do not arrive: {{ $labels.exporter }}, {{ $labels.reason }}",
    description: "What they had comes with the next export that arrives. The log and the live page have the error."
  }),
  alert("MetricPointsRejected", "warning", grown(selfSample("points.rejected")), {
    summary: "Points of {{ $labels.namespace }} on {{ $labels.instance }} were rejected: {{ $labels.exporter }}",
    description: "{{ $value | humanize }} in five minutes. They are lost. The log has what the collector said."
  }),
  // For targets that were scraped within the last hour. While a worker is replaced, they answer 503.
  alert(
    "MetricTargetDown",
    "critical",
    `up == 0 and on (job, instance) last_over_time(${selfSample("recorders")}[1h])`,
    {
      for: "1m",
      summary: "{{ $labels.instance }} does not answer scrapes of its metrics",
      description:
        "The process is down, or its runtime failed, has a worker that is being replaced, or does not answer in time. The body of the answer has the reason."
    }
  )
]

/** The recording rules of a metric. */
export const recorded = (metric: Metric.Any): ReadonlyArray<RecordingRule> => {
  const parts = exposedOf(metric)
  const by = [...placeLabels, ...seriesLabelsOf(metric)].join(", ")
  if (metric.instrument?.kind === "ratio") {
    const [ratio, hits, total] = parts
    if (ratio === undefined || hits === undefined || total === undefined) return []
    const rate = (sample: string): string => `sum by (${by}) (rate(${sample}[5m]))`
    return [{ record: `recorder:${ratio.sample}:rate5m`, expr: `${rate(hits.sample)} / ${rate(total.sample)}` }]
  }
  if (metric.instrument?.kind === "average") {
    return parts.map(({ sample }) => ({
      record: `recorder:${sample}:mean5m`,
      expr: `sum by (${by}) (rate(${sample}_sum[5m])) / sum by (${by}) (rate(${sample}_count[5m]))`
    }))
  }
  return []
}

/** The number of operations, the share that fails, and the duration of the slowest, all over the last five minutes. */
const recordedOperations = (operations: Operations): ReadonlyArray<RecordingRule> => {
  const { duration, labels } = operations
  const by = [...placeLabels, ...labels]
  const rate = (sample: string, selector: string, more: ReadonlyArray<string> = []): string =>
    `sum by (${[...by, ...more].join(", ")}) (rate(${sample}${selector && `{${selector}}`}[5m]))`
  const record = `recorder:${duration.sample}`
  return [
    { record: `${record}_count:rate5m`, expr: rate(`${duration.sample}_count`, "") },
    { record: `${record}:error_ratio5m`, expr: errorRatio(operations, rate) },
    {
      record: `${record}:p99_5m`,
      expr: `histogram_quantile(0.99, ${rate(`${duration.sample}_bucket`, "", ["le"])})`
    }
  ]
}

const operationAlert = ({ duration, labels, name }: Operations): AlertRule => ({
  alert: "OperationsFailing",
  expr: `recorder:${duration.sample}:error_ratio5m > 0.05`,
  for: "5m",
  labels: { severity: "warning", metric: name },
  annotations: {
    summary: `{{ $value | humanizePercentage }} fail on {{ $labels.instance }}, ${name}: ${labels.map((label) => `{{ $labels.${label} }}`).join(" ")}`,
    description: "More than 5 % of the last five minutes have ended with an error. The label error_type has which."
  }
})

/** The rules for these metrics, and for the library's own metrics. */
export const rulesOf = (metrics: ReadonlyArray<Metric.Any>): Rules => {
  const operations = metrics.flatMap((metric) => operationsOf(metric) ?? [])
  const groups: ReadonlyArray<RuleGroup> = [
    { name: "mvx-metrics", rules: alerts() },
    { name: "mvx-metrics-lately", rules: [...metrics.flatMap(recorded), ...operations.flatMap(recordedOperations)] },
    // In this order, because rules that alerts depend on are recorded before.
    { name: "mvx-metrics-operations", rules: operations.map(operationAlert) }
  ]
  return { groups: groups.filter(({ rules }) => rules.length > 0) }
}

/** As a file for `rule_files`. A JSON string is a YAML string. */
export const rulesYaml = ({ groups }: Rules): string =>
  [
    "groups:",
    ...groups.flatMap(({ name, rules }) => [
      `  - name: ${JSON.stringify(name)}`,
      "    rules:",
      ...rules.flatMap(ruleYaml)
    ])
  ]
    .map((line) => `${line}\n`)
    .join("")

const ruleYaml = (rule: AlertRule | RecordingRule): ReadonlyArray<string> =>
  Object.entries(rule).flatMap(([key, value], index) => {
    const start = index === 0 ? "      - " : "        "
    if (typeof value === "string") return [`${start}${key}: ${JSON.stringify(value)}`]
    return [
      `${start}${key}:`,
      ...Object.entries(value as object).map(([name, text]) => `          ${name}: ${JSON.stringify(text)}`)
    ]
  })
