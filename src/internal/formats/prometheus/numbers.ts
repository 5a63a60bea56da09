/** Numbers in the syntax of both formats. */

export const numberText = (value: number): string => {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"
}

/**
 * A number in a label, `le` or `quantile`, which is compared as text. OpenMetrics requires Go's syntax, and never
 * integers.
 */
export const canonicalNumber = (value: number): string => {
  if (!Number.isFinite(value)) return numberText(value)
  const [digits = "", exponent = ""] = value.toExponential().split("e")
  const power = Number(exponent)
  if (power < -4 || power >= 6) return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`
  const plain = String(value)
  return plain.includes(".") ? plain : `${plain}.0`
}
