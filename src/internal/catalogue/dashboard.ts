/** A Grafana dashboard generated from definitions: a panel for each metric, and a row for the library's own metrics. */
import { createHash } from "node:crypto"
import type * as Metric from "../metric/definition/metric.ts"
import { selfSample } from "./exposedMetrics.ts"
import { chosen, lately, legendOf, ofTarget, type Panel, panelsOf, rateBy, type Target } from "./panels.ts"

/** The library's own metrics. */
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
          // A total of removed recorders has no capacity.
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

/** The choices for a label, depending on the choices for the labels before it. */
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
  // Also matches metrics exported without the library's own metrics, or without the label.
  allValue: ".*",
  current: { text: "All", value: "$__all" }
})

const variables = () => [
  { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
  variable("job", "Job", selfSample("recorders")),
  variable("instance", "Instance", `${selfSample("recorders")}{job=~"$job"}`),
  variable("recorder", "Recorder", `${selfSample("events.accepted")}{${ofTarget}}`)
]

/** As a JSON model that Grafana imports. The same definitions and title produce the same dashboard. */
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
