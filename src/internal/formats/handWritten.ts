/** The numbers of a metric that is not an instrument: all numbers in what it shows. */
import { MostOfLabel } from "../metric/definition/instrument.ts"
import { MostDepth } from "../model/event.ts"
import { cutText } from "../util/cutText.ts"
import { mapValues } from "../util/mapValues.ts"
import { Duplicate, Duplicates, textKey } from "./duplicates.ts"
import { labelNames, withLabels } from "./labelNames.ts"
import type { Attributes, NumberPoint } from "./metricData.ts"

/** The attribute for a number of a hand-written metric: its path in what the metric shows. */
const DimensionAttribute = "dimension"

/** A point for each number. */
export const numbersOf = (dimensions: unknown, attributes: Attributes): ReadonlyArray<NumberPoint> =>
  apart(numbersIn(dimensions, attributes, "", 0))

/** Entries of `series` have their labels as attributes. */
const numbersIn = (
  dimensions: unknown,
  attributes: Attributes,
  path: string,
  depth: number
): ReadonlyArray<NumberPoint> => {
  // A circular value has no end, and its paths would grow with every level.
  if (depth > MostDepth) throw new RangeError(`it is nested more than ${MostDepth} levels deep`)
  if (typeof dimensions === "number" || typeof dimensions === "boolean") {
    const value = Number(dimensions)
    const named =
      path === "" || path === "value" ? attributes : { ...attributes, [DimensionAttribute]: cutText(path, MostOfLabel) }
    return [{ attributes: named, value }]
  }
  if (typeof dimensions !== "object" || dimensions === null) return []
  return Object.entries(dimensions).flatMap(([key, value]) => {
    const below = path === "" ? key : `${path}.${key}`
    if (!isSeries(value)) return numbersIn(value, attributes, below, depth + 1)
    const names = labelNames(new Set(value.flatMap(({ labels }) => Object.keys(labels)).sort()), [DimensionAttribute])
    return value.flatMap(({ labels, ...point }) =>
      numbersIn(point, withLabels(attributes, cutLabels(labels), names), key === "series" ? path : below, depth + 1)
    )
  })
}

/**
 * A view may show texts of any length, which every export would repeat. Texts that become equal are distinguished by
 * numbers.
 */
const cutLabels = (labels: Attributes): Attributes =>
  mapValues(labels, (value) => (typeof value === "string" ? cutText(value, MostOfLabel) : value))

const isSeries = (value: unknown): value is ReadonlyArray<{ readonly labels: Attributes }> =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((each) => typeof each?.labels === "object" && each.labels !== null)

/** Numbers points that would be equal: a number and its text, a missing label, or two paths with the same text. */
const apart = (points: ReadonlyArray<NumberPoint>): ReadonlyArray<NumberPoint> => {
  const numbers = new Duplicates().numbers(
    points.map(({ attributes }) => textKey(attributes)),
    points
  )
  if (numbers.length === 0) return points
  return points.map((point, i) => {
    const duplicate = numbers[i]
    return duplicate === undefined ? point : { ...point, attributes: { ...point.attributes, [Duplicate]: duplicate } }
  })
}
