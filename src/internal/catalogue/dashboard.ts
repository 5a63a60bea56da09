/**
 * A Grafana dashboard made from definitions: a panel for each metric, and a row for what the library counts of itself.
 */
import { createHash } from "node:crypto"
import type * as Metric from "../metric/definition/metric.ts"
import { type Exposed, exposedOf, OverflowLabel, placeLabels, selfSample, seriesLabelsOf } from "./exposedMetrics.ts"
import { distributionLabels, errorRatio, type Operations, operationsOf } from "./operations.ts"

interface Target {
  readonly expr: string
  readonly legendFormat: string
}

interface Panel {
  readonly title: string
  readonly description: string
  /** As Grafana has them. */
  readonly unit: string
  readonly targets: ReadonlyArray<Target>
}

const ofTarget = 'job=~"$job",instance=~"$instance"'
const chosen = `${ofTarget},recorder=~"$recorder"`
const lately = "[$__rate_interval]"

/** A label that only the series of events beyond the cardinality limit gets, so that its legend says what it is. */
const BeyondLimit = "beyond_limit"

/** What tells series apart: the place, and labels. */
const legendOf = (labels: ReadonlyArray<string>, place: ReadonlyArray<string> = placeLabels): string =>
  [...place, ...labels].map((label) => `{{${label === OverflowLabel ? BeyondLimit : label}}}`).join(" ")

/** With what {@link legendOf} shows of the series beyond the limit. */
const named = (expr: string, labels: ReadonlyArray<string>): string =>
  labels.includes(OverflowLabel)
    ? `label_replace(${expr}, "${BeyondLimit}", "others, beyond the limit", "${OverflowLabel}", "true")`
    : expr

/** By the words at the end of a name; as Grafana has them. */
const grafanaUnits: { readonly [suffix: string]: string } = {
  seconds: "s",
  bytes: "bytes",
  ratio: "percentunit",
  meters: "lengthm",
  grams: "massg",
  volts: "volt",
  amperes: "amp",
  joules: "joule",
  watts: "watt",
  hertz: "hertz",
  celsius: "celsius",
  kelvin: "kelvin",
  per_second: "cps",
  bytes_per_second: "binBps"
}

const grafanaUnit = ({ family }: Exposed): string => grafanaUnits[family.unit.suffix] ?? "short"

/** How fast something grows that is counted in a unit: seconds in a second are a part of it. */
const unitPerSecond = ({ family }: Exposed): string =>
  ({ "": "cps", bytes: "binBps", seconds: "percentunit", joules: "watt" })[family.unit.suffix] ?? "short"

const rateBy = (
  sample: string,
  by: ReadonlyArray<string>,
  place: ReadonlyArray<string> = placeLabels,
  selector = ""
): string =>
  `sum by (${[...place, ...by].join(", ")}) (rate(${sample}{${[chosen, selector].filter(Boolean).join(",")}}${lately}))`

const plain = (part: Exposed, labels: ReadonlyArray<string>, name?: string): Target => ({
  expr: named(`${part.sample}{${chosen}}`, labels),
  legendFormat: name === undefined ? legendOf(labels) : `${legendOf(labels)} ${name}`
})

const rate = (sample: string, labels: ReadonlyArray<string>): Target => ({
  expr: named(rateBy(sample, labels), labels),
  legendFormat: legendOf(labels)
})

/** A counter by how fast it grows, a gauge as it stands. */
const targetOf = (part: Exposed, labels: ReadonlyArray<string>): Target =>
  part.family.type === "counter" ? rate(part.sample, labels) : plain(part, labels)

/** Of all instances that are chosen together: their buckets add up. */
const acrossInstances = placeLabels.filter((label) => label !== "instance")

const quantilesOf = ({ sample }: Exposed, labels: ReadonlyArray<string>): ReadonlyArray<Target> =>
  [0.5, 0.9, 0.99].map((quantile) => ({
    expr: named(
      `histogram_quantile(${quantile}, ${rateBy(`${sample}_bucket`, [...labels, "le"], acrossInstances)})`,
      labels
    ),
    legendFormat: `${legendOf(labels, acrossInstances)} p${quantile * 100}`
  }))

