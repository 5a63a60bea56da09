/**
 * What the value axis of a chart spans.
 */
type Values = ReadonlyArray<number | null>

/**
 * `fit`: what the data spans, with zero where that is near; `zero`: always with zero; `own`: each line in percent of its
 * own greatest value, so that the course of small series can be compared with that of large ones.
 */
const scales = ["fit", "zero", "own"] as const

export type Scale = (typeof scales)[number]

/** In parts of what the data spans. */
const Margin = 0.08

export const rangeOf = (min: number | null, max: number | null, scale: Scale): [number, number] => {
  if (min === null || max === null) return [0, 1]
  if (min === max && min === 0) return [0, 1]
  const span = max === min ? Math.abs(max) * 0.1 : max - min
  // Zero is shown where it takes no more room than the data.
  const withZero = scale !== "fit" || (min >= 0 ? min <= span : max < 0 ? -max <= span : true)
  const [least, most] = withZero ? [Math.min(0, min), Math.max(0, max)] : [min, max]
  const margin = (withZero ? most - least : span) * Margin
  return [least === 0 ? 0 : least - margin, most === 0 ? 0 : most + margin]
}

/** In parts of the greatest value, by size, of `of`. */
export const ownScale = (values: Values, of: Values = values): Values => {
  const greatest = of.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0)
  return values.map((value) => (value === null ? null : greatest === 0 ? 0 : value / greatest))
}
