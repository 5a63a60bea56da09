/**
 * Alert rules for Prometheus, of what should not be: events lost, metrics out of service. And recording rules for what
 * is divided: a ratio over all time hardly moves, so that of the last five minutes is recorded.
 */
import type * as Metric from "../../Metric.ts"
import { exposedOf, labelsOf, selfSample } from "./exposed.ts"

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: "info" | "warning" | "critical" }
  readonly annotations: { readonly summary: string; readonly description: string }
}

export interface RecordingRule {
  readonly record: string
  readonly expr: string
}

export interface RuleGroup {
  readonly name: string
  readonly rules: ReadonlyArray<AlertRule | RecordingRule>
}

export interface Rules {
  readonly groups: ReadonlyArray<RuleGroup>
}

/** Of a counter that is there only once there is something to count: its first sample is growth as well. */
const grown = (sample: string): string => `increase(${sample}[5m]) > 0 or ${sample} unless ${sample} offset 5m`

const alerts = (): ReadonlyArray<AlertRule> => [
  {
    alert: "MetricQuarantined",
    expr: `${selfSample("metrics.quarantined")} > 0`,
    labels: { severity: "critical" },
    annotations: {
      summary: "{{ $value }} metrics of {{ $labels.recorder }} are out of service",
      description: "Their reducer or their view threw. The live page, the log and a snapshot say which error it was."
    }
  },
  {
    alert: "MetricEventsRefused",
    expr: `increase(${selfSample("events.refused")}[5m]) > 0`,
    labels: { severity: "warning" },
    annotations: {
      summary: "{{ $labels.recorder }} refused events: {{ $labels.reason }}",
      description:
        "{{ $value | humanize }} in five minutes. What was refused is in no metric. Of overflow: raise the capacity, or fold less."
    }
  },
  {
    alert: "MetricEventsEvicted",
    expr: `increase(${selfSample("events.evicted")}[5m]) > 0`,
    labels: { severity: "warning" },
    annotations: {
      summary: "{{ $labels.recorder }} took back events to make room for newer ones",
      description: "{{ $value | humanize }} in five minutes. What was taken back is in no metric."
    }
  },
  {
    alert: "MetricEventsNearCapacity",
    expr: `${selfSample("events.pending")} / ${selfSample("events.capacity")} > 0.8`,
    for: "1m",
    labels: { severity: "warning" },
    annotations: {
      summary: "{{ $labels.recorder }} has used {{ $value | humanizePercentage }} of its capacity",
      description: "Events come faster than they are folded. Soon its overflow policy decides what becomes of them."
    }
  },
  {
    alert: "MetricSeriesOverflow",
    expr: `${selfSample("metrics.overflowing")} > 0`,
    for: "5m",
    labels: { severity: "warning" },
    annotations: {
      summary: "{{ $value }} metrics of {{ $labels.recorder }} have more series than they may",
      description: "What is beyond the cap is told as one series. The snapshot names the label with too many values."
    }
  },
  {
    alert: "MetricMeasurementsRejected",
    expr: grown(selfSample("measurements.rejected")),
    labels: { severity: "info" },
    annotations: {
      summary: "{{ $labels.metric }} of {{ $labels.recorder }} left out measurements that were none",
      description: "{{ $value | humanize }} in five minutes: not a finite number, or negative where it may not be."
    }
  },
  {
    alert: "MetricRecorderFailed",
    expr: `${selfSample("recorder.failed")} > 0`,
    labels: { severity: "critical" },
    annotations: {
      summary: "The recorder {{ $labels.recorder }} failed",
      description: "It takes no events any more. The log says why."
    }
  }
]

const recorded = (metric: Metric.Any): ReadonlyArray<RecordingRule> => {
  const parts = exposedOf(metric)
  const by = ["namespace", "recorder", ...labelsOf(metric)].join(", ")
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

/** The rules for these metrics, and for what the library counts of itself. */
export const rulesOf = (metrics: ReadonlyArray<Metric.Any>): Rules => {
  const records = metrics.flatMap(recorded)
  return {
    groups: [
      { name: "mvx-metrics", rules: alerts() },
      ...(records.length === 0 ? [] : [{ name: "mvx-metrics-lately", rules: records }])
    ]
  }
}

/** As a file for `rule_files`. A string in JSON is one in YAML. */
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
