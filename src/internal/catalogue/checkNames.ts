/**
 * Names by the rules of OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/general/naming/) and by the
 * conventions of Prometheus (https://prometheus.io/docs/practices/naming/).
 */
import { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { namedUnit } from "../naming/unitCode.ts"
import { exposedOf } from "./exposedMetrics.ts"
import { type Finding, finding } from "./findings.ts"

/** As an instrument of OpenTelemetry may be called. */
const Allowed = /^[A-Za-z][A-Za-z0-9_./-]{0,254}$/

const Conventional = /^[a-z][a-z0-9]*([._][a-z0-9]+)*$/

/** What Prometheus puts behind names of histograms and of summaries. */
const Suffix = /_(bucket|count|created|sum)$/

/** What a gauge that is always 1 is called, whose labels say what there is: `app_build_info`. */
const Info = /_info$/

export const checkName = (metric: Metric.Any): ReadonlyArray<Finding> => {
  const { name } = metric
  if (!Allowed.test(name)) {
    return [
      finding(
        "name-syntax",
        name,
        "is no name that OpenTelemetry takes: SDKs refuse it or leave the metric out",
        "Begin with a letter, and use letters, digits and _ . - / only, up to 255 of them"
      )
    ]
  }
  return [
    ...(Conventional.test(name)
      ? []
      : [
          finding(
            "name-case",
            name,
            "is not in lower case with dots between namespaces and _ between words",
            `Call it ${conventional(name)}`
          )
        ]),
    ...(name.includes(".")
      ? []
      : [
          finding(
            "name-namespace",
            name,
            "has no namespace, so that it may be taken for a metric of something else",
            `Begin with what it belongs to: app.${name}`
          )
        ]),
    ...checkEnd(metric),
    ...exposedOf(metric).flatMap(({ family }) =>
      (family.type === "counter" || family.type === "gauge") &&
      (Suffix.test(family.name) || (family.type === "counter" && Info.test(family.name)))
        ? [
            finding(
              "name-suffix",
              name,
              `is ${family.name} in Prometheus, which reads like a part of a histogram or a summary`,
              "Choose another last word"
            )
          ]
        : []
    )
  ]
}

const conventional = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, "_")
    .replaceAll(/_*\._*/g, ".")

/** The last word. */
const checkEnd = ({ instrument, name, unit }: Metric.Any): ReadonlyArray<Finding> => {
  const end = /[^._/-]+$/.exec(name.toLowerCase())?.[0] ?? ""
  const without = name.slice(0, -end.length - 1) || "another name"
  if (end === "total") {
    return [
      finding(
        "name-total",
        name,
        instrument?.kind === "counter"
          ? 'ends in "total", which Prometheus puts behind counters by itself'
          : 'ends in "total" and is no counter, but will be taken for one',
        `Call it ${without}`
      )
    ]
  }
  if (instrument !== undefined && end === instrument.kind.toLowerCase() && !["ratio", "rate"].includes(end)) {
    return [finding("name-kind", name, "has its kind in its name, which tools know by its type", `Call it ${without}`)]
  }
  const named = namedUnit(end)
  if (named === undefined) return []
  // Of one without a unit, the check of units tells.
  if (unit === undefined) return []
  if (unit === named) {
    const advice = "Name what is measured, such as size or duration: Prometheus puts the unit behind the name by itself"
    return [finding("name-unit", name, "has its unit in its name", advice)]
  }
  return [
    finding(
      "name-unit-mismatch",
      name,
      `says ${end}, and its unit is ${unit}`,
      "Leave the unit out of the name, and give it the unit in which it is measured"
    )
  ]
}

/** Metrics that cannot be registered together, because Prometheus would have them under one name. */
export const checkClashes = (metrics: ReadonlyArray<Metric.Any>): ReadonlyArray<Finding> => {
  const names = new ExpositionNames()
  return metrics.flatMap((metric) => {
    const collision = names.claim([metric])
    if (collision === undefined) return []
    return [
      finding(
        "name-clash",
        metric.name,
        `cannot be registered: ${collision.metric} and ${collision.other} are both ${collision.as} in Prometheus`,
        "Rename one of them"
      )
    ]
  })
}
