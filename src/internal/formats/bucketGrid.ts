/**
 * The boundaries of an exponential histogram when it is shown as a classic one. They follow from its definition:
 * Prometheus adds up buckets by their boundaries, over replicas and over time, so they must not depend on the values
 * that one process happened to measure.
 */
import type * as Metric from "../metric/definition/metric.ts"
import { FinestSchema } from "../model/format.ts"
import { type BaseUnit, baseUnit } from "../naming/units.ts"
import { oncePer } from "../util/oncePer.ts"

/** Boundary `i` is 2^((first + i) * 2^-scale), in the unit of the metric, up to `last`. 0 comes before all of them. */
export interface BucketGrid {
  readonly scale: number
  readonly first: number
  readonly last: number
  /** No value of the declared range reduces the scale of a series below this; `undefined` if no range is declared. */
  readonly leastScale: number | undefined
}

/** The maximum number of boundaries above 0. */
const MostBoundaries = 40

/** Eight boundaries from a number to its double. */
const FinestScale = 3

/** The usual range of values in a base unit, as powers of two. */
const usual: { readonly [suffix: string]: readonly [least: number, greatest: number] } = {
  // From a microsecond to an hour.
  seconds: [-20, 12],
  // To 512 GiB.
  bytes: [0, 39],
  ratio: [-20, 1]
}

const ofAnything = [-10, 29] as const

/** The grid of an exponential histogram, always the same object. */
export const bucketGrid = oncePer(
  ({ instrument, unit }: Metric.Any): BucketGrid =>
    gridOf(instrument!.settings as unknown as Settings, baseUnit(unit, false))
)

interface Settings {
  readonly maxSize: number
  readonly maxScale: number
  readonly range?: readonly [least: number, greatest: number]
}

const gridOf = ({ maxScale, maxSize, range }: Settings, unit: BaseUnit): BucketGrid => {
  const [least, greatest] = range?.map(Math.log2) ?? usualIn(unit)
  // Values within the range never reduce the scale of a series below that of its grid, so their counts are exact.
  const scaleOf = (finest: number, most: number): number => {
    let scale = Math.min(finest, maxScale)
    while (scale > LeastScale && countOf(least!, greatest!, scale) > most) scale--
    return scale
  }
  const scale = scaleOf(FinestScale, Math.min(MostBoundaries, maxSize))
  return { ...at(least!, greatest!, scale), leastScale: range && scaleOf(FinestSchema, maxSize) }
}

const usualIn = ({ divide, multiply, suffix }: BaseUnit): readonly [number, number] => {
  const [least, greatest] = usual[suffix] ?? ofAnything
  const factor = Math.log2(multiply) - Math.log2(divide)
  return [least - factor, greatest - factor]
}

/** The scale at which two buckets hold all numbers. */
const LeastScale = -11

const countOf = (least: number, greatest: number, scale: number): number => {
  const { first, last } = at(least, greatest, scale)
  return last - first + 1
}

/** All boundaries are representable numbers within the range. */
const at = (least: number, greatest: number, scale: number): Omit<BucketGrid, "leastScale"> => ({
  scale,
  first: Math.max(Math.floor(least * 2 ** scale), Math.ceil(-1074 * 2 ** scale)),
  last: Math.min(Math.ceil(greatest * 2 ** scale), Math.floor(1023 * 2 ** scale))
})
