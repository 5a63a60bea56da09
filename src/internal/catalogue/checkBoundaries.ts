/**
 * Whether the buckets of a histogram can tell whether an objective is met: "99 % of requests within 300 ms".
 */
import type * as Metric from "../metric/definition/metric.ts"
import { defaultBoundaries } from "../metric/instruments/defaultBoundaries.ts"
import { areConventional } from "./conventions.ts"
import { type Finding, finding } from "./findings.ts"

/** A quantile lies anywhere within its bucket: it is known no better than to this factor. */
const MostRatio = 4

/** Fewer buckets tell hardly more than an average. */
const FewestBoundaries = 3

export const checkBoundaries = ({ instrument, name, unit }: Metric.Any): ReadonlyArray<Finding> => {
  if (instrument?.kind === "exponentialHistogram")
    return checkScale(name, instrument.settings as { maxScale: number; maxSize: number })
  if (instrument?.kind !== "histogram") return []
  const { boundaries } = instrument.settings as { readonly boundaries: ReadonlyArray<number> }
  if (areConventional(name, boundaries)) return []
  const advice = "Add boundaries, one of them at each objective, or use Metric.exponentialHistogram, which needs none"
  const other = otherUnit(boundaries, unit)
  if (other !== undefined) {
    return [
      finding(
        "boundaries-of-other-unit",
        name,
        `has boundaries from ${boundaries[0]} to ${boundaries.at(-1)} in the unit ${unit}, which are usual for ${other}`,
        `Give the boundaries in ${unit}, or leave them out: there are defaults for s, ms and By`
      )
    ]
  }
  if (boundaries.length < FewestBoundaries) {
    const text = `has only ${boundaries.length} ${boundaries.length === 1 ? "boundary" : "boundaries"}, so that quantiles say hardly anything`
    return [finding("boundaries-coarse", name, text, advice)]
  }
  const gap = widest(boundaries)
  if (gap === undefined || gap.ratio <= MostRatio) return []
  return [
    finding(
      "boundaries-coarse",
      name,
      `has no boundary between ${gap.from} and ${gap.to}: a quantile there is known no better than to a factor of ${Number(gap.ratio.toPrecision(2))}`,
      advice
    )
  ]
}

/** The bucket that is widest, by the quotient of its ends. */
const widest = (boundaries: ReadonlyArray<number>): { from: number; to: number; ratio: number } | undefined => {
  const gaps = boundaries.flatMap((to, i) => {
    const from = boundaries[i - 1] ?? 0
    return from > 0 ? [{ from, to, ratio: to / from }] : []
  })
  return gaps.toSorted((left, right) => right.ratio - left.ratio)[0]
}

/** Most of them are the usual ones of another unit, which were copied. */
const otherUnit = (boundaries: ReadonlyArray<number>, unit: string | undefined): string | undefined => {
  const other = ({ s: "ms", ms: "s" } as { readonly [unit: string]: string })[unit ?? ""]
  const usual = defaultBoundaries.get(other ?? "") ?? []
  const copied = boundaries.filter((boundary) => usual.includes(boundary)).length
  return copied >= 5 && copied > boundaries.length * MostCopied ? other : undefined
}

/** Of boundaries that were chosen, some are usual ones of another unit as well: 1, 5 and 10. */
const MostCopied = 0.6

const checkScale = (
  name: string,
  { maxScale, maxSize }: { maxScale: number; maxSize: number }
): ReadonlyArray<Finding> => {
  const base = 2 ** (2 ** -maxScale)
  if (base <= MostRatio && maxSize >= 20) return []
  const reason = base > MostRatio ? `maxScale ${maxScale}` : `maxSize ${maxSize}`
  return [
    finding(
      "boundaries-coarse",
      name,
      `has buckets that are too wide for quantiles, because of ${reason}`,
      "Leave the option out: the defaults know a quantile to a few percent"
    )
  ]
}
