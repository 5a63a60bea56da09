/**
 * Labels: how many series there can be, and what they are called.
 */
import { namesOf } from "../formats/fromMetric.ts"
import { HasMaxSeries, type Instrument } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { combinations } from "../metric/instruments/zeroSeries.ts"
import { isFewByConvention } from "./conventions.ts"
import { describedLabels, labelsOf } from "./describedMetric.ts"
import { type Finding, finding } from "./findings.ts"

/** What each user, request or address has one of. */
const Unbounded =
  /(?:^|[._-])(?:id|uuid|guid|email|token|session|trace|span|url|uri|path|ip|address|timestamp|time|user|query|message)$/

/** Most values of a frequency, unless a definition says otherwise. */
const DefaultMaxValues = 1000

export const checkLabels = (metric: Metric.Any): ReadonlyArray<Finding> => {
  const { instrument, name } = metric
  if (instrument === undefined) return []
  const names = namesOf(instrument)
  const sources = new Map(labelsOf(instrument))
  const series = combinations(instrument, metric.events)
  return [
    ...describedLabels(metric).flatMap(({ name: label, source, values }): ReadonlyArray<Finding> => {
      const field = sources.get(label)
      const isOpen = typeof field === "string" && values === undefined
      const shown = names.get(label) ?? label
      return [
        ...(isOpen && !hasLimit(instrument, label) && !isConventional(name, label, snakeCase(field))
          ? open(metric, label, snakeCase(field), source)
          : []),
        ...(shown === label
          ? []
          : [
              finding(
                "label-exported",
                name,
                `has the label ${label}, which is ${shown} for exporters, because they have a label of that name`,
                "Choose another name for the label",
                label
              )
            ]),
        ...(/^[a-z][a-z0-9]*([._][a-z0-9]+)*$/.test(label)
          ? []
          : [
              finding(
                "label-case",
                name,
                `has the label ${label}, which is not in lower case with dots and _`,
                `Name the label apart from the field: labels: { ${snakeCase(label)}: ${JSON.stringify(field)} }`,
                label
              )
            ])
      ]
    }),
    ...(typeof series === "string" || series.size <= instrument.maxSeries
      ? []
      : [
          finding(
            "label-overflow",
            name,
            `has labels with more than ${instrument.maxSeries} combinations of values, so that some always go to the overflow series`,
            "Raise maxSeries, or leave out a label"
          )
        ])
  ]
}

/** Whether the definition says how many there may be. The values of a frequency have a limit of their own. */
const hasLimit = ({ [HasMaxSeries]: isGiven, labels, settings }: Instrument, label: string): boolean =>
  labels.some(([own]) => own === label) ? isGiven === true : settings.maxValues !== DefaultMaxValues

/** A label such as `http.route` is not believed if it is read from a field such as `path`. */
const isConventional = (metric: string, label: string, field: string): boolean =>
  isFewByConvention(metric, label) && (!Unbounded.test(field) || label.endsWith(`.${field}`))

const snakeCase = (text: unknown): string =>
  String(text)
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()

const open = (
  { instrument, name }: Metric.Any,
  label: string,
  field: string,
  source: string
): ReadonlyArray<Finding> => {
  if (Unbounded.test(snakeCase(label)) || Unbounded.test(field)) {
    return [
      finding(
        "label-unbounded",
        name,
        `has the label ${label} from ${source}, of which there are ever more: each value is a series that is stored`,
        "Leave the label out, or group its values: labels: { route: (event) => routeOf(event) }",
        label
      )
    ]
  }
  // What expires is not kept by the process, but by the server.
  if (instrument?.expireAfter !== undefined) return []
  return [
    finding(
      "label-open",
      name,
      `has the label ${label} from ${source}, and the schema does not list its values`,
      "List them (Schema.Literals), or say how many series there may be (maxSeries)",
      label
    )
  ]
}
