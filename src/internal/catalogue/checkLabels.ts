/** Labels: the possible number of series, and the names. */
import { namesOf } from "../formats/fromMetric.ts"
import { HasMaxSeries, type Instrument } from "../metric/definition/instrument.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { combinations } from "../metric/instruments/zeroSeries.ts"
import { isConventional, snakeCase } from "./checkNames.ts"
import { isFewByConvention } from "./conventions.ts"
import { describedLabels, labelsOf } from "./describedMetric.ts"
import type { Found } from "./findings.ts"

/** Fields with one value per user, request or address. */
const Unbounded =
  /(?:^|[._-])(?:id|uuid|guid|email|token|session|trace|span|url|uri|path|ip|address|timestamp|time|user|query|message)$/

/** The default limit for the values of a frequency. */
const DefaultMaxValues = 1000

export function* checkLabels(metric: Metric.Any): Iterable<Found> {
  const { instrument, name } = metric
  if (instrument === undefined) return
  const names = namesOf(instrument)
  const described = describedLabels(metric)
  for (const [at, [label, field]] of labelsOf(instrument).entries()) {
    const { source, values } = described[at]!
    // The values that a frequency counts come last.
    const isOwn = at < instrument.labels.length
    if (typeof field === "string" && values === undefined && !hasLimit(instrument, isOwn)) {
      if (!isFew(name, label, snakeCase(field))) yield* open(instrument, label, snakeCase(field), source)
    }
    const shown = (isOwn && names.get(label)) || label
    if (shown !== label) {
      yield {
        code: "label-exported",
        message: `has the label ${label}, which is ${shown} for exporters, because they have a label of that name`,
        advice: "Choose another name for the label",
        part: label
      }
    }
    if (!isConventional(label)) {
      yield {
        code: "label-case",
        message: `has the label ${label}, which is not in lower case with dots and _`,
        advice: `Name the label apart from the field: labels: { ${snakeCase(label)}: ${JSON.stringify(field)} }`,
        part: label
      }
    }
  }
  const series = combinations(instrument, metric.events)
  if (typeof series === "string" || series.size <= instrument.maxSeries) return
  yield {
    code: "label-overflow",
    message: `has labels with more than ${instrument.maxSeries} combinations of values, so that some always go to the overflow series`,
    advice: "Raise maxSeries, or leave out a label"
  }
}

/** Whether the definition sets the limit. The values of a frequency have a limit of their own. */
const hasLimit = ({ [HasMaxSeries]: isGiven, settings }: Instrument, isOwn: boolean): boolean =>
  isOwn ? isGiven === true : settings.maxValues !== DefaultMaxValues

/** A label such as `http.route` is not trusted if it is read from a field such as `path`. */
const isFew = (metric: string, label: string, field: string): boolean =>
  isFewByConvention(metric, label) && (!Unbounded.test(field) || label.endsWith(`.${field}`))

function* open({ expireAfter }: Instrument, label: string, field: string, source: string): Iterable<Found> {
  if (Unbounded.test(snakeCase(label)) || Unbounded.test(field)) {
    yield {
      code: "label-unbounded",
      message: `has the label ${label} from ${source}, whose number of values grows without bound: each value is a stored series`,
      advice: "Leave the label out, or group its values: labels: { route: (event) => routeOf(event) }",
      part: label
    }
    // The process drops expired series, but the server keeps them.
  } else if (expireAfter === undefined) {
    yield {
      code: "label-open",
      message: `has the label ${label} from ${source}, and the schema does not list its values`,
      advice: "List them (Schema.Literals), or say how many series there may be (maxSeries)",
      part: label
    }
  }
}
