/** Whether the buckets of a histogram can show whether an objective is met: "99 % of requests within 300 ms". */
import type * as Metric from "../metric/definition/metric.ts"
import { defaultBoundaries } from "../metric/instruments/defaultBoundaries.ts"
import { areConventional } from "./conventions.ts"
import type { Found } from "./findings.ts"

/** A quantile can lie anywhere within its bucket, so this factor limits its precision. */
const MostRatio = 4

/** Fewer buckets show hardly more than an average. */
const FewestBoundaries = 3

export function* checkBoundaries({ instrument, name, unit }: Metric.Any): Iterable<Found> {
  if (instrument?.kind === "exponentialHistogram") {
    yield* checkScale(instrument.settings as { maxScale: number; maxSize: number })
  }
  if (instrument?.kind !== "histogram") return
  const { boundaries } = instrument.settings as { readonly boundaries: ReadonlyArray<number> }
  if (areConventional(name, boundaries)) return
  const other = otherUnit(boundaries, unit)
  if (other !== undefined) {
    yield {
      code: "boundaries-of-other-unit",
      message: `has boundaries from ${boundaries[0]} to ${boundaries.at(-1)} in the unit ${unit}, which are usual for ${other}`,
      advice: `Give the boundaries in ${unit}, or leave them out: there are defaults for s, ms and By`
    }
    return
  }
  const why = whyCoarse(boundaries)
  if (why === undefined) return
  yield {
    code: "boundaries-coarse",
    message: `has ${why}`,
    advice: "Add boundaries, one of them at each objective, or use Metric.exponentialHistogram, which needs none"
  }
}

const whyCoarse = (boundaries: ReadonlyArray<number>): string | undefined => {
  if (boundaries.length < FewestBoundaries) {
    return `only ${boundaries.length} ${boundaries.length === 1 ? "boundary" : "boundaries"}, which is too few for useful quantiles`
  }
  const gap = widest(boundaries)
  return gap === undefined || gap.ratio <= MostRatio
    ? undefined
    : `no boundary between ${gap.from} and ${gap.to}: a quantile there is accurate only to a factor of ${Number(gap.ratio.toPrecision(2))}`
}

/** The widest bucket, by the quotient of its bounds. */
const widest = (boundaries: ReadonlyArray<number>): { from: number; to: number; ratio: number } | undefined => {
  const gaps = boundaries.flatMap((to, i) => {
    const from = boundaries[i - 1] ?? 0
    return from > 0 ? [{ from, to, ratio: to / from }] : []
  })
  return gaps.toSorted((left, right) => right.ratio - left.ratio)[0]
}

/** The most frequent mistake is to copy the default boundaries of another unit. */
const otherUnit = (boundaries: ReadonlyArray<number>, unit: string | undefined): string | undefined => {
  const other = ({ s: "ms", ms: "s" } as { readonly [unit: string]: string })[unit ?? ""]
  const usual = defaultBoundaries.get(other ?? "") ?? []
  const copied = boundaries.filter((boundary) => usual.includes(boundary)).length
  return copied >= 5 && copied > boundaries.length * MostCopied ? other : undefined
}

/** Boundaries chosen on purpose include some defaults of another unit as well: 1, 5 and 10. */
const MostCopied = 0.6

function* checkScale({ maxScale, maxSize }: { maxScale: number; maxSize: number }): Iterable<Found> {
  const base = 2 ** (2 ** -maxScale)
  if (base <= MostRatio && maxSize >= 20) return
  const reason = base > MostRatio ? `maxScale ${maxScale}` : `maxSize ${maxSize}`
  yield {
    code: "boundaries-coarse",
    message: `has buckets that are too wide for quantiles, because of ${reason}`,
    advice: "Leave the option out: the defaults give a quantile to within a few percent"
  }
}
