/**
 * A Grafana dashboard made from definitions: a panel for each metric, and a row for what the library counts of itself.
 */
import { createHash } from "node:crypto"
import type * as Metric from "../metric/definition/metric.ts"
import { type Exposed, exposedOf, labelsOf, selfSample } from "./exposedMetrics.ts"

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

const chosen = 'recorder=~"$recorder"'
const lately = "[$__rate_interval]"

/** What tells series apart: a runtime or a recorder of several, and labels. */
const legendOf = (labels: ReadonlyArray<string>): string =>
  ["namespace", "recorder", ...labels].map((label) => `{{${label}}}`).join(" ")

const grafanaUnit = ({ family }: Exposed): string => {
  const { suffix } = family.unit
  return { seconds: "s", bytes: "bytes", ratio: "percentunit", celsius: "celsius", hertz: "hertz" }[suffix] ?? "short"
}

const unitPerSecond = ({ family }: Exposed): string => {
  const { suffix } = family.unit
  return { bytes: "Bps", seconds: "s", "": "cps" }[suffix] ?? "short"
}

const rateBy = (sample: string, by: ReadonlyArray<string>): string =>
  `sum by (${["namespace", "recorder", ...by].join(", ")}) (rate(${sample}{${chosen}}${lately}))`

const plain = (part: Exposed, labels: ReadonlyArray<string>, name?: string): Target => ({
  expr: `${part.sample}{${chosen}}`,
  legendFormat: name === undefined ? legendOf(labels) : `${legendOf(labels)} ${name}`
})

/** A counter by how fast it grows, a gauge as it stands. */
const targetOf = (part: Exposed, labels: ReadonlyArray<string>): Target =>
  part.family.type === "counter"
    ? { expr: rateBy(part.sample, labels), legendFormat: legendOf(labels) }
    : plain(part, labels)

const quantilesOf = ({ sample }: Exposed): ReadonlyArray<Target> =>
  [0.5, 0.9, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, ${rateBy(`${sample}_bucket`, ["le"])})`,
    legendFormat: `{{recorder}} p${quantile * 100}`
  }))

const quotient = (above: string, below: string, labels: ReadonlyArray<string>): Target => ({
  expr: `${rateBy(above, labels)} / ${rateBy(below, labels)}`,
  legendFormat: legendOf(labels)
})

const panelsOf = (metric: Metric.Any): ReadonlyArray<Panel> => {
  const { description = "", instrument, name } = metric
  const parts = exposedOf(metric)
  const labels = labelsOf(metric)
  const panel = (title: string, unit: string, targets: ReadonlyArray<Target>): Panel => ({
    title,
    description,
    unit,
    targets
  })
  const [first] = parts
  if (first === undefined) return []
  const unit = grafanaUnit(first)
  switch (instrument?.kind) {
    case "histogram":
    case "exponentialHistogram":
      return [
        panel(name, unit, quantilesOf(first)),
        panel(`${name}, per second`, "cps", [
          { expr: rateBy(`${first.sample}_count`, labels), legendFormat: legendOf(labels) }
        ])
      ]
    case "summary":
      return [panel(name, unit, [plain(first, [...labels, "quantile"])])]
    case "average":
      return [panel(name, unit, [quotient(`${first.sample}_sum`, `${first.sample}_count`, labels)])]
    case "ratio": {
      const [, hits, total] = parts
      return [panel(name, "percentunit", [quotient(hits!.sample, total!.sample, labels)])]
    }
    case "minMax":
    case "window":
      return [
        panel(
          name,
          unit,
          parts.map((part) => plain(part, labels, part.data.name.slice(name.length + 1)))
        )
      ]
    default:
      return [panel(name, first.family.type === "counter" ? unitPerSecond(first) : unit, [targetOf(first, labels)])]
  }
}

/** What the library counts of itself. */
const selfPanels = (): ReadonlyArray<Panel> => {
  const fate = (name: string): Target => ({
    expr: `sum by (namespace, recorder) (rate(${selfSample(`events.${name}`)}{${chosen}}${lately}))`,
    legendFormat: `{{recorder}} ${name}`
  })
  const now = (name: string, legendFormat: string): Target => ({
    expr: `${selfSample(name)}{${chosen}}`,
    legendFormat
  })
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
          expr: `${selfSample("events.pending")}{${chosen}} / ${selfSample("events.capacity")}{${chosen}}`,
          legendFormat: "{{recorder}}"
        }
      ]
    },
    {
      title: "Metrics in trouble",
      description: "Quarantined because their reducer or view threw, or over their cardinality limit.",
      unit: "short",
      targets: [
        now("metrics.quarantined", "{{recorder}} quarantined"),
        now("metrics.overflowing", "{{recorder}} overflowing")
      ]
    },
    {
      title: "Durable state: what a kill would lose",
      description: "Events accepted after the state was last written. Of runtimes with durable state.",
      unit: "short",
      targets: [{ expr: selfSample("state.unsaved"), legendFormat: "{{namespace}}" }]
    },
    {
      title: "Durable state: age of the last write",
      description: "It is written at intervals if anything has changed, and by a flush.",
      unit: "s",
      targets: [{ expr: `time() - ${selfSample("state.saved")}`, legendFormat: "{{namespace}}" }]
    },
    {
      title: "Exports, per second",
      description: "By outcome. What a failed export had comes with the next one.",
      unit: "cps",
      targets: [
        {
          expr: `sum by (namespace, exporter, outcome) (rate(${selfSample("exports")}${lately}))`,
          legendFormat: "{{namespace}} {{exporter}} {{outcome}}"
        }
      ]
    }
  ]
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts in what was chosen.
const datasource = { type: "prometheus", uid: "${datasource}" }

const Height = 8
const Width = 12

const variables = () => [
  { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
  {
    name: "recorder",
    label: "Recorder",
    type: "query",
    datasource,
    query: { query: `label_values(${selfSample("events.accepted")}, recorder)`, refId: "recorder" },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    // Also what is exported without the accounting.
    allValue: ".*",
    current: { text: "All", value: "$__all" }
  }
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