const quotient = (above: string, below: string, labels: ReadonlyArray<string>): Target => ({
  expr: named(`${rateBy(above, labels)} / ${rateBy(below, labels)}`, labels),
  legendFormat: legendOf(labels)
})

const errorsOf = (operations: Operations, description: string): Panel => {
  const { labels, name } = operations
  const ratio = errorRatio(operations, (sample, selector) => rateBy(sample, labels, placeLabels, selector))
  return {
    title: `${name}, failed`,
    description,
    unit: "percentunit",
    targets: [{ expr: named(ratio, labels), legendFormat: legendOf(labels) }]
  }
}

/** The panels of a metric. */
export const panelsOf = (metric: Metric.Any): ReadonlyArray<Panel> => {
  const { description = "", instrument, name } = metric
  const parts = exposedOf(metric)
  const labels = seriesLabelsOf(metric)
  const panel = (title: string, unit: string, targets: ReadonlyArray<Target>): Panel => ({
    title,
    description,
    unit,
    targets
  })
  const ofPart = (part: Exposed): Target => plain(part, labels, part.data.name.slice(name.length + 1))
  const [first] = parts
  if (first === undefined) return []
  const unit = grafanaUnit(first)
  switch (instrument?.kind) {
    case "histogram":
    case "exponentialHistogram": {
      const by = distributionLabels(metric)
      const operations = operationsOf(metric)
      return [
        panel(name, unit, quantilesOf(first, by)),
        panel(`${name}, per second`, "cps", [rate(`${first.sample}_count`, by)]),
        ...(operations === undefined ? [] : [errorsOf(operations, description)])
      ]
    }
    case "summary":
      return [panel(name, unit, [plain(first, [...labels, "quantile"])])]
    case "average":
      return [panel(name, unit, [quotient(`${first.sample}_sum`, `${first.sample}_count`, labels)])]
    case "ratio": {
      const [, hits, total] = parts
      return [panel(name, "percentunit", [quotient(hits!.sample, total!.sample, labels)])]
    }
    case "minMax":
      return [panel(name, unit, parts.map(ofPart))]
    case "window": {
      const [values, ...measured] = parts
      return [
        panel(name, grafanaUnit(measured[0]!), measured.map(ofPart)),
        panel(`${name}, values`, "short", [plain(values!, labels)])
      ]
    }
    default:
      return [panel(name, first.family.type === "counter" ? unitPerSecond(first) : unit, [targetOf(first, labels)])]
  }
}

