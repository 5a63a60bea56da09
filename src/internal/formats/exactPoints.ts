/** Sums of points before rounding, so that a result computed from several points is rounded once. */
import { type ExactSum, rounded } from "../metric/instruments/exactSum.ts"

interface Exact {
  readonly exact?: ExactSum | undefined
}

export const exactIn = ({ exact, value }: Exact & { readonly value: number }): ExactSum => exact ?? value

/** A point with its exact sum instead of the rounded one. */
export const withExact = <P extends Exact & { readonly sum: number }>(
  point: P
): Omit<P, "sum"> & { readonly sum: ExactSum } => ({ ...point, sum: point.exact ?? point.sum })

const exactOf = (sum: ExactSum): Exact => ({ exact: typeof sum === "number" ? undefined : sum })

export const roundedValue = (sum: ExactSum): Exact & { readonly value: number } => ({
  value: rounded(sum),
  ...exactOf(sum)
})

export const roundedSum = (sum: ExactSum): Exact & { readonly sum: number } => ({ sum: rounded(sum), ...exactOf(sum) })
