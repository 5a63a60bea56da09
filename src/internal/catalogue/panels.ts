/** The dashboard panels of each metric, with their queries in PromQL. */
import type * as Metric from "../metric/definition/metric.ts"
import { type Exposed, exposedOf, OverflowLabel, placeLabels, seriesLabelsOf } from "./exposedMetrics.ts"
import { distributionLabels, errorRatio, type Operations, operationsOf } from "./operations.ts"

export interface Target {
  readonly expr: string
  readonly legendFormat: string
}

export interface Panel {
  readonly title: string
  readonly description: string
  /** In Grafana's notation. */
  readonly unit: string
  readonly targets: ReadonlyArray<Target>
}

export const ofTarget = 'job=~"$job",instance=~"$instance"'
export const chosen = `${ofTarget},recorder=~"$recorder"`
export const lately = "[$__rate_interval]"

/** A label for the series of events beyond the cardinality limit only, so that its legend explains it. */
const BeyondLimit = "beyond_limit"

/** What distinguishes series: the place, and labels. */
export const legendOf = (labels: ReadonlyArray<string>, place: ReadonlyArray<string> = placeLabels): string =>
  [...place, ...labels].map((label) => `{{${label === OverflowLabel ? BeyondLimit : label}}}`).join(" ")

/** Includes what {@link legendOf} shows of the series beyond the limit. */
const named = (expr: string, labels: ReadonlyArray<string>): string =>
  labels.includes(OverflowLabel)
    ? `label_replace(${expr}, "${BeyondLimit}", "others, beyond the limit", "${OverflowLabel}", "true")`
    : expr

/** By the words at the end of a name, in Grafana's notation. */
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

/** The growth rate of something counted in a unit: seconds per second are a ratio. */
const unitPerSecond = ({ family }: Exposed): string =>
  ({ "": "cps", bytes: "binBps", seconds: "percentunit", joules: "watt" })[family.unit.suffix] ?? "short"

export const rateBy = (
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

/** A counter is shown as its rate, a gauge as its value. */
const targetOf = (part: Exposed, labels: ReadonlyArray<string>): Target =>
  part.family.type === "counter" ? rate(part.sample, labels) : plain(part, labels)

/** Of all selected instances together, because their buckets can be added up. */
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
