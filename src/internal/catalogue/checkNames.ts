/**
 * Names by the rules of OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/general/naming/) and by the
 * conventions of Prometheus (https://prometheus.io/docs/practices/naming/).
 */
import { ExpositionNames } from "../formats/prometheus/nameRegistry.ts"
import type * as Metric from "../metric/definition/metric.ts"
import { namedUnit } from "../naming/unitCode.ts"
import { exposedOf } from "./exposedMetrics.ts"
import { type Finding, type Found, finding } from "./findings.ts"

/** The names that OpenTelemetry allows for instruments. */
const Allowed = /^[A-Za-z][A-Za-z0-9_./-]{0,254}$/

export const isConventional = (name: string): boolean => /^[a-z][a-z0-9]*([._][a-z0-9]+)*$/.test(name)

export const snakeCase = (text: string): string => text.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase()

export const lastWord = (name: string): string => /[^._/-]+$/.exec(name.toLowerCase())?.[0] ?? ""

/** The suffixes that Prometheus appends to the names of histograms and summaries. */
const Suffix = /_(bucket|count|created|sum)$/

/** The name of a gauge that is always 1 and carries information in its labels: `app_build_info`. */
const Info = /_info$/

export function* checkName(metric: Metric.Any): Iterable<Found> {
  const { name } = metric
  if (!Allowed.test(name)) {
    yield {
      code: "name-syntax",
      message: "is not a valid name in OpenTelemetry: SDKs refuse it or leave the metric out",
      advice: "Begin with a letter, and use letters, digits and _ . - / only, up to 255 of them"
    }
    return
  }
  if (!isConventional(name)) {
    yield {
      code: "name-case",
      message: "is not in lower case with dots between namespaces and _ between words",
      advice: `Call it ${snakeCase(name)
        .replaceAll(/[^a-z0-9.]+/g, "_")
        .replaceAll(/_*\._*/g, ".")}`
    }
  }
  if (!name.includes(".")) {
    yield {
      code: "name-namespace",
      message: "has no namespace, so that it may be taken for a metric of something else",
      advice: `Begin with what it belongs to: app.${name}`
    }
  }
  yield* checkEnd(metric)
  for (const { family } of exposedOf(metric)) {
    const isCounter = family.type === "counter"
    if (!isCounter && family.type !== "gauge") continue
    if (!Suffix.test(family.name) && !(isCounter && Info.test(family.name))) continue
    yield {
      code: "name-suffix",
      message: `is ${family.name} in Prometheus, which reads like a part of a histogram or a summary`,
      advice: "Choose another last word"
    }
  }
}

function* checkEnd({ instrument, name, unit }: Metric.Any): Iterable<Found> {
  const end = lastWord(name)
  const named = namedUnit(end)
  const advice = `Call it ${name.slice(0, -end.length - 1) || "another name"}`
  if (end === "total") {
    const message =
      instrument?.kind === "counter"
        ? 'ends in "total", which Prometheus appends to counters by itself'
        : 'ends in "total" but is not a counter, so readers will mistake it for one'
    yield { code: "name-total", message, advice }
  } else if (instrument !== undefined && end === instrument.kind.toLowerCase() && !["ratio", "rate"].includes(end)) {
    yield { code: "name-kind", message: "has its kind in its name, which tools know by its type", advice }
    // A missing unit is reported by the check of units.
  } else if (named === undefined || unit === undefined) {
    return
  } else if (unit === named) {
    yield {
      code: "name-unit",
      message: "has its unit in its name",
      advice: "Name what is measured, such as size or duration: Prometheus appends the unit to the name by itself"
    }
  } else {
    yield {
      code: "name-unit-mismatch",
      message: `says ${end}, and its unit is ${unit}`,
      advice: "Leave the unit out of the name, and give it the unit in which it is measured"
    }
  }
}

/** Metrics that cannot be registered together, because they would have the same name in Prometheus. */
export function* checkClashes(metrics: ReadonlyArray<Metric.Any>): Iterable<Finding> {
  const names = new ExpositionNames()
  for (const metric of metrics) {
    const collision = names.claim([metric])
    if (collision === undefined) continue
    const { as, metric: one, other } = collision
    const message = `cannot be registered: ${one} and ${other} are both ${as} in Prometheus`
    yield finding(metric.name, { code: "name-clash", message, advice: "Rename one of them" })
  }
}