/** What the library counts of itself. */
const selfPanels = (): ReadonlyArray<Panel> => {
  const fate = (name: string): Target => ({
    expr: rateBy(selfSample(`events.${name}`), []),
    legendFormat: `${legendOf([])} ${name}`
  })
  const now = (name: string, what: string): Target => ({
    expr: `${selfSample(name)}{${chosen}}`,
    legendFormat: `${legendOf([])} ${what}`
  })
  const ofRuntime = legendOf([], ["job", "instance", "namespace"])
  return [
    {
      title: "Events, per second",
      description: "The fate of events: accepted = applied + ignored + evicted + pending.",
      unit: "cps",
      targets: ["accepted", "applied", "ignored", "evicted"].map(fate)
    },
    {
      title: "Refused events, per second",
      description: "Events that are in no metric, by reason.",
      unit: "cps",
      targets: [{ expr: rateBy(selfSample("events.refused"), ["reason"]), legendFormat: legendOf(["reason"]) }]
    },
    {
      title: "Pending events, of the capacity",
      description: "Accepted and not yet folded.",
      unit: "percentunit",
      targets: [
        {
          // A total of removed recorders has none.
          expr: `${selfSample("events.pending")}{${chosen}} / (${selfSample("events.capacity")}{${chosen}} > 0)`,
          legendFormat: legendOf([])
        }
      ]
    },
    {
      title: "Metrics in trouble",
      description: "Quarantined because their reducer or view threw, or over their cardinality limit.",
      unit: "short",
      targets: [now("metrics.quarantined", "quarantined"), now("metrics.overflowing", "overflowing")]
    },
    {
      title: "Durable state: what a kill would lose",
      description: "Events accepted after the state was last written. Of runtimes with durable state.",
      unit: "short",
      targets: [{ expr: `${selfSample("state.unsaved")}{${ofTarget}}`, legendFormat: ofRuntime }]
    },
    {
      title: "Durable state: age of the last write",
      description: "It is written at intervals if anything has changed, and by a flush.",
      unit: "s",
      targets: [{ expr: `time() - ${selfSample("state.saved")}{${ofTarget}}`, legendFormat: ofRuntime }]
    },
    {
      title: "Exports, per second",
      description: "By outcome. What a failed export had comes with the next one.",
      unit: "cps",
      targets: [
        {
          expr: `sum by (job, instance, namespace, exporter, outcome) (rate(${selfSample("exports")}{${ofTarget}}${lately}))`,
          legendFormat: legendOf(["exporter", "outcome"], ["job", "instance", "namespace"])
        }
      ]
    }
  ]
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts in what was chosen.
const datasource = { type: "prometheus", uid: "${datasource}" }

const Height = 8
const Width = 12

/** What can be chosen of a label, by what was chosen of those before it. */
const variable = (name: string, label: string, of: string) => ({
  name,
  label,
  type: "query",
  datasource,
  query: { query: `label_values(${of}, ${name})`, refId: name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  // Also what is exported without the library's own metrics, or without the label.
  allValue: ".*",
  current: { text: "All", value: "$__all" }
})

const variables = () => [
  { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
  variable("job", "Job", selfSample("recorders")),
  variable("instance", "Instance", `${selfSample("recorders")}{job=~"$job"}`),
  variable("recorder", "Recorder", `${selfSample("events.accepted")}{${ofTarget}}`)
]

/** As a JSON model that Grafana imports. The same definitions and title make the same dashboard. */
export const dashboardOf = (metrics: ReadonlyArray<Metric.Any>, title: string): object => {
  const sections: ReadonlyArray<readonly [title: string, panels: ReadonlyArray<Panel>]> = [
    ["Metrics", metrics.flatMap(panelsOf)],
    ["Events and metrics themselves", selfPanels()]
  ]
  let id = 0
  let y = 0
  const placed = sections.flatMap(([section, panels]) => {
    const row = {
      id: ++id,
      type: "row",
      title: section,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y: y++ },
      panels: []
    }
    const top = y
    y += Math.ceil(panels.length / 2) * Height
    return [
      row,
      ...panels.map((panel, index) => ({
        id: ++id,
        type: "timeseries",
        title: panel.title,
        description: panel.description,
        datasource,
        gridPos: { h: Height, w: Width, x: (index % 2) * Width, y: top + Math.floor(index / 2) * Height },
        fieldConfig: {
          defaults: { unit: panel.unit, custom: { axisSoftMin: 0, fillOpacity: 8, showPoints: "never" } },
          overrides: []
        },
        options: {
          legend: { displayMode: "table", placement: "bottom", calcs: ["lastNotNull", "max"] },
          tooltip: { mode: "multi", sort: "desc" }
        },
        targets: panel.targets.map((target, number) => ({
          ...target,
          refId: String.fromCharCode(65 + number),
          datasource,
          range: true
        }))
      }))
    ]
  })
  return {
    uid: createHash("sha256").update(title).digest("hex").slice(0, 16),
    title,
    tags: ["mvx-metrics"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "10s",
    time: { from: "now-30m", to: "now" },
    timezone: "browser",
    templating: { list: variables() },
    annotations: { list: [] },
    panels: placed
  }
}
